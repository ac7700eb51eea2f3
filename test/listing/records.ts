import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { identify } from '../../lib/common/identity';
import type { ContainerRecord } from '../../lib/state';
import { tempDirectory } from '../helpers/temp';

export const MINUTE = 60_000;

/** A root whose containers are records alone: nothing of them ever ran. To be removed by the test that made it. */
export class FakeRoot {
  private readonly directory = tempDirectory();
  readonly path = this.directory.path;

  /** @returns its id */
  add(record: Partial<ContainerRecord> & { name: string }): string {
    const id = record.id ?? crypto.randomBytes(32).toString('hex');
    const directory = path.join(this.path, 'containers', id);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, 'state.json'), JSON.stringify({ ...this.defaults(id), ...record }));
    return id;
  }

  remove(): void {
    this.directory.remove();
  }

  private defaults(id: string): ContainerRecord {
    return {
      version: 1,
      id,
      name: id.slice(0, 8),
      status: 'exited',
      owner: identify(process.pid)!,
      created: Date.now() - 5 * MINUTE,
      image: 'busybox',
      command: ['sleep', '60'],
      driver: 'overlay',
      exitCode: 0,
      detached: true,
      options: { command: ['sleep', '60'] },
    };
  }
}
