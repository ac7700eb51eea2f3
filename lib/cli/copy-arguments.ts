import { SkiffError } from '../common/errors';
import { usageError } from './parse';

/** The two ends of `cp`; a container's has its name. */
export interface CopyArguments {
  container: string;
  direction: 'in' | 'out';
  source: string;
  destination: string;
}

/** @throws SkiffError with Docker's wording where not exactly one end is in a container */
export function parseCopyArguments(words: readonly string[]): CopyArguments {
  const [source, destination] = words;
  if (source === undefined || destination === undefined || words.length > 2)
    throw usageError('"skiff cp" requires exactly 2 arguments.', 'cp');
  if (source === '') throw usageError('source can not be empty', 'cp');
  if (destination === '') throw usageError('destination can not be empty', 'cp');
  const from = splitArgument(source);
  const to = splitArgument(destination);
  if (from.container && to.container) throw refused('copying between containers is not supported');
  if (from.container)
    return { container: from.container, direction: 'out', source: from.path, destination: to.path };
  if (to.container)
    return { container: to.container, direction: 'in', source: from.path, destination: to.path };
  throw refused('must specify at least one container source');
}

/** `NAME:PATH`, or a path of the host: absolute, without a colon, or beginning with a dot. */
function splitArgument(argument: string): { container: string; path: string } {
  const colon = argument.indexOf(':');
  if (argument.startsWith('/') || argument.startsWith('.') || colon === -1)
    return { container: '', path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

function refused(message: string): SkiffError {
  return new SkiffError(message, { code: 'INVALID_ARGUMENT', exitCode: 1, remedy: "See 'skiff cp --help'." });
}
