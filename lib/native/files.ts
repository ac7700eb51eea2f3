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

/** The native part of lib/layers that reads. Errors carry `code`, `syscall` and `path`. */
export interface FilesNative {
  /**
   * Put pieces of files one after the other, on the thread pool. Links are resolved as if `root` were `/`.
   *
   * @throws EIO where a file is none, or has fewer bytes
   */
  readPieces(options: { root: string; pieces: NativePiece[] }): Promise<Buffer>;
}
