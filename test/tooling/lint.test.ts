import { execFileSync } from 'node:child_process';
import { projectRoot } from '../helpers/run';

/** jest cannot load eslint's configuration, which is an ES module: a process does, once for all sources. */
const LINT = `
const { ESLint } = require('eslint');
const eslint = new ESLint();
const sources = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
Promise.all(sources.map(async ([filePath, text]) => {
  const [{ messages }] = await eslint.lintText(text, { filePath });
  return messages.map(({ ruleId }) => ruleId);
})).then(rules => console.log(JSON.stringify(rules)));
`;

const UPWARDS = ['import/no-restricted-paths'];
const ADDON = "import bindings from 'bindings';\nexport default bindings('skiff') as unknown;\n";

const cases: [what: string, file: string, source: string, rules: string[]][] = [
  ['a floor above', 'lib/common/units.ts', "export * from '../engine/options';\n", UPWARDS],
  ['types of a floor above', 'lib/spec/plan.ts', "export type * from '../engine/options';\n", UPWARDS],
  ['a sibling', 'lib/workspace/index.ts', "export * from '../cgroup/index';\n", UPWARDS],
  ['the public API', 'lib/engine/index.ts', "export * from '../index';\n", UPWARDS],
  ['a floor below', 'lib/engine/index.ts', "export * from '../common/errors';\n", []],
  ['the addon, from anywhere', 'lib/engine/index.ts', ADDON, ['no-restricted-imports']],
  ['the addon, from lib/native', 'lib/native/index.ts', ADDON, []],
];

const broken = JSON.parse(
  execFileSync(process.execPath, ['-e', LINT], {
    cwd: projectRoot,
    input: JSON.stringify(cases.map(([, file, source]) => [file, source])),
    encoding: 'utf8',
  }),
) as string[][];

it.each(cases.map((row, at) => [...row, broken[at]] as const))(
  'import of %s: %s',
  (_what, _file, _source, rules, found) => {
    expect(found).toEqual(rules);
  },
);
