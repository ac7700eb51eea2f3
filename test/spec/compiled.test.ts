import crypto from 'node:crypto';
import { compileSpec, SpecStencil, type CompiledSpec } from '../../lib/spec/compiled';
import { toSpec, type SpecOptions } from '../../lib/spec/options';
import { bytesOf } from '../../lib/spec/stamped';

const newId = () => crypto.randomBytes(32).toString('hex');

function compile(id: string, options: SpecOptions = {}): CompiledSpec {
  const spec = toSpec({
    id,
    command: ['sh', '-c', 'echo "$HOSTNAME"'],
    options,
    image: {},
    rootPath: `/root/containers/${id}/mnt`,
    readFile: () => null,
    machine: { cpuCount: 2, allowedCpus: '0-1' },
  });
  return compileSpec(spec, id, { init: true });
}

/** With the ids written in. */
function whole({ setup, process, ...rest }: CompiledSpec) {
  return { ...rest, setup: bytesOf(setup), process: bytesOf(process) };
}

describe('a stencil', () => {
  test.each<[string, SpecOptions]>([
    ['no options', {}],
    ['a host name of its own', { hostname: 'fixed' }],
    ['a read-only root and a terminal', { readOnly: true, tty: true, cwd: '/a/b' }],
  ])('gives with %s what compiling gives', (_, options) => {
    const [first, second] = [newId(), newId()];
    const stencil = new SpecStencil(compile(first, options), first);
    expect(whole(stencil.for(second))).toEqual(whole(compile(second, options)));
    // Once more: the first use changed nothing.
    expect(whole(stencil.for(first))).toEqual(whole(compile(first, options)));
  });

  test('leaves alone what only begins like the short id', () => {
    const first = newId();
    const env = { PART: first.slice(0, 11), OTHER: 'x' };
    const second = newId();
    const stencil = new SpecStencil(compile(first, { env }), first);
    expect(whole(stencil.for(second))).toEqual(whole(compile(second, { env })));
  });
});
