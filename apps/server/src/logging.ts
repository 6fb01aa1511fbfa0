import { destination, pino } from 'pino';
import type { LogLevel } from './config.ts';

/**
 * The only things a log line may hold. No token, password, code, text, name, query or address is among them, so none
 * can be logged by accident: what is not in this list never reaches the logger. T37.
 */
export type LogFields = {
  readonly event: string;
  readonly method?: string;
  /** The route's pattern, never the address that was asked for. */
  readonly route?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly code?: string;
  readonly close?: number;
  readonly count?: number;
  readonly port?: number;
  /** Where an unexpected error came from: its class and the places in the code, without its message. */
  readonly error?: string;
};

export interface Log {
  debug(fields: LogFields): void;
  info(fields: LogFields): void;
  warn(fields: LogFields): void;
  error(fields: LogFields): void;
}

const ALLOWED = [
  'event',
  'method',
  'route',
  'status',
  'ms',
  'code',
  'close',
  'count',
  'port',
  'error',
] as const satisfies (keyof LogFields)[];
const LONGEST = 2_000;

type Sink = { write(line: string): void };

/** A log of JSON lines, on stderr unless another sink is given. */
export function createLog(level: LogLevel, sink: Sink = destination({ fd: 2, sync: true })): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"at":"${new Date(Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }), log: allowed },
      // The second wall, should a field of the list ever hold an object again.
      redact: {
        paths: ['*.token', '*.password', '*.code', '*.text', '*.authorization', '*.refreshToken', '*.accessToken'],
        remove: true,
      },
    },
    sink,
  );
  return {
    debug: (fields) => logger.debug(fields),
    info: (fields) => logger.info(fields),
    warn: (fields) => logger.warn(fields),
    error: (fields) => logger.error(fields),
  };
}

/** Where an unexpected error came from, without its message, which may quote what a person sent. */
export function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code =
    'code' in error && typeof error.code === 'string' && /^[A-Z_]{1,40}$/.test(error.code) ? ` ${error.code}` : '';
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8);
  const name = /^\w{1,60}$/.test(error.name) ? error.name : 'Error';
  return [`${name}${code}`, ...frames.map((line) => line.trim())].join(' | ');
}

function allowed(fields: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of ALLOWED) {
    const value = fields[name];
    if (typeof value === 'number' || typeof value === 'boolean') out[name] = value;
    else if (typeof value === 'string') out[name] = value.slice(0, LONGEST);
  }
  return out;
}
