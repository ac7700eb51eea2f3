'use strict';

// Appends events as a process of skiff does: node writer.js ROOT NAME COUNT PADDING
const { appendEvent } = require('../../dist/state');

const [root, name, count, padding] = process.argv.slice(2);
for (let number = 0; number < Number(count); number += 1) {
  const attributes = { name, number: String(number), padding: 'x'.repeat(Number(padding)) };
  if (!appendEvent(root, { type: 'container', action: 'start', id: 'a'.repeat(64), attributes }))
    process.exit(1);
}
