'use strict';

const path = require('node:path');

const MARK = '(skipped: ';

/** Ends the run with every test that was skipped, and why; the reason stands in its name (conditions.ts). */
class SkipReporter {
  #globalConfig;

  constructor(globalConfig) {
    this.#globalConfig = globalConfig;
  }

  onRunComplete(_contexts, results) {
    // With a name pattern, jest counts what does not match as skipped.
    if (this.#globalConfig.testNamePattern) return;
    process.stderr.write(`\n${summary(results, this.#globalConfig.rootDir)}`);
  }
}

function summary(results, rootDir) {
  const lines = [];
  for (const { testFilePath, testResults } of results.testResults) {
    for (const { status, fullName } of testResults) {
      if (status !== 'pending' && status !== 'todo') continue;
      const { name, reason } = split(fullName);
      lines.push(`  ${path.relative(rootDir, testFilePath)}: ${name}\n    ${reason}\n`);
    }
  }
  if (lines.length === 0) return 'No test was skipped.\n';
  return `Skipped, and why (${lines.length}):\n${lines.join('')}`;
}

/** A test's name without the reason that stands in it; the reason may have parentheses of its own. */
function split(fullName) {
  const start = fullName.indexOf(MARK);
  if (start < 0) return { name: fullName, reason: 'no reason given' };
  let depth = 1;
  let end = start + MARK.length;
  for (; end < fullName.length && depth > 0; end += 1) depth += { '(': 1, ')': -1 }[fullName[end]] ?? 0;
  const name = `${fullName.slice(0, start).trim()} ${fullName.slice(end).trim()}`.trim();
  return { name, reason: fullName.slice(start + MARK.length, depth === 0 ? end - 1 : end) };
}

module.exports = SkipReporter;
module.exports.summary = summary;
