import { invalidArgument } from '../common/errors';

/** All ids but the one that is none, user_namespaces(7). */
const ALL_IDS = 0xffff_ffff;

/** Which user namespace a container has. */
export type UserNamespace =
  /** The one that skiff works in. */
  | { kind: 'host' }
  /** One of its own, with ids that no other container has: so many, if that was said. */
  | { kind: 'auto'; count?: number }
  /** One of its own, with the numbers of the host; without root that of the user alone. */
  | { kind: 'same'; count: number };

/**
 * What `--userns` says, in podman's words: `host`, `auto`, `auto:size=N`, `keep-id`.
 *
 * @throws SkiffError INVALID_ARGUMENT
 */
export function parseUserns(text = ''): UserNamespace {
  if (text === '' || text === 'host') return { kind: 'host' };
  if (text === 'keep-id') return { kind: 'same', count: ALL_IDS };
  if (text === 'auto') return { kind: 'auto' };
  const [, size] = /^auto:size=(\d{1,8})$/.exec(text) ?? [];
  if (size !== undefined && Number(size) > 0) return { kind: 'auto', count: Number(size) };
  throw invalidArgument(`invalid USER mode: ${text}`, {
    remedy: 'Known are host, auto, auto:size=N and keep-id.',
  });
}
