'use strict';

const INTERVAL_MS = 200;

/** One line of what is being done: rewritten on a terminal, written once elsewhere. */
class Progress {
  constructor(title) {
    this.title = title;
    this.started = Date.now();
    this.live = process.stderr.isTTY === true;
    if (!this.live) process.stderr.write(`${title}\n`);
  }

  step(name) {
    this.name = name;
    if (!this.live) return;
    clearInterval(this.timer);
    this.timer = setInterval(() => this.draw(), INTERVAL_MS);
    this.draw();
  }

  end() {
    clearInterval(this.timer);
    if (this.live) process.stderr.write(`\r\x1b[K${this.title}: ${this.seconds()} s\n`);
  }

  draw() {
    process.stderr.write(`\r\x1b[K${this.title}: ${this.name} ${this.seconds()} s`);
  }

  seconds() {
    return Math.round((Date.now() - this.started) / 1000);
  }
}

module.exports = { Progress };
