/** Where an archive's bytes come from. */
export interface ByteSource {
  /** Bytes there are, where that is known. */
  readonly length?: number;
  /** The first bytes, fewer at the end of the source. To be asked for before {@link chunks}. */
  head(bytes: number): Promise<Buffer>;
  /** The memory of a chunk may be used again once two more were asked for. */
  chunks(): AsyncIterable<Buffer>;
}
