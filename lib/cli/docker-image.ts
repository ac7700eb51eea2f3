import type { ImageInfo } from '../engine/images';

/** An image as `image inspect` tells it, with Docker's names of what means the same. */
export function dockerImage(image: ImageInfo): object {
  const { id, refs, digests, config, layers, layerPaths, size, added } = image;
  const [top, ...below] = layerPaths;
  return {
    Id: id,
    RepoTags: refs,
    RepoDigests: digests,
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: '',
    Author: config.author ?? '',
    Config: dockerConfig(image),
    Architecture: config.architecture,
    ...(config.variant !== undefined && { Variant: config.variant }),
    Os: config.os,
    Size: size,
    GraphDriver: {
      Data: { ...(below.length > 0 && { LowerDir: below.join(':') }), UpperDir: top ?? '' },
      Name: 'skiff',
    },
    RootFS: { Type: config.rootfs.type, Layers: layers },
    Metadata: { LastTagTime: new Date(added).toISOString() },
  };
}

function dockerConfig({ config: { config = {} } }: ImageInfo): object {
  return {
    Hostname: '',
    Domainname: '',
    User: config.User ?? '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(config.ExposedPorts && { ExposedPorts: config.ExposedPorts }),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Image: '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...(config.StopSignal && { StopSignal: config.StopSignal }),
  };
}
