import { invalidArgument } from '../common/errors';

/** Longest host name the kernel keeps (__NEW_UTS_LEN, sethostname(2)). */
const HOSTNAME_MAX = 64;

/**
 * Refuse a container's name that Docker would refuse, with its wording.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function checkName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) || name.length > 255) {
    throw invalidArgument(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return name;
}

/**
 * Refuse what is no host name: labels of letters, digits and inner hyphens (RFC 1123), 64 characters in all.
 *
 * @throws SkiffError INVALID_ARGUMENT with Docker's wording
 */
export function checkHostname(hostname: string): string {
  const label = '[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?';
  if (hostname.length > HOSTNAME_MAX || !new RegExp(`^${label}(\\.${label})*$`).test(hostname)) {
    throw invalidArgument(`invalid hostname format: ${hostname}`, {
      remedy: 'A host name has letters, digits, inner hyphens and dots, 64 characters at most.',
    });
  }
  return hostname;
}
