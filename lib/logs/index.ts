export { readLogs } from './entries';
export { readLogText, type LogText, type LogTextOptions } from './text';
export type { LogEntry, LogOptions, LogStream } from './options';
