import importPlugin from 'eslint-plugin-import';
import tseslint from 'typescript-eslint';

/** Imports run downwards only: each floor may lean on the floors that stand after it. */
const floors = [
  ['commands', 'server'],
  ['cli', 'bench'],
  ['engine'],
  ['runtime'],
  ['workspace', 'cgroup', 'spec', 'image', 'network', 'volumes', 'state', 'logs', 'process'],
  ['layers'],
  ['native'],
  ['common'],
];

/** For every folder: the floors above it and its own siblings are out of reach. */
const zones = floors.flatMap((floor, level) =>
  floor.map(folder => ({
    target: `./lib/${folder}`,
    from: [...floors.slice(0, level).flat(), ...floor.filter(sibling => sibling !== folder)]
      .map(name => `./lib/${name}`)
      .concat('./lib/index.ts'),
    message: `lib/${folder} may not import this: imports run downwards only, siblings do not know each other`,
  })),
);

export default tseslint.config(
  { ignores: ['node_modules', 'build', 'dist', 'coverage', '.build-*'] },
  ...tseslint.configs.recommended,
  {
    files: ['lib/**/*.ts', 'test/**/*.ts'],
    plugins: { import: importPlugin },
    settings: { 'import/resolver': { node: { extensions: ['.ts', '.js'] } } },
    rules: {
      'import/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/native/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'bindings', message: 'only lib/native loads the addon' }] },
      ],
    },
  },
  { files: ['**/*.js', '**/*.cjs', 'bin/run'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
