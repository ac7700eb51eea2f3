'use strict';

const fs = require('node:fs');
const tty = require('node:tty');

const INTERVAL_MS = 100;
const FRAMES = '|/-\\';

/**
 * One line on stderr: on a terminal it lives, with the step and the seconds; elsewhere it is written once.
 * Not through process.stderr, which makes a shared pipe non-blocking for the container that comes next.
 */
class Progress {
  #title;
  #live;
  #started = Date.now();
  #name = '';
  #frame = 0;
  #timer;

  constructor(title) {
    this.#title = title;
    this.#live = tty.isatty(2) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
    if (!this.#live) fs.writeSync(2, `${title} ...\n`);
  }

  step(name) {
    this.#name = name;
    if (!this.#live) return;
    this.#timer ??= setInterval(() => this.#draw(), INTERVAL_MS);
    this.#draw();
  }

  end() {
    clearInterval(this.#timer);
    if (this.#live) fs.writeSync(2, `\r\x1b[K${this.#title}: ${this.#seconds()} s\n`);
  }

  #draw() {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const line = `${FRAMES[this.#frame]} ${this.#title}: ${this.#name}, ${this.#seconds()} s`;
    // Without wrapping: of a line that wrapped, only the last part could be overwritten.
    fs.writeSync(2, `\r\x1b[K\x1b[?7l${line}\x1b[?7h`);
  }

  #seconds() {
    return Math.round((Date.now() - this.#started) / 1000);
  }
}

module.exports = { Progress };
