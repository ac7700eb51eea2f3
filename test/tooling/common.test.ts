import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Alarm } from '../../lib/common/alarm';

const ROOT = path.join(__dirname, '../..');

describe('Alarm', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('comes so long after it was set the last time, and again when it is set again', () => {
    const ring = jest.fn();
    const alarm = new Alarm(100, ring);
    alarm.set();
    jest.advanceTimersByTime(60);
    alarm.set();
    jest.advanceTimersByTime(99);
    expect(ring).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(ring).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(1000);
    expect(ring).toHaveBeenCalledTimes(1);
    alarm.set();
    jest.advanceTimersByTime(100);
    expect(ring).toHaveBeenCalledTimes(2);
  });

  it('comes so long after the first of several times that it is set once', () => {
    const ring = jest.fn();
    const alarm = new Alarm(100, ring);
    alarm.setOnce();
    jest.advanceTimersByTime(60);
    alarm.setOnce();
    jest.advanceTimersByTime(40);
    expect(ring).toHaveBeenCalledTimes(1);
    alarm.setOnce();
    jest.advanceTimersByTime(100);
    expect(ring).toHaveBeenCalledTimes(2);
  });

  it('does not come when it was stopped, and can be set again', () => {
    const ring = jest.fn();
    const alarm = new Alarm(100, ring);
    alarm.setOnce();
    alarm.stop();
    jest.advanceTimersByTime(1000);
    expect(ring).not.toHaveBeenCalled();
    alarm.setOnce();
    jest.advanceTimersByTime(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });
});

it('withMembers gives objects of one shape, and as a spread does the later members first', () => {
  const program = `
    const { withMembers } = require('./dist/common/with-members');
    const made = Array.from({ length: 20 }, (_, i) => withMembers({ a: i, b: 1 }, { b: 2, c: i }));
    const areAlike = made.every(each => %HaveSameMap(each, made[0]));
    console.log(JSON.stringify({ areAlike, last: made[19] }));`;
  const told = execFileSync(process.execPath, ['--allow-natives-syntax', '-e', program], { cwd: ROOT });
  expect(JSON.parse(told.toString())).toEqual({ areAlike: true, last: { a: 19, b: 2, c: 19 } });
});
