import { execFile } from 'node:child_process';
import path from 'node:path';
import { projectRoot } from '../helpers/run';

interface LintResult {
  messages: { ruleId: string; message: string }[];
}

/** Rules that a source file with that name and text breaks. */
function broken(file: string, source: string): Promise<string[]> {
  const eslint = path.join(projectRoot, 'node_modules', '.bin', 'eslint');
  const args = ['--stdin', '--stdin-filename', file, '--format', 'json'];
  return new Promise((resolve, reject) => {
    const child = execFile(eslint, args, { cwd: projectRoot }, (_error, stdout, stderr) => {
      // It fails where it found something; without a report it failed itself.
      if (!stdout) return reject(new Error(stderr));
      const [result] = JSON.parse(stdout) as LintResult[];
      resolve((result?.messages ?? []).map(({ ruleId }) => ruleId));
    });
    child.stdin?.end(source);
  });
}

it.each([
  ['lib/common/units.ts', '../engine/options', 'a floor above'],
  ['lib/workspace/index.ts', '../cgroup/index', 'a sibling'],
  ['lib/engine/index.ts', '../index', 'the public API'],
])('%s may not import %s: %s', async (file, imported) => {
  expect(await broken(file, `export * from '${imported}';\n`)).toEqual(['import/no-restricted-paths']);
  expect(await broken(file, `import type * as x from '${imported}';\nexport type Y = typeof x;\n`)).toEqual([
    'import/no-restricted-paths',
  ]);
});

it('an import downwards is fine', async () => {
  expect(await broken('lib/engine/index.ts', "export * from '../common/errors';\n")).toEqual([]);
});

it('the addon is loaded in one place', async () => {
  const source = "import bindings from 'bindings';\nexport default bindings('skiff') as unknown;\n";
  expect(await broken('lib/engine/index.ts', source)).toEqual(['no-restricted-imports']);
  expect(await broken('lib/native/index.ts', source)).toEqual([]);
});
