import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../common/errors';
import type { ByteSource } from '../layers/byte-source';
import { FileSource } from '../layers/source';
import { scanTar } from '../layers/tar-parser';
import { brokenImage } from './config';

/** The files of an image archive, wherever they are. */
export interface ArchiveFiles {
  /** Of the archive, for messages. */
  readonly name: string;
  has(file: string): Promise<boolean>;
  /** @throws SkiffError BROKEN_IMAGE where it is missing or has more than `maxBytes` */
  read(file: string, maxBytes: number): Promise<Buffer>;
  /** Have a file read. @throws SkiffError BROKEN_IMAGE where it is missing */
  open<T>(file: string, work: (source: ByteSource) => Promise<T>): Promise<T>;
}

/** Entries of an image archive at most: an image has some dozens, and all their names are kept. */
const MAX_ENTRIES = 100_000;
/** Links that are followed from one to the next, as old archives have them for layers that are there twice. */
const MAX_LINKS = 8;

interface Place {
  at: number;
  size: number;
}

/** In a tar that can be read at any place. */
export class TarFiles implements ArchiveFiles {
  private constructor(
    readonly name: string,
    private readonly handle: fs.promises.FileHandle,
    private readonly places: Map<string, Place>,
    private readonly links: Map<string, string>,
  ) {}

  /** @throws SkiffError BROKEN_TAR, BROKEN_IMAGE */
  static async of(name: string, handle: fs.promises.FileHandle): Promise<TarFiles> {
    const places = new Map<string, Place>();
    const links = new Map<string, string>();
    await scanTar(handle, ({ name: file, type, linkname, stored }, at) => {
      if (places.size + links.size >= MAX_ENTRIES) {
        throw brokenImage(name, `it has more than ${MAX_ENTRIES} entries`);
      }
      const normal = path.posix.normalize(file);
      if (type === '0' || type === '7') places.set(normal, { at, size: stored });
      if (type === '1') links.set(normal, path.posix.normalize(linkname));
      if (type === '2') links.set(normal, path.posix.join(path.posix.dirname(normal), linkname));
    });
    return new TarFiles(name, handle, places, links);
  }

  async has(file: string): Promise<boolean> {
    return this.find(file) !== undefined;
  }

  async read(file: string, maxBytes: number): Promise<Buffer> {
    const { at, size } = this.require(file);
    if (size > maxBytes) throw tooLarge(this.name, file, maxBytes);
    const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(size), 0, size, at);
    if (bytesRead < size) throw brokenImage(this.name, `${file} is cut off`);
    return buffer;
  }

  async open<T>(file: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
    const { at, size } = this.require(file);
    return work(new FileSource(this.handle, at, size));
  }

  private find(file: string): Place | undefined {
    let name = path.posix.normalize(file);
    for (let i = 0; i < MAX_LINKS; i += 1) {
      const place = this.places.get(name);
      const link = this.links.get(name);
      if (place || link === undefined) return place;
      name = link;
    }
    return undefined;
  }

  private require(file: string): Place {
    return this.find(file) ?? missing(this.name, file);
  }
}

/** In a directory. */
export class DirectoryFiles implements ArchiveFiles {
  constructor(readonly name: string) {}

  async has(file: string): Promise<boolean> {
    return fs.statSync(this.pathOf(file), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  async read(file: string, maxBytes: number): Promise<Buffer> {
    return this.withHandle(file, async (handle, size) => {
      if (size > maxBytes) throw tooLarge(this.name, file, maxBytes);
      return handle.readFile();
    });
  }

  async open<T>(file: string, work: (source: ByteSource) => Promise<T>): Promise<T> {
    return this.withHandle(file, (handle, size) => work(new FileSource(handle, 0, size)));
  }

  private async withHandle<T>(
    file: string,
    work: (handle: fs.promises.FileHandle, size: number) => Promise<T>,
  ): Promise<T> {
    const { O_RDONLY, O_NONBLOCK } = fs.constants;
    let handle: fs.promises.FileHandle;
    try {
      handle = await fs.promises.open(this.pathOf(file), O_RDONLY | O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') missing(this.name, file);
      throw error;
    }
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw brokenImage(this.name, `${file} is no regular file`);
      return await work(handle, stat.size);
    } finally {
      await handle.close();
    }
  }

  private pathOf(file: string): string {
    if (file.includes('\0')) missing(this.name, JSON.stringify(file));
    // Never out of the directory, whatever its index says.
    return path.join(this.name, path.posix.resolve('/', file));
  }
}

function missing(archive: string, file: string): never {
  throw brokenImage(archive, `it has no ${file}`);
}

function tooLarge(archive: string, file: string, maxBytes: number) {
  return brokenImage(archive, `${file} has more than ${maxBytes} bytes`);
}
