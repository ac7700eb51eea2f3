'use strict';

// node scripts/bundle.js DIST: the command line as one file for each command and one for the engine that all of them
// call, with the machine code V8 made of it beside it, and the help as text. Looking up and compiling a hundred small files costs as much time as node's own
// start; bin/run loads what is written here.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const v8 = require('node:v8');
const vm = require('node:vm');
const esbuild = require('esbuild');
const { divide, importsLater, partEntry, partsApart } = require('./bundle-parts');

/** Not for every start, or only for help: found by Node where they are asked for. */
const EXTERNAL = ['@oclif/core', 'debug', 'tar-stream'];

/** A command is a file of its own: only the one that is called is loaded. So is what compiles seccomp profiles. */
const filesApart = {
  name: 'files apart',
  setup(build) {
    const apart = (filter, nameOf) =>
      build.onResolve({ filter }, ({ path: module, kind, importer }) =>
        kind === 'dynamic-import' || kind === 'require-call'
          ? { path: nameOf(module, importer), external: true }
          : undefined,
      );
    apart(/\/commands\/[\w-]+$/, module => `./${path.basename(module)}`);
    apart(/^\.\/compile$/, () => './seccomp');
  },
};

/**
 * The engine, and what looks at what is there, are most of what commands need: with them in each, the package would grow by
 * as much with every command.
 */
const engineApart = {
  name: 'engine apart',
  setup(build) {
    build.onResolve({ filter: /^(\.\.\/)+engine$/ }, () => ({ path: './engine', external: true }));
    build.onResolve({ filter: /^(\.\.\/)+engine\/looking$/ }, () => ({ path: './looking', external: true }));
  },
};

/**
 * What most that call an entry have no use for (of the engine a plain `run`, of what looks `ps`), by the parts that it
 * goes into. What only `import()` leads to is in the last one, too.
 */
const PARTS = {
  engine: {
    options: [
      'common/units',
      'engine/bind-source',
      'engine/volumes-from',
      'spec/cpuset',
      'spec/files',
      'spec/mount-request',
      'spec/volumes',
      'volumes/lock',
      'volumes/meta',
    ],
    exec: ['engine/exec'],
    detached: ['engine/detached', 'engine/managed-container', 'engine/life', 'engine/managed'],
    rest: [
      'cgroup/change',
      'cgroup/usage',
      'engine/about',
      'engine/file-access',
      'engine/image-source',
      'engine/list',
      'engine/logs',
      'engine/pool',
      'engine/prune',
      'engine/select',
      'engine/stats',
      'layers/lock',
      'layers/owner',
      'runtime/detached/repair',
      'runtime/leftover',
      'state/event-reader',
      'workspace/receive',
      'workspace/tar-tree',
    ],
  },
  looking: {
    rest: [
      'engine/about',
      'engine/disk-usage',
      'engine/disk-usage-sources',
      'engine/image-output',
      'engine/images',
      'engine/sizes',
      'engine/stats',
      'engine/top',
      'engine/volumes',
      'cgroup/index',
      'runtime/detached/repair',
      'runtime/leftover',
      'state/event-reader',
    ],
  },
};

const WARM_UP_MS = 30_000;

/** The oldest that containers start on (pidfds of clone); a newer one has all that this one has. */
const OLDEST_KERNEL = '5.3.0';

async function bundle(dist) {
  const commands = commandNames(dist);
  const outdir = path.join(dist, 'bundle');
  const files = commands.map(name => [name, path.join(dist, 'commands', `${name}.js`)]);
  const shared = [
    ['main', path.join(dist, 'cli', 'main.js')],
    ['seccomp', path.join(dist, 'spec', 'seccomp', 'compile.js')],
  ];
  const options = buildOptions(dist, outdir);
  const plugins = [filesApart, engineApart];
  await esbuild.build({ ...options, entryPoints: Object.fromEntries([...shared, ...files]), plugins });
  const parts = [
    ...(await bundleParts('engine', 'engine/index', dist, options)),
    ...(await bundleParts('looking', 'engine/looking', dist, options)),
  ];
  fs.writeFileSync(path.join(outdir, 'help.json'), JSON.stringify(await helpTexts(dist, commands)));
  writeFilters(dist, outdir);
  for (const name of [...shared.map(([name]) => name), ...parts, ...commands]) {
    escapeRest(path.join(outdir, `${name}.js`));
    writeCache(outdir, name);
  }
  warmUp(dist);
}

/**
 * An entry in its parts; all of it is what `./NAME` exports.
 *
 * @returns the parts' names
 */
