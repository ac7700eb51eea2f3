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

declare const fileStates: unique symbol;

/** How files were, for `areUnchanged`. */
export interface FileStates {
  readonly [fileStates]: never;
}

/** The native part of lib/layers and lib/state that reads. Errors carry `code`, `syscall` and `path`. */
export interface FilesNative {
  /**
   * Put pieces of files one after the other, on the thread pool. Links are resolved as if `root` were `/`.
   *
   * @throws EIO where a file is none, or has fewer bytes
   */
  readPieces(options: { root: string; pieces: NativePiece[] }): Promise<Buffer>;

  /**
   * The texts of many small files, UTF-8, on the thread pool: of `file` in each of the directories `names` of
   * `directory`, with `between` between two. Of one that cannot be read `missing` stands in its place.
   */
  joinTexts(options: {
    directory: string;
    names: readonly string[];
    file: string;
    between: string;
    missing: string;
  }): Promise<string>;

  /**
   * How files are, or that they are not there; synchronously, as the one that follows.
   *
   * @returns null where one of them was changed a moment ago: the next change need not show in its times
   */
  fileStates(options: { paths: string[] }): FileStates | null;
  /** Whether all of them are still as they were. */
  areUnchanged(options: { states: FileStates }): boolean;
}
