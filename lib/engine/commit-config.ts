import type { ContainerDefaults } from '../image/config';
import type { ContainerInfo } from './info';

/**
 * What an image made of a container says of its own containers: what its image says, with what the container was
 * created with over it. So `run -e A=1 busybox top`, committed, runs `top` with that variable.
 */
export function containerDefaults(base: ContainerDefaults, info: ContainerInfo): ContainerDefaults {
  const { options, labels } = info;
  return {
    ...base,
    ...textOption('User', options.user),
    ...textOption('WorkingDir', options.cwd),
    ...textOption('StopSignal', options.stopSignal),
    ...environment(base.Env ?? [], options.env),
    ...(Object.keys(labels).length > 0 && { Labels: { ...base.Labels, ...labels } }),
    ...commandOf(base, info),
  };
}

function textOption(key: 'User' | 'WorkingDir' | 'StopSignal', value: unknown): ContainerDefaults {
  return typeof value === 'string' && value !== '' ? { [key]: value } : {};
}

/** Later variables win; a name alone, whose value would be this process's, says nothing. */
function environment(base: readonly string[], given: unknown): ContainerDefaults {
  const entries = Array.isArray(given)
    ? given.filter((entry): entry is string => typeof entry === 'string')
    : Object.entries((given ?? {}) as Record<string, string>).map(([name, value]) => `${name}=${value}`);
  const variables = new Map(
    [...base, ...entries].filter(isPair).map(entry => [entry.split('=', 1)[0]!, entry]),
  );
  return variables.size === 0 ? {} : { Env: [...variables.values()] };
}

function isPair(entry: string): boolean {
  return entry.includes('=');
}

/** The container's words, without those that are its entrypoint's. */
function commandOf(base: ContainerDefaults, { command, options }: ContainerInfo): ContainerDefaults {
  const given = typeof options.entrypoint === 'string' ? options.entrypoint : undefined;
  const entrypoint = given === undefined ? (base.Entrypoint ?? []) : given === '' ? [] : [given];
  const begins = entrypoint.every((word, i) => command[i] === word);
  const words = begins ? command.slice(entrypoint.length) : command;
  return {
    ...(given !== undefined || !begins
      ? { Entrypoint: begins && entrypoint.length > 0 ? entrypoint : undefined }
      : {}),
    ...(words.length > 0 ? { Cmd: words } : { Cmd: undefined }),
  };
}
