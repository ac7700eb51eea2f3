'use strict';

// node scripts/session.js: type a session into a terminal, and draw its last screen as docs/session.svg. Wants tmux, and
// root: it removes what it makes.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const COLUMNS = 92;
const ROWS = 60;

const SESSION = [
  'skiff run -ti sh',
  'echo $$; hostname; touch /tmp/test.txt; rm /bin/vi',
  'exit 7',
  'echo $?',
  'skiff run -m 64m dd if=/dev/zero of=/dev/null bs=200M count=1; echo $?',
  'skiff run --timeout 1s sh -c "sleep 100 & sleep 100"; echo $?',
  'skiff run --rootfs / node -v',
  'skiff run -d --name bird busybox top',
  'skiff exec bird touch /tmp/egg; skiff diff bird',
  'skiff ps',
  'skiff rm -f bird',
];

const PROMPT = /^(\/ )?# /;
const SECONDS_PER_STEP = 30;

/** A terminal of its own: the screen after the whole session, without the prompt that waits for more. */
class Terminal {
  constructor(directory) {
    this.socket = path.join(directory, 'tmux');
    const profile = path.join(directory, 'profile');
    fs.writeFileSync(
      profile,
      `skiff() { ${path.join(ROOT, 'bin', 'run')} --root ${directory}/root "$@"; }\n`,
    );
    const env = [
      `ENV=${profile}`,
      'PS1=# ',
      `PATH=${process.env.PATH}`,
      `HOME=${os.homedir()}`,
      'TERM=screen',
    ];
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
    this.call('-f', '/dev/null', 'new-session', '-d', ...size, '--', 'env', '-i', ...env, 'sh');
  }

  /** As somebody does who reads what was there before. */
  type(line) {
    execFileSync('sleep', ['1']);
    const before = this.prompts();
    this.call('send-keys', '-l', '--', line);
    this.call('send-keys', 'Enter');
    for (let tries = 0; tries < SECONDS_PER_STEP * 10; tries++) {
      execFileSync('sleep', ['0.1']);
      if (this.prompts() > before && this.isWaiting()) return;
    }
    throw new Error(`no prompt after: ${line}\n${this.lines().join('\n')}`);
  }

  /** How many lines begin with one: what was typed counts, too, as each of them was one once. */
  prompts() {
    return this.lines().filter(line => PROMPT.test(`${line} `)).length;
  }

  isWaiting() {
    return /^(\/ )?#$/.test(this.lines().at(-1) ?? '');
  }

  lines() {
    const lines = this.call('capture-pane', '-p').split('\n');
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  close() {
    this.call('kill-server');
  }

  call(...args) {
    return execFileSync('tmux', ['-S', this.socket, ...args], { encoding: 'utf8' });
  }
}

const FONT = 14;
const LINE = 20;
const MARGIN = 24;
const TITLE = 36;
/** Of a monospaced font, in ems. */
const ADVANCE = 0.6;

function draw(lines) {
  const width = Math.ceil(COLUMNS * FONT * ADVANCE) + 2 * MARGIN;
  const height = TITLE + lines.length * LINE + MARGIN;
  const buttons = ['#ff5f58', '#ffbd2e', '#18c132'].map(
    (colour, at) => `<circle cx="${MARGIN + at * 20}" cy="20" r="6" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>text{font:${FONT}px Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#9aa5b1;white-space:pre}.c{fill:#f0f3f6}.p{fill:#7ee0a1}</style>
<rect width="${width}" height="${height}" rx="6" fill="#22272e"/>
${buttons.join('')}
${lines.map(drawLine).filter(Boolean).join('\n')}
</svg>
`;
}

function drawLine(line, at) {
  if (line === '') return '';
  const [prompt = ''] = PROMPT.exec(line) ?? [];
  const text = escape(line.slice(prompt.length));
  const inside = prompt ? `<tspan class="p">${prompt}</tspan><tspan class="c">${text}</tspan>` : text;
  return `<text x="${MARGIN}" y="${TITLE + (at + 1) * LINE}">${inside}</text>`;
}

function escape(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Also what a session that did not come to its end has left. */
function removeAll(root) {
  const skiff = (...args) =>
    execFileSync(path.join(ROOT, 'bin', 'run'), ['--root', root, ...args], { encoding: 'utf8' });
  const ids = skiff('ps', '-aq').split('\n').filter(Boolean);
  if (ids.length > 0) skiff('rm', '-f', ...ids);
}

function main() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'skiff-session-'));
  const terminal = new Terminal(directory);
  try {
    for (const line of SESSION) terminal.type(line);
    fs.writeFileSync(path.join(ROOT, 'docs', 'session.svg'), draw(terminal.lines().slice(0, -1)));
  } finally {
    terminal.close();
    removeAll(path.join(directory, 'root'));
    fs.rmSync(directory, { recursive: true });
  }
}

main();
