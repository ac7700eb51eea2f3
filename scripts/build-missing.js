'use strict';

// Builds what a checkout lacks: node_modules, the addon with its init, dist. Only node's own modules are used in
// these files: they run when nothing else is there yet.
const path = require('node:path');
const { withLock } = require('./build-lock');
const { BuildLog } = require('./build-log');
const { Pieces } = require('./build-pieces');
const { Progress } = require('./build-progress');
const { requireCompiler, requireNpm } = require('./build-requirements');

const packageRoot = path.join(__dirname, '..');

/**
 * Build what is missing; returns at once where nothing is. Safe when many start at the same time: one builds, the
 * others wait for it.
 *
 * @param {{ compareSources?: boolean, root?: string }} [options] compareSources: also what is older than its sources
 * @throws Error that says what failed and where the log is
 */
async function buildMissing({ compareSources = false, root = packageRoot } = {}) {
  const pieces = new Pieces(root);
  const wanted = () => pieces.all.filter(piece => piece.isMissing() || (compareSources && piece.isStale()));
  if (wanted().length === 0) return;
  await withLock(root, lock =>
    build(pieces, wanted(), lock, 'skiff: building what is missing (once, about a minute)'),
  );
}

/**
 * Build everything anew; of the dependencies only what is missing or of another version.
 *
 * @param {{ root?: string }} [options]
 */
async function buildAll({ root = packageRoot } = {}) {
  const pieces = new Pieces(root);
  const wanted = () => pieces.all.filter(piece => piece.isOurs || piece.isMissing() || piece.isStale());
  await withLock(root, lock => {
    pieces.forget();
    return build(pieces, wanted(), lock, 'skiff: building');
  });
}

async function build(pieces, wanted, lock, title) {
  if (wanted.length === 0) return;
  if (wanted.includes(pieces.native)) requireCompiler();
  if (wanted.includes(pieces.dependencies)) requireNpm();
  const progress = new Progress(title);
  const log = new BuildLog(pieces.root, lock);
  try {
    pieces.removeRemains();
    for (const piece of wanted) {
      progress.step(piece.name);
      await piece.build(log);
    }
    log.remove();
  } finally {
    log.close();
    progress.end();
  }
}

module.exports = { buildAll, buildMissing };
