import { invalidArgument } from '../../common/errors';
import { checkProfile } from './check-profile';
import type { SeccompProfile } from './profile';

/**
 * Read a profile.
 *
 * @param origin the file's name, for messages
 * @throws SkiffError INVALID_ARGUMENT that names the place where it is not as a profile has to be
 */
export function parseProfile(text: string, origin: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text, withoutNull);
  } catch (cause) {
    throw invalidArgument(`decoding seccomp profile failed: ${origin}: it is no JSON`, {
      path: origin,
      cause,
    });
  }
  return checkProfile(value, origin);
}

/** Docker's own tools, in Go, take a member that is null for one that is not there. */
function withoutNull(this: unknown, _key: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value;
}
