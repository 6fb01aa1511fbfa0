import { errorBody, type Route, SkerryError } from '@skerry/protocol';
import type { AnswerLines } from '../api/api.ts';
import { ReachError } from '../errors.ts';

/**
 * Reads an answer that comes as lines of JSON, in whatever pieces it arrives: each line is given on as soon as it is whole and
 * is what the route says. The first that is not ends the reading; `end` says so. SPEC A-10
 */
export class LineReader<Line> implements AnswerLines {
  readonly #schema: Route['answer'];
  readonly #onLine: (line: Line) => void;
  #rest = '';
  #failure: SkerryError | undefined;

  constructor(schema: Route['answer'], onLine: (line: Line) => void) {
    this.#schema = schema;
    this.#onLine = onLine;
  }

  push(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  /** @throws SkerryError what the server said in its last line; ReachError where it makes no sense */
  end(): void {
    this.#take(this.#rest);
    this.#rest = '';
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take(line: string): void {
    if (this.#failure !== undefined || line.trim() === '') return;
    const value = parse(line);
    const read = this.#schema.safeParse(value);
    if (read.success) this.#onLine(read.data as Line);
    else this.#failure = failureIn(value) ?? new ReachError({ kind: 'protocol', what: 'a line of an answer' });
  }
}

function failureIn(value: unknown): SkerryError | undefined {
  if (typeof value !== 'object' || value === null || !('t' in value) || value.t !== 'error') return undefined;
  const read = errorBody.safeParse('error' in value ? value.error : undefined);
  return read.success ? SkerryError.fromBody(read.data) : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
