import { defineCommand } from '../cli/command';
import { writeOut } from '../cli/output';
import { psColumns } from '../cli/ps-columns';
import { formatTable } from '../cli/table';
import { atLeastOne } from '../cli/values';
import { Catalog, describeProcesses } from '../engine/looking';

export default defineCommand({
  name: 'top',
  summary: "List a container's processes",
  usage: 'top CONTAINER [OPTIONS OF PS]',
  description:
    'Pids and users are those of the host. Of the options of ps there are -ef, aux, and -o with columns.',
  examples: [
    { description: 'As ps -ef shows them:', command: 'skiff top bird' },
    { description: 'Some columns:', command: 'skiff top bird -eo pid,rss,args' },
  ],
  flags: {},
  interspersed: false,
  async run({ flags, words: [name = '', ...options] }) {
    atLeastOne(name === '' ? [] : [name], 'top');
    const columns = psColumns(options);
    const processes = describeProcesses(await new Catalog(flags).inspect(name));
    const rows = processes.map(process => columns.map(({ cell }) => cell(process)));
    writeOut(
      formatTable(
        columns.map(({ head }) => head),
        rows,
      ),
    );
    return 0;
  },
});