async function bundleParts(name, module, dist, options) {
  const fileOf = module => path.join(dist, `${module}.js`);
  const roots = Object.entries(PARTS[name]).map(([part, modules]) => [
    `${name}-${part}`,
    modules.map(fileOf),
  ]);
  const names = [name, ...roots.map(([part]) => part)];
  const entry = fileOf(module);
  const isApart = file => file === fileOf('spec/seccomp/compile');
  const parts = divide({ entry, name, roots: Object.fromEntries(roots), rest: names.at(-1), isApart });
  for (const part of names) {
    await esbuild.build({
      ...options,
      entryPoints: { [part]: part },
      plugins: [
        partEntry(part, parts, dist, part === name ? entry : undefined),
        filesApart,
        partsApart(part, parts, dist),
        importsLater(dist),
      ],
    });
  }
  return names;
}

function buildOptions(dist, outdir) {
  return {
    outdir,
    // Names in stacks, and so the bundle, are the same wherever it was built.
    absWorkingDir: dist,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    // Names stay, for stacks.
    minifyWhitespace: true,
    minifySyntax: true,
    // What Module.wrap() would put around it.
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '\n})' },
    logLevel: 'error',
  };
}

/** The filters that most containers get, compiled, beside the code that reads them: in the bundle and out of it. */
function writeFilters(dist, outdir) {
  const seccomp = path.join(dist, 'spec', 'seccomp');
  const { builtinProfile, compileFilter } = require(path.join(seccomp, 'compile.js'));
  const { precompiledText, precompiledName } = require(path.join(seccomp, 'filters.js'));
  const { DEFAULT_CAPABILITIES } = require(path.join(dist, 'spec', 'capabilities.js'));
  for (const [name, capabilities] of Object.entries({ default: DEFAULT_CAPABILITIES, sandbox: [] })) {
    for (const machine of ['x64', 'arm64']) {
      const target = { machine, capabilities, kernel: OLDEST_KERNEL };
      const bytes = precompiledText(compileFilter(builtinProfile(name), target), capabilities);
      for (const directory of [seccomp, outdir]) {
        fs.writeFileSync(path.join(directory, precompiledName(name, machine)), bytes);
      }
    }
  }
}

/** `volume ls` is in the file `volume-ls`. */
function commandNames(dist) {
  const names = fs.readdirSync(path.join(dist, 'commands'));
  return names.filter(name => name.endsWith('.js')).map(name => path.basename(name, '.js'));
}

/** Every command's help, as on a terminal: it is larger than all the rest together to load what makes it. */
async function helpTexts(dist, commands) {
  process.env.FORCE_COLOR = '1';
  const { renderHelp } = require(path.join(dist, 'cli', 'help.js'));
  const entries = commands.map(async name => {
    const { default: command } = require(path.join(dist, 'commands', `${name}.js`));
    return [command.name, await renderHelp(command)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The bundler writes all in ASCII but regular expressions, where the same escapes mean the same. */
function escapeRest(file) {
  const source = fs.readFileSync(file, 'utf8');
  const escaped = source.replace(
    /[^\0-\x7f]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  fs.writeFileSync(file, escaped);
}

/** Commands that take seconds: what they would save by machine code is nothing beside what it adds to the package. */
const SLOW_ANYWAY = ['bench', 'doctor'];

/**
 * Write the machine code of every function: V8 would put in those only that ran here, and a build runs no containers.
 * The flags are part of what V8 compares, and have to be as usual again by the time it is written.
 *
 * @param {string} directory
 * @param {string} name of the file there, without `.js`; not cut out of its path, which would come along as the text it is a
 * part of
 */
function writeCache(directory, name) {
  if (SLOW_ANYWAY.includes(name)) return;
  const source = fs.readFileSync(path.join(directory, `${name}.js`), 'latin1');
  v8.setFlagsFromString('--no-lazy');
  // The name is part of it, and stands in stacks wherever the package is later.
  const script = new vm.Script(source, { filename: `dist/bundle/${name}.js` });
  v8.setFlagsFromString('--lazy');
  fs.writeFileSync(path.join(directory, `${name}.cache`), script.createCachedData());
}

/** In a process of its own, whose addon does nothing; where it fails, the machine code of every function stays. */
function warmUp(dist) {
  spawnSync(process.execPath, [...process.execArgv, path.join(__dirname, 'bundle-warm.js'), dist], {
    // No setting of skiff's, and no debug logs.
    env: { TMPDIR: os.tmpdir() },
    stdio: 'ignore',
    timeout: WARM_UP_MS,
  });
}

bundle(path.resolve(process.argv[2])).catch(error => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
