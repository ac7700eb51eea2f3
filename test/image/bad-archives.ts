/**
 * Archives that are damaged, or made to do harm: what `import`, `load` and `cp -` have to cope with alike. Those that
 * are refused have the reason, of which each command's message tells.
 */
import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { makeTar, type TestEntry } from '../workspace/support';
import { directory, file } from './support';

/** An archive of a row: as it comes, and the tar in it where it has a whole one. */
export interface Archive {
  bytes: Buffer;
  tar?: Buffer;
}

/** What the case is, the archive, the reason. `victim` is a directory of the host's that nothing may touch. */
export type Refused = [what: string, make: (victim: string) => Promise<Archive>, reason: RegExp];

const link = (name: string, linkname: string): TestEntry => ({ header: { name, type: 'symlink', linkname } });
const hardLink = (name: string, linkname: string): TestEntry => ({
  header: { name, type: 'link', linkname },
});

/** A tar of these entries behind a good one. */
async function tarOf(...entries: TestEntry[]): Promise<Archive> {
  const tar = await makeTar([file('first'), ...entries]);
  return { bytes: tar, tar };
}

/** A sound tar that no compression makes much smaller: what is changed in its middle is content. */
async function soundTar(): Promise<Buffer> {
  let state = 1;
  const content = Buffer.alloc(200_000);
  // xorshift32: the same bytes in every run.
  for (let at = 0; at < content.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    content[at] = state & 255;
  }
  return makeTar([{ ...file('noise'), content }]);
}

const PACKERS: Record<string, (tar: Buffer) => Buffer> = {
  gzip: tar => gzipSync(tar),
  xz: tar => execFileSync('xz', ['-c'], { input: tar, maxBuffer: 1 << 24 }),
  zstd: tar => execFileSync('zstd', ['-cq', '--check'], { input: tar, maxBuffer: 1 << 24 }),
  bzip2: tar => execFileSync('bzip2', ['-c'], { input: tar, maxBuffer: 1 << 24 }),
};

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy.fill(0xa5, middle, middle + 64);
  return copy;
}

const ofPacked = (what: string, change: (bytes: Buffer) => Buffer, reason: RegExp): Refused[] =>
  Object.entries(PACKERS).map(([name, pack]) => [
    `${what} ${name}`,
    async () => ({ bytes: change(pack(await soundTar())) }),
    reason,
  ]);
const truncated = (bytes: Buffer) => bytes.subarray(0, bytes.length - 5000);

const cutAt = async (bytes: number): Promise<Archive> => ({ bytes: (await soundTar()).subarray(0, bytes) });
const starting = (hex: string): Promise<Archive> =>
  Promise.resolve({ bytes: Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(5000, 'noise')]) });

const NO_TAR = /broken tar: a header's checksum is wrong: it is damaged, or no tar/;

/** As much as a system call takes of a path, PATH_MAX of path_resolution(7), with short names in it. */
const LONG = `${'d'.repeat(127)}/`.repeat(31) + 'd'.repeat(127);
const UP = '../'.repeat(40);

export const refused: readonly Refused[] = [
  ['nothing', () => Promise.resolve({ bytes: Buffer.alloc(0) }), /the file is empty/],
  ['no archive', () => Promise.resolve({ bytes: Buffer.alloc(4096, 'text') }), NO_TAR],
  ['cut within a header', () => cutAt(300), /no end mark: it is truncated/],
  ['cut behind a header', () => cutAt(512), /Unexpected end of data/],
  ['cut within a file', () => cutAt(100_000), /tar entry 'noise': Unexpected end of data/],
  ['an unknown compression, lz4', () => starting('04224d18'), NO_TAR],
  ['an unknown compression, compress', () => starting('1f9d90'), NO_TAR],
  ...ofPacked('damaged', damaged, /gzip: incorrect data check|(xz|zstd|bzip2) ended with [12]: /),
  ...ofPacked('truncated', truncated, /gzip: unexpected end of file|(xz|zstd|bzip2) ended with [12]/),
  ['../', () => tarOf(file(`${UP}evil`)), /evil' leads out/],
  ['../ to a directory of the host', victim => tarOf(file(`${UP}${victim}/evil`)), /evil' leads out/],
  ['../ further in', () => tarOf(file('a/b/../../../evil')), /evil' leads out/],
  ['an absolute name', victim => tarOf(file(`${victim}/evil`)), /has an absolute name/],
  ['a NUL in a name', () => tarOf({ header: { name: 'x', pax: { path: 'evil\0x' } }, content: '' }), /NUL/],
  ['a file through a link', victim => tarOf(link('out', victim), file('out/evil')), /out\/evil/],
  [
    'a file through two links',
    victim => tarOf(link('out', victim), link('twice', 'out'), file('twice/evil')),
    /twice\/evil/,
  ],
  [
    'a file through a link that climbs',
    victim => tarOf(link('out', `${UP}${victim.slice(1)}`), file('out/evil')),
    /out\/evil/,
  ],
  [
    'a file through a link that replaced a directory',
    victim => tarOf(directory('d'), link('d', victim), file('d/evil')),
    /d\/evil|cannot overwrite directory "d"/,
  ],
  ['a directory through a link', victim => tarOf(link('out', victim), directory('out/evil')), /out\/evil/],
  ['a hard link to the outside', victim => tarOf(hardLink('x', `${UP}${victim}/file`)), /leads out/],
  ['a hard link to an absolute name', victim => tarOf(hardLink('x', `${victim}/file`)), /absolute name/],
  [
    'a hard link through a link',
    victim => tarOf(link('out', victim), hardLink('x', 'out/file')),
    /link: x: No such file/,
  ],
  ['a hard link to what is not there', () => tarOf(hardLink('x', 'nosuch')), /link: x: No such file/],
  ['a name beyond NAME_MAX', () => tarOf(file('n'.repeat(256))), /n\.\.\.' has a name that is too long/],
  ['a name beyond PATH_MAX', () => tarOf(file(`${LONG}d`)), /d\.\.\.' has a name that is too long/],
  [
    'a link to a name beyond PATH_MAX',
    () => tarOf(link('x', `${LONG}d`)),
    /'x' is a link to a name that is too/,
  ],
];

/** Archives that are odd and taken: what is in a file of it afterwards. */
export const taken: readonly [what: string, make: () => Promise<Archive>, name: string, content: string][] = [
  [
    'duplicates: the last one counts',
    () => tarOf(directory('d'), file('d/twice', 'one'), directory('d'), file('d/twice', 'two')),
    'd/twice',
    'two',
  ],
  ['a name as long as can be', () => tarOf(file(LONG, 'deep')), LONG, 'deep'],
];

/** A disk of the host's, for everybody to read. */
export const withDisk = (): Promise<Archive> =>
  tarOf({ header: { name: 'disk', type: 'block-device', mode: 0o666, devmajor: 8, devminor: 0 } });
