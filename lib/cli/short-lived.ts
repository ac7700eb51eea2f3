import v8 from 'node:v8';

/**
 * Have no optimized machine code made from here on. For a command that does much of one kind and then ends: it is over
 * before that code is ready, whose making takes a core longer than all that the command does.
 */
export function optimizeNothing(): void {
  v8.setFlagsFromString('--no-opt');
}
