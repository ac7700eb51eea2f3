import { native } from '../native';

/**
 * Have no optimized machine code made from here on. For a command that does much of one kind and then ends: it is over
 * before that code is ready, whose making takes a core longer than all that the command does. By the addon: node:v8
 * brings all of Node's streams along, which takes nearly 2 ms.
 */
export function optimizeNothing(): void {
  native().optimizeNothing();
}
