import path from 'node:path';

/** A container's record, in its directory. */
export const RECORD_FILE = 'state.json';

/** Where things lie below a root directory. */
export function statePaths(root: string) {
  const containers = path.join(root, 'containers');
  return {
    images: path.join(root, 'images'),
    containers,
    names: path.join(root, 'names'),
    ids: path.join(root, 'ids'),
    /** Renamed to `events.jsonl.1` now and then, see appendEvent. */
    events: path.join(root, 'events.jsonl'),
    container: (id: string) => `${containers}/${id}`,
    // Not by path.join(): it takes as long as reading the file, and a list asks for thousands.
    record: (id: string) => `${containers}/${id}/${RECORD_FILE}`,
    /** What further commands in it get; there for a container that somebody has to remove. */
    process: (id: string) => `${containers}/${id}/process.json`,
  };
}
