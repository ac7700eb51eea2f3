import type { SystemInfo, Version } from '../engine/about';
import { binarySize } from './human';
import { parseTemplate } from './template';

/** `version` by Docker's names: everything is the client, there is no server. */
export function formatVersion(version: Version, format?: string): string {
  const client = {
    Version: version.version,
    OCIVersion: version.ociVersion,
    NodeVersion: version.nodeVersion,
    Os: version.os,
    Arch: version.architecture,
    KernelVersion: version.kernelVersion,
  };
  const special = formatObject({ Client: client }, format);
  if (special !== undefined) return special;
  return `Client: skiff
 Version:      ${client.Version}
 OCI version:  ${client.OCIVersion}
 Node version: ${client.NodeVersion}
 OS/Arch:      ${client.Os}/${client.Arch}
 Kernel:       ${client.KernelVersion}
`;
}

/** `info` by Docker's names, where there is the same thing. */
export function formatInfo(info: SystemInfo, format?: string): string {
  const { containers } = info;
  const fields = {
    Containers: containers.all,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: info.images ?? 0,
    Driver: info.driver,
    LoggingDriver: 'k8s-file',
    CgroupDriver: info.cgroupMode === 'none' ? 'none' : 'cgroupfs',
    CgroupVersion: { v1: '1', hybrid: '1', v2: '2' }[info.cgroupMode] ?? '',
    KernelVersion: info.kernelVersion,
    OperatingSystem: info.operatingSystem,
    OSType: info.os,
    Architecture: info.architecture,
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    RootDir: info.root,
    Name: info.hostname,
    ServerVersion: info.version,
    OCIVersion: info.ociVersion,
  };
  const special = formatObject(fields, format);
  if (special !== undefined) return special;
  const imageLine = info.images === undefined ? '' : `Images: ${info.images}\n`;
  return `Containers: ${containers.all}
 Running: ${containers.running}
 Paused: ${containers.paused}
 Stopped: ${containers.stopped}
${imageLine}Version: ${info.version}
Storage Driver: ${info.driver}
Logging Driver: ${fields.LoggingDriver}
Cgroup Driver: ${fields.CgroupDriver}
Cgroup Version: ${fields.CgroupVersion}
OCI Version: ${info.ociVersion}
Kernel Version: ${info.kernelVersion}
Operating System: ${info.operatingSystem}
OSType: ${info.os}
Architecture: ${info.architecture}
CPUs: ${info.cpus}
Total Memory: ${binarySize(info.memoryBytes)}
Name: ${info.hostname}
Root Dir: ${info.root}
`;
}

/** Undefined where the text for people is asked for. */
function formatObject(fields: object, format: string | undefined): string | undefined {
  if (format === undefined || format === '') return undefined;
  return format === 'json' ? `${JSON.stringify(fields)}\n` : `${parseTemplate(format).render(fields)}\n`;
}
