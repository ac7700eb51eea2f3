import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tar from 'tar-stream';
import { native } from '../../lib/native';

/** Directories of one test file, each with a place of its own below the directory for temporary files. */
export class TestDirectories {
  private readonly made: string[] = [];

  make(): string {
    const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-workspace-')));
    this.made.push(directory);
    return directory;
  }

  /** Unmount and remove all of them, whatever a failed test left. */
  async removeAll(): Promise<void> {
    for (const directory of this.made.splice(0)) {
      for (const target of mountsBelow(directory).reverse()) await native().unmount({ target });
      await native().removeTrees({ paths: [directory] });
    }
  }
}

/** Mount points below a directory, as /proc/self/mountinfo has them, proc_pid_mountinfo(5). */
export function mountsBelow(directory: string): string[] {
  return fs
    .readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .map(field =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter(target => target.startsWith(`${directory}/`));
}

/** One line for each thing in a tree: everything about it that a change could show in, but its access time. */
export function describeTree(top: string): string[] {
  const lines: string[] = [];
  const visit = (relative: string): void => {
    const file = path.join(top, relative);
    const stat = fs.lstatSync(file, { bigint: true });
    const content = stat.isFile()
      ? hashOf(fs.readFileSync(file))
      : stat.isSymbolicLink()
        ? fs.readlinkSync(file)
        : '';
    const facts = [stat.mode.toString(8), stat.uid, stat.gid, stat.nlink, stat.rdev, stat.size, stat.mtimeNs];
    lines.push(`${relative} ${facts.join(' ')} ${content}`);
    if (stat.isDirectory()) for (const name of fs.readdirSync(file).sort()) visit(path.join(relative, name));
  };
  visit('.');
  return lines;
}

function hashOf(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** What a made-up tar holds: tar-stream's header, and the content of a file. */
export interface TestEntry {
  header: Partial<tar.Header> & { name: string; pax?: Record<string, string> };
  content?: string | Buffer;
}

/** The bytes of a tar with these entries, whatever their names are. */
export async function makeTar(entries: TestEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { header, content } of entries) {
    if (content === undefined) pack.entry({ size: 0, ...header });
    else pack.entry(header, content);
  }
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
