import crypto from 'node:crypto';
import { compileSpec, SpecStencil } from '../../lib/spec/compiled';
import { toSpec, type SpecOptions } from '../../lib/spec/options';

const newId = () => crypto.randomBytes(32).toString('hex');

function compile(id: string, options: SpecOptions = {}) {
  const spec = toSpec({
    id,
    command: ['sh', '-c', 'echo "$HOSTNAME"'],
    options,
    image: {},
    rootPath: `/root/containers/${id}/mnt`,
    readFile: () => null,
    machine: { cpuCount: 2, allowedCpus: '0-1' },
  });
  return compileSpec(spec, { init: true });
}

describe('a stencil', () => {
  test.each<[string, SpecOptions]>([
    ['no options', {}],
    ['a host name of its own', { hostname: 'fixed' }],
    ['a read-only root and a terminal', { readOnly: true, tty: true, cwd: '/a/b' }],
  ])('gives with %s what compiling gives', (_, options) => {
    const [first, second] = [newId(), newId()];
    const stencil = new SpecStencil(compile(first, options), first);
    expect(stencil.for(second)).toEqual(compile(second, options));
    // Once more: the first use changed nothing.
    expect(stencil.for(first)).toEqual(compile(first, options));
  });

  test('leaves alone what only begins like the short id', () => {
    const first = newId();
    const env = { PART: first.slice(0, 11), OTHER: 'x' };
    const second = newId();
    const stencil = new SpecStencil(compile(first, { env }), first);
    expect(stencil.for(second)).toEqual(compile(second, { env }));
  });
});
