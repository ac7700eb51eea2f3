import type { NativeText } from './workspace';

/** Bytes as they are, or bytes of a file. */
export type NativePiece =
  | { data: Buffer }
  | {
      /** Below the root. */
      name: NativeText;
      offset: number;
      length: number;
    };

/** The native part of lib/layers and lib/image beside unpacking. Errors carry `code`, `syscall` and `path`. */
export interface FilesNative {
  /**
   * Take flock(2)'s lock of a file, which is made where it is missing, without waiting; synchronously. The descriptor
   * holds the lock until it is closed, by whatever end of the process.
   *
   * @returns -1 where somebody has one that excludes it
   */
  tryLockFile(options: { path: string; shared?: boolean }): number;
  /**
   * Put pieces of files one after the other, on the thread pool. Links are resolved as if `root` were `/`.
   *
   * @throws EIO where a file is none, or has fewer bytes
   */
  readPieces(options: { root: string; pieces: NativePiece[] }): Promise<Buffer>;
}
