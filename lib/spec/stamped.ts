/**
 * Bytes in which a container's id stands at certain places, in full or short. Every other container of the same options
 * has its own id there, and all else alike: so they are made once, and each start has its id written in as they are read.
 */
export interface Stamped {
  /** With whichever id they were made for; other containers have the same object. */
  bytes: Buffer;
  /** Where it stands: offset and length of each place, 32 bits each. */
  places: Buffer;
  /** The one that belongs there. */
  id: string;
}

/** Length of the short form of an id, which is a container's host name where none is given. */
export const SHORT_ID = 12;

const PLACE_BYTES = 8;

/**
 * Find the places of an id.
 *
 * @param id of random digits, so that what looks like it is it
 */
export function stamped(bytes: Buffer, id: string): Stamped {
  const places: number[] = [];
  for (let at = 0; (at = bytes.indexOf(id.slice(0, SHORT_ID), at, 'latin1')) >= 0;) {
    const isWhole = bytes.indexOf(id, at, 'latin1') === at;
    const length = isWhole ? id.length : SHORT_ID;
    places.push(at, length);
    at += length;
  }
  return { bytes, places: Buffer.from(Uint32Array.from(places).buffer), id };
}

const NOWHERE = Buffer.alloc(0);

/** Bytes without an id in them. */
export function unstamped(bytes: Buffer): Stamped {
  return { bytes, places: NOWHERE, id: '' };
}

/** A copy with its id in it. */
export function bytesOf({ bytes, places, id }: Stamped): Buffer {
  const copy = Buffer.from(bytes);
  for (let place = 0; place < places.length; place += PLACE_BYTES) {
    copy.write(id, places.readUInt32LE(place), places.readUInt32LE(place + 4), 'latin1');
  }
  return copy;
}
