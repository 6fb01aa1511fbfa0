import { Readable } from 'node:stream';
import { SkerryError } from '@skerry/protocol';
import type { FastifyReply } from 'fastify';
import { knownError } from './errors.ts';

const LINES_TYPE = 'application/x-ndjson; charset=utf-8';

/** Whether the caller asks for an answer line by line. */
export const wantsLines = (accept: string | undefined): boolean => /\bapplication\/x-ndjson\b/i.test(accept ?? '');

/**
 * An answer of JSON lines, sent as they are made. A failure before the first line is an ordinary refusal; a later one is
 * the last line, `{t: 'error', error}`, since the status has gone by then.
 */
export class Lines {
  readonly #lines: AsyncIterable<unknown>;

  constructor(lines: AsyncIterable<unknown>) {
    this.#lines = lines;
  }

  async send(reply: FastifyReply): Promise<FastifyReply> {
    const lines = this.#lines[Symbol.asyncIterator]();
    const first = await lines.next();
    const text = async function* (): AsyncGenerator<string> {
      try {
        for (let next = first; !next.done; next = await lines.next()) yield `${JSON.stringify(next.value)}\n`;
      } catch (error) {
        const told = knownError(error) ?? new SkerryError('internal');
        yield `${JSON.stringify({ t: 'error', error: told.toBody() })}\n`;
      } finally {
        await lines.return?.(undefined);
      }
    };
    return reply.type(LINES_TYPE).header('x-accel-buffering', 'no').send(Readable.from(text()));
  }
}

export const isLines = (answer: unknown): answer is Lines => answer instanceof Lines;
