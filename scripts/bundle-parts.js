'use strict';

// How the bundle is divided: what a module imports is looked up when it is used first, and what a plain `run` does not
// use is in files of its own, which are read when something of them is.
const fs = require('node:fs');
const path = require('node:path');

/** Node has loaded them before the first line of ours. */
const ALWAYS_THERE = new Set(['node:fs', 'node:path', 'node:os']);

/** As tsc writes imports; the number makes the name one that nothing else has. */
const IMPORT = /^(?:const|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\("([^"]+)"\)\)?);$/gm;

/** An import that the source says is for later: tsc's `import()`. */
const LATER = /\.then\(\(\) => (?:__importStar\()?require\(['"](\.[^'"]+)['"]\)/g;

const ANY = /require\(['"](\.[^'"]+)['"]\)/g;

/**
 * Turn the imports of a file that tsc wrote into functions that load at the first call.
 *
 * @param {string} source
 */
function lazyImports(source) {
  const names = [];
  const declared = source.replace(IMPORT, (line, name, load, module) => {
    if (ALWAYS_THERE.has(module)) return line;
    names.push(name);
    return `let made_${name}; const load_${name} = () => made_${name} ??= ${load};`;
  });
  if (names.length === 0) return source;
  return declared.replace(new RegExp(`\\b(?:${names.join('|')})\\b`, 'g'), name => `(load_${name}())`);
}

/** An esbuild plugin: {@link lazyImports} in all files of a directory. */
function importsLater(directory) {
  return {
    name: 'imports later',
    setup(build) {
      build.onLoad({ filter: /\.js$/ }, ({ path: file }) =>
        file.startsWith(`${directory}/`) && !file.includes('/node_modules/')
          ? { contents: lazyImports(fs.readFileSync(file, 'utf8')), loader: 'js' }
          : undefined,
      );
    },
  };
}

/**
 * Divide what an entry needs into parts.
 *
 * @param {string} entry file whose part is the first; to it belongs all that it imports, and what that imports, but by
 * `import()` and but the roots of others
 * @param {Record<string, string[]>} roots of the other parts, by their names: files that are imported like all others
 * @param {string} rest name of the part for what `import()` leads to alone
 * @param {(file: string) => boolean} isApart has a file of its own in the bundle
 * @returns {Map<string, string>} the part of every file
 */
function divide({ entry, name, roots, rest, isApart }) {
  const parts = new Map();
  const cold = new Set(Object.values(roots).flat());
  const reach = (from, part, follow) => {
    const queue = [...from];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (parts.has(file) || isApart(file)) continue;
      parts.set(file, part);
      queue.push(...imports(file, follow).filter(imported => !cold.has(imported)));
    }
  };
  reach([entry], name, 'now');
  for (const [part, files] of Object.entries(roots)) {
    reach(
      files.filter(file => fs.existsSync(file)),
      part,
      'now',
    );
  }
  const later = () =>
    [...parts.keys()].flatMap(file => imports(file, 'all')).filter(file => !parts.has(file));
  reach(later(), rest, 'all');
  return parts;
}

/** The files that one imports, `now` without those that it imports by `import()`. */
function imports(file, which) {
  const source = fs.readFileSync(file, 'utf8');
  const text = which === 'now' ? source.replace(LATER, '') : source;
  return [...text.matchAll(ANY)].map(([, module]) => resolve(path.dirname(file), module));
}

/** @throws Error where there is no such file: a part would be incomplete */
function resolve(directory, module) {
  const base = path.resolve(directory, module);
  const found = [`${base}.js`, path.join(base, 'index.js')].find(file => fs.existsSync(file));
  if (!found) throw new Error(`${base}: no such module`);
  return found;
}

/**
 * An esbuild plugin for the build of one part: what is in another part comes from there, so that each module is there
 * once. A part has its modules as functions in `parts`.
 */
function partsApart(part, parts, directory) {
  return {
    name: `parts but ${part}`,
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ path: module, resolveDir, namespace }) => {
        if (!['file', 'entry'].includes(namespace) || !`${resolveDir}/`.startsWith(`${directory}/`))
          return undefined;
        const file = resolve(resolveDir, module);
        const other = parts.get(file);
        if (other === undefined || other === part) return undefined;
        return { path: path.relative(directory, file), namespace: 'part', pluginData: other };
      });
      build.onResolve({ filter: /./, namespace: 'part' }, ({ path: file }) => ({
        path: file,
        external: true,
      }));
      build.onLoad({ filter: /./, namespace: 'part' }, ({ path: file, pluginData }) => ({
        contents: `module.exports = require("./${pluginData}").parts["${moduleName(file)}"]();`,
      }));
    },
  };
}

/** An esbuild plugin: the entry of a part, which is in no file. */
function partEntry(part, parts, directory, entry) {
  const files = [...parts].filter(([, other]) => other === part).map(([file]) => file);
  const nameOf = file => moduleName(path.relative(directory, file));
  const lines = files.map(file => `"${nameOf(file)}": () => require("./${nameOf(file)}")`);
  const modules = `exports.parts = { ${lines.join(', ')} };`;
  // As they are: what they lead to is loaded when it is asked for.
  const copy = 'Object.defineProperties(exports, Object.getOwnPropertyDescriptors';
  const contents = entry ? `${modules}\n${copy}(require("./${nameOf(entry)}")));` : modules;
  return {
    name: `entry of ${part}`,
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path: name, kind }) =>
        kind === 'entry-point' ? { path: name, namespace: 'entry' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'entry' }, () => ({ contents, resolveDir: directory }));
    },
  };
}

function moduleName(file) {
  return file.replace(/\.js$/, '');
}

module.exports = { divide, importsLater, partEntry, partsApart };
