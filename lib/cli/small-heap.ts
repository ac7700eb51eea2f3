import v8 from 'node:v8';

/**
 * Have V8 keep the young part of its heap at its first size, 1 MiB, from here on. For a command that goes through very
 * much and keeps little of it: what lives for the moment would else have that part grow to 48 MiB (three times 16), which
 * is more than all else that the command needs. V8 asks for this flag whenever it is about to grow (`NewSpace::Grow` in
 * its src/heap/new-spaces.cc); it is of the whole process, so it is the program's to set and not the library's.
 */
export function keepYoungHeapSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}
