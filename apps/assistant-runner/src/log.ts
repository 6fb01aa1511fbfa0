/** The only things a log line may hold: no token, key, name or text is among them. T37. */
export type LogFields = {
  readonly event: string;
  readonly account?: string;
  readonly guild?: string;
  readonly code?: string | number;
  readonly count?: number;
  readonly ms?: number;
  /** The class of an unexpected error and where in the code it came from, without its message. */
  readonly error?: string;
};
export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, fields: LogFields) => void;

type Sink = { write(text: string): unknown };

const ALLOWED = ['event', 'account', 'guild', 'code', 'count', 'ms', 'error'] as const satisfies (keyof LogFields)[];

/** JSON lines of the allowed fields and nothing else, whatever is handed in. */
export function createLog(sink: Sink): Log {
  return (level, fields) => {
    const line: Record<string, unknown> = { level, at: new Date().toISOString() };
    for (const name of ALLOWED) if (fields[name] !== undefined) line[name] = fields[name];
    sink.write(`${JSON.stringify(line)}\n`);
  };
}

/** Where an error came from, without its message, which may quote what somebody wrote. */
export function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && /^[\w]{1,40}$/.test(String(error.code)) ? ` ${String(error.code)}` : '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [`${error.constructor.name}${code}`, ...frames.slice(0, 6).map((line) => line.trim())].join(' | ');
}
