import { invalidArgument } from '../common/errors';

/**
 * An image's name, by the grammar of github.com/distribution/reference, which Docker, podman and skopeo share.
 */
export interface Reference {
  /** With registry and namespace: `docker.io/library/busybox`. */
  repository: string;
  /** `latest` where neither tag nor digest was given. */
  tag?: string;
  /** `sha256:` and 64 digits. */
  digest?: string;
}

const DEFAULT_DOMAIN = 'docker.io';
const OFFICIAL = 'library';
/** Bytes of a repository's name at most, as the grammar has it. */
const MAX_NAME = 255;

const ALPHANUMERIC = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH = `${ALPHANUMERIC}(?:/${ALPHANUMERIC})*`;
const REFERENCE = new RegExp(
  `^(?:(${DOMAIN})/)?(${PATH})(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/**
 * Read a reference as Docker does: `busybox` is `docker.io/library/busybox:latest`.
 *
 * @throws SkiffError INVALID_REFERENCE, in Docker's words
 */
export function parseReference(text: string): Reference {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`, text);
  }
  const { domain, rest } = splitDomain(text);
  const name = rest.replace(/[:@].*$/s, '');
  if (name !== name.toLowerCase()) {
    throw invalid(`invalid reference format: repository name (${name}) must be lowercase`, text);
  }
  const [, , path, tag, digest] = REFERENCE.exec(`${domain}/${rest}`) ?? [];
  if (path === undefined) throw invalid('invalid reference format', text);
  const repository = `${domain}/${path}`;
  if (repository.length > MAX_NAME) {
    throw invalid(`repository name must not be more than ${MAX_NAME} characters`, text);
  }
  return {
    repository,
    ...(digest === undefined ? { tag: tag ?? 'latest' } : { digest, ...(tag !== undefined && { tag }) }),
  };
}

/** The first part is a registry only where it looks like one: it has a dot or a port, or is `localhost`. */
function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const domain = !isDomain || first === 'index.docker.io' ? DEFAULT_DOMAIN : first;
  const rest = isDomain ? text.slice(slash + 1) : text;
  const isOfficial = domain === DEFAULT_DOMAIN && !rest.includes('/');
  return { domain, rest: isOfficial ? `${OFFICIAL}/${rest}` : rest };
}

/** A reference that can be stored: a name with a tag. */
export function taggedName(text: string): string {
  const { repository, tag, digest } = parseReference(text);
  if (digest !== undefined) throw invalid('refusing to create a tag with a digest reference', text);
  return `${repository}:${tag}`;
}

/** As people write it, without what is understood: `busybox:latest`. */
export function familiarName(canonical: string): string {
  const official = `${DEFAULT_DOMAIN}/${OFFICIAL}/`;
  if (canonical.startsWith(official)) return canonical.slice(official.length);
  return canonical.startsWith(`${DEFAULT_DOMAIN}/`) ? canonical.slice(DEFAULT_DOMAIN.length + 1) : canonical;
}

/** Of `repository:tag`, canonical or familiar. */
export function splitTag(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function invalid(message: string, text: string) {
  return invalidArgument(message, { code: 'INVALID_REFERENCE', path: text, exitCode: 1 });
}
