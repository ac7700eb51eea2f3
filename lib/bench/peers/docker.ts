import { timeProgram, tryProgram, versionOf } from '../programs';
import type { Row } from '../row';
import { MEMORY_LIMIT, TRUE } from '../skiff-rows';
import { CONTAINER, programPeer, type PeerOptions } from './peer';

/** Ms after which a daemon counts as one that does not answer. */
const ANSWER_MS = 5000;
/** The layer as an image: docker runs nothing else. */
const IMPORT = 'tar -C "$1" -c . | "$2" import - "$3"';

/** docker by its command line, where a daemon answers. */
export const docker = programPeer('docker', async (program, { layer }: PeerOptions): Promise<Row> => {
  await tryProgram(program, ['version', '--format', '{{.Server.Version}}'], { timeoutMs: ANSWER_MS });
  const image = `skiff-bench-${process.pid}`;
  await tryProgram('sh', ['-c', IMPORT, 'sh', layer, program, image]);
  const close = async () => void (await tryProgram(program, ['image', 'rm', '--force', image]));
  const flags = ['--rm', '--network', 'none', '--memory', MEMORY_LIMIT, '--log-driver', 'none'];
  const args = ['run', ...flags, image, TRUE];
  try {
    await tryProgram(program, args);
    return {
      name: 'docker',
      title: await versionOf(program),
      does: [...CONTAINER, 'overlay write layer'],
      note: 'by command line, through its daemon and containerd',
      round: () => timeProgram(program, args),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
});
