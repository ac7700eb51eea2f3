import { defineCommand } from '../cli/command';
import { formatReport } from '../cli/doctor-report';
import { value } from '../cli/flags';
import { writeOut } from '../cli/output';
import { noArguments } from '../cli/values';
import { errorMessage, invalidArgument } from '../common/errors';
import { needsNamespaces } from '../common/rootless';
import { initPath, Skiff } from '../engine';
import { diagnose, gatherFacts } from '../engine/doctor';
import { withTrial } from '../engine/trial';

export default defineCommand({
  name: 'doctor',
  summary: 'Tell what this machine can do, and what is missing',
  usage: 'doctor [--format table|json]',
  description:
    'Where nothing is found missing, a container is run to see. The exit code is 1 where `skiff run` can not work here.',
  examples: [
    { description: 'A table:', command: 'skiff doctor' },
    { description: 'For programs:', command: 'skiff doctor --format json' },
  ],
  flags: {
    format: value(parseFormat, { helpValue: '<table|json>', summary: 'How to print; a table by default' }),
  },
  outside: true,
  async run({ flags, words }) {
    noArguments(words, 'doctor');
    const seen = diagnose(await gatherFacts(initPath(), await entryProblem()));
    const report = await withTrial(seen, () => Skiff.open({ root: flags.root }));
    writeOut(flags.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
    return report.ok ? 0 : 1;
  },
});

/** Whoever is not root is told about the namespaces, from inside of them; undefined for root. */
async function entryProblem(): Promise<string | undefined> {
  if (!needsNamespaces()) return undefined;
  try {
    const { enterAgain } = await import('../engine/rootless/enter');
    return await enterAgain();
  } catch (error) {
    return errorMessage(error);
  }
}

function parseFormat(given: string): 'table' | 'json' {
  if (given === 'table' || given === 'json') return given;
  throw invalidArgument('must be table or json');
}
