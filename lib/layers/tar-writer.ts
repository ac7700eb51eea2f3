import { BLOCK } from './tar-header';

/** The end mark, pax(1). */
export const END_MARK = Buffer.alloc(2 * BLOCK);

/** Octal digits that the size field has room for: 8 GiB; beyond them GNU's base 256. */
const MAX_OCTAL = 8 ** 11;

/**
 * The header of a regular file in the ustar format.
 *
 * @param name at most 100 bytes
 * @param size bytes of content
 * @param mtime seconds since 1970
 */
export function fileHeader(name: string, size: number, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, 100, 'utf8');
  block.write('0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  writeSize(block, size);
  block.write(`${Math.max(mtime, 0).toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function writeSize(block: Buffer, size: number): void {
  if (size < MAX_OCTAL) {
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    return;
  }
  block[124] = 0x80;
  block.writeUIntBE(size, 130, 6);
}

/** What fills content of so many bytes up to whole blocks. */
export function filling(size: number): Buffer {
  return END_MARK.subarray(0, (BLOCK - (size % BLOCK)) % BLOCK);
}
