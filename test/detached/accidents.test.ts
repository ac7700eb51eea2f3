/**
 * Each command that looks at a record, after the machine was restarted and its pids live again as others, and after the
 * clock was set back.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { ContainerRecord } from '../../lib/state';
import { run } from '../helpers/run';
import { tempRoot } from '../helpers/temp';
import { until } from '../helpers/wait';
import { skiff } from '../image/support';
import { isRunning } from '../life/support';
import { recordOf } from './support';

const OTHER_BOOT = '00000000-0000-4000-8000-000000000000';
const DAY_MS = 86_400_000;
const root = tempRoot();

const NOT_RUNNING = /^skiff: .*(is not running|not running)/i;

/** A command, its exit code, what it writes to stdout, and to stderr. */
type Row = [args: string[], code: number, stdout: RegExp, stderr: RegExp];

/** @param unseen the exit code of what ended while nobody looked: 255 with the machine, 137 without its monitor */
const rowsWith = (unseen: number): Row[] => [
  [
    ['ps', '-a', '--format', '{{.Names}} {{.Status}}'],
    0,
    new RegExp(`^subject Exited \\(${unseen}\\)`),
    /^$/,
  ],
  [['ps', '-q'], 0, /^$/, /^$/],
  [
    ['inspect', '-f', '{{.State.Status}} {{.State.Running}} {{.State.Pid}}', 'subject'],
    0,
    /^exited false 0$/,
    /^$/,
  ],
  [['logs', 'subject'], 0, /^said$/, /^$/],
  [['wait', 'subject'], 0, new RegExp(`^${unseen}$`), /^$/],
  [['stop', 'subject'], 0, /^subject$/, /^$/],
  [['exec', 'subject', 'true'], 1, /^$/, NOT_RUNNING],
  [['kill', 'subject'], 1, /^$/, NOT_RUNNING],
  [['pause', 'subject'], 1, /^$/, NOT_RUNNING],
  [['top', 'subject'], 1, /^$/, NOT_RUNNING],
  [['cp', 'subject:/etc/passwd', '-'], 0, /root:/, /^$/],
  [['commit', 'subject', 'made'], 0, /^sha256:/, /^$/],
  [['rm', 'subject'], 0, /^subject$/, /^$/],
  [['rm', '-f', 'subject'], 0, /^subject$/, /^$/],
  [['start', 'subject'], 0, /^subject$/, /^$/],
];

/** A container that ran when its record was written, and of which nothing is left. */
async function subject(change: (record: ContainerRecord) => ContainerRecord): Promise<void> {
  const id = await skiff(root, 'run', '-d', '--name', 'subject', 'sh', '-c', 'echo said; exec sleep 1000');
  await until('it said so', async () => (await skiff(root, 'logs', 'subject')) === 'said' || undefined);
  const record = recordOf(id, root);
  await skiff(root, 'kill', id);
  await until('its end', () => !isRunning(record.state!.monitor!.pid) || undefined);
  fs.writeFileSync(path.join(root, 'containers', id, 'state.json'), JSON.stringify(change(record)));
}

/** The pids of its processes are those of this process and its parent now. */
function ofEarlierBoot(record: ContainerRecord): ContainerRecord {
  const { owner, state } = record;
  return {
    ...record,
    owner: { ...owner, bootId: OTHER_BOOT },
    state: {
      ...state!,
      monitor: { ...state!.monitor!, pid: process.pid, bootId: OTHER_BOOT },
      init: { ...state!.init!, pid: process.ppid, bootId: OTHER_BOOT },
    },
  };
}

/** The same in this boot: pids alone say nothing. */
function ofReusedPids(record: ContainerRecord): ContainerRecord {
  const { state } = record;
  return {
    ...record,
    state: {
      ...state!,
      monitor: { ...state!.monitor!, pid: process.pid },
      init: { ...state!.init!, pid: process.ppid },
    },
  };
}

function ofTheFuture(record: ContainerRecord): ContainerRecord {
  const later = Date.now() + DAY_MS;
  return { ...record, created: later, state: { ...record.state!, startedAt: later } };
}

afterEach(async () => {
  await run(['rm', '-f', 'subject'], { root });
  await run(['rmi', '-f', 'made'], { root });
  expect(isRunning(process.pid) && isRunning(process.ppid)).toBe(true);
});

const named = (unseen: number) =>
  rowsWith(unseen).map(([args, ...rest]) => [args.join(' '), args, ...rest] as const);

async function expectRow(args: string[], code: number, stdout: RegExp, stderr: RegExp): Promise<void> {
  const ran = await run(args, { root });
  expect({ code: ran.code, stdout: ran.stdout.toString('latin1').trimEnd(), stderr: ran.stderr }).toEqual({
    code,
    stdout: expect.stringMatching(stdout),
    stderr: expect.stringMatching(stderr),
  });
}

test.each(named(255))('after a restart of the machine: %s', async (_, args, code, stdout, stderr) => {
  await subject(ofEarlierBoot);
  await expectRow(args, code, stdout, stderr);
});

test('started after a restart of the machine, it is known to run', async () => {
  await subject(ofEarlierBoot);
  await expectRow(['start', 'subject'], 0, /^subject$/, /^$/);
  await expectRow(['ps', '--format', '{{.Names}} {{.Status}}'], 0, /^subject Up /, /^$/);
  await expectRow(['exec', 'subject', 'echo', 'alive'], 0, /^alive$/, /^$/);
});

test.each(named(137))(
  'with pids of this boot that others have: %s',
  async (_, args, code, stdout, stderr) => {
    await subject(ofReusedPids);
    await expectRow(args, code, stdout, stderr);
  },
);

test.each(named(255))('with the clock set back as well: %s', async (_, args, code, stdout, stderr) => {
  await subject(record => ofTheFuture(ofEarlierBoot(record)));
  await expectRow(args, code, stdout, stderr);
});

test('with the clock set back while it runs: it is as alive as before', async () => {
  const id = await skiff(root, 'run', '-d', '--name', 'subject', 'sh', '-c', 'echo said; exec sleep 1000');
  const record = ofTheFuture(recordOf(id, root));
  fs.writeFileSync(path.join(root, 'containers', id, 'state.json'), JSON.stringify(record));
  await expectRow(['ps', '--format', '{{.Names}} {{.Status}}'], 0, /^subject Up /, /^$/);
  await expectRow(['exec', 'subject', 'echo', 'alive'], 0, /^alive$/, /^$/);
  await expectRow(['cp', 'subject:/etc/passwd', '-'], 0, /root:/, /^$/);
  await expectRow(['commit', 'subject', 'made'], 0, /^sha256:/, /^$/);
  await expectRow(['rm', 'subject'], 1, /^$/, /running/);
  await expectRow(['stop', '-t', '0', 'subject'], 0, /^subject$/, /^$/);
  await expectRow(['wait', 'subject'], 0, /^137$/, /^$/);
  await expectRow(['logs', 'subject'], 0, /^said$/, /^$/);
  await expectRow(['start', 'subject'], 0, /^subject$/, /^$/);
  expect(recordOf(id, root).state!.startedAt).toBeLessThan(Date.now() + 1000);
});
