import type { IncomingMessage } from 'node:http';
import { ASSISTANT_LIMITS, type FetchLine, safeText } from '@skerry/protocol';
import robotsParser from 'robots-parser';
import { type Outbound, OutboundError } from './outbound.ts';
import { PageTexts } from './page-texts.ts';
import type { ReadWebsite } from './website-rows.ts';

export type Step = Extract<FetchLine, { t: 'step' }>;

export type ReaderLimits = {
  /** Milliseconds until all of it is here; finding its text has a limit of its own. */
  readonly totalMs: number;
  /** Bytes of one answer. */
  readonly bytes: number;
  readonly redirects: number;
};
const READER_LIMITS: ReaderLimits = { totalMs: 20_000, bytes: 2 * 1024 * 1024, redirects: 5 };

/** The package is CommonJS, its types say otherwise. */
const parseRobots = robotsParser as unknown as (
  url: string,
  text: string,
) => { isAllowed(url: string, agent: string): boolean | undefined };

const AGENT = 'SkerryAssistant';
const AGENT_HEADER = `${AGENT}/1.0 (reads pages that people give their assistants)`;
const ROBOTS_BYTES = 512 * 1024;

export type WebsiteAsk = {
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly hasText: boolean;
};

/** Reads one page: robots.txt first, then the page, then its text. What goes wrong is an outcome, not an exception. */
export class WebsiteReader {
  readonly #outbound: Outbound;
  readonly #limits: ReaderLimits;
  readonly #texts = new PageTexts();

  constructor(outbound: Outbound, limits: ReaderLimits = READER_LIMITS) {
    this.#outbound = outbound;
    this.#limits = limits;
  }

  async read(ask: WebsiteAsk, onStep: (step: Step) => void, stop: AbortSignal): Promise<ReadWebsite> {
    const late = AbortSignal.timeout(this.#limits.totalMs);
    const signal = AbortSignal.any([late, stop]);
    try {
      return await this.#read(ask, { onStep, signal, stop });
    } catch (error) {
      if (late.aborted) return failed('It took too long to answer.');
      if (stop.aborted) return failed('Reading was stopped.');
      if (error instanceof OutboundError) return failed(error.message, error.refused);
      return failed('It could not be read.');
    }
  }

  async #read(
    ask: WebsiteAsk,
    { onStep, signal, stop }: { onStep: (step: Step) => void; signal: AbortSignal; stop: AbortSignal },
  ): Promise<ReadWebsite> {
    let url = new URL(ask.url);
    const judged = new Map<string, boolean>();
    for (let hop = 0; hop <= this.#limits.redirects; hop++) {
      onStep({ t: 'step', step: 'robots', bytes: 0 });
      const mayRead = judged.get(url.href) ?? (await this.#mayRead(url, signal));
      judged.set(url.href, mayRead);
      if (!mayRead) return failed('Its robots.txt asks not to be read.', true);
      onStep({ t: 'step', step: 'connecting', bytes: 0 });
      const answer = await this.#outbound.ask(url, { headers: headersFor(ask), signal });
      const status = answer.statusCode ?? 0;
      if (status >= 300 && status < 400 && status !== 304) {
        answer.destroy();
        const next = answer.headers.location;
        if (next === undefined || !URL.canParse(next, url.href)) return failed('It redirects to nowhere.');
        url = new URL(next, url);
        continue;
      }
      if (status === 304) {
        answer.destroy();
        return ask.hasText
          ? { kind: 'unchanged' }
          : failed('It said that nothing changed, but nothing was read before.');
      }
      if (status === 404 || status === 410) {
        answer.destroy();
        return failed(`It answered ${status}: there is no such page.`, true);
      }
      if (status !== 200) {
        answer.destroy();
        return failed(`It answered ${status}.`);
      }
      return this.#page(answer, { url, onStep, stop });
    }
    return failed(`It redirects more than ${this.#limits.redirects} times.`);
  }

  async #page(
    answer: IncomingMessage,
    { url, onStep, stop }: { url: URL; onStep: (step: Step) => void; stop: AbortSignal },
  ): Promise<ReadWebsite> {
    const type = (answer.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const isHtml = type === 'text/html' || type === 'application/xhtml+xml';
    if (!isHtml && type !== 'text/plain') {
      answer.destroy();
      return failed('It is neither a web page nor plain text.');
    }
    const bytes = await collect(answer, this.#limits.bytes, {
      onBytes: (read) => onStep({ t: 'step', step: 'reading', bytes: read }),
    });
    if (looksBinary(bytes)) return failed('It says that it is text, but it is not.');
    onStep({ t: 'step', step: 'extracting', bytes: bytes.length });
    const text = decode(bytes, answer.headers['content-type'] ?? '');
    const { title, content } = isHtml ? await this.#texts.read(text, stop) : { title: null, content: text };
    const kept = tidy(content, ASSISTANT_LIMITS.websiteText);
    if (kept === '') return failed('There is no text on this page.');
    return {
      kind: 'read',
      title: tidy(title ?? '', 300) || url.hostname,
      content: kept,
      etag: header(answer, 'etag'),
      lastModified: header(answer, 'last-modified'),
    };
  }

  /** No robots.txt allows everything; one that cannot be asked for now forbids it for now. */
  async #mayRead(url: URL, signal: AbortSignal): Promise<boolean> {
    let robots = new URL('/robots.txt', url);
    for (let hop = 0; hop <= this.#limits.redirects; hop++) {
      const answer = await this.#outbound.ask(robots, { headers: { 'user-agent': AGENT_HEADER }, signal });
      const status = answer.statusCode ?? 0;
      const next = answer.headers.location;
      if (status >= 300 && status < 400 && next !== undefined && URL.canParse(next, robots.href)) {
        answer.destroy();
        robots = new URL(next, robots);
        continue;
      }
      if (status !== 200) {
        answer.destroy();
        if (status >= 500) throw new OutboundError('Its robots.txt cannot be read now.');
        return true;
      }
      const text = (await collect(answer, ROBOTS_BYTES, { isCut: true })).toString('utf8');
      return parseRobots(new URL('/robots.txt', url).href, text).isAllowed(url.href, AGENT) !== false;
    }
    throw new OutboundError('Its robots.txt redirects too often.');
  }
}

const failed = (error: string, erase = false): ReadWebsite => ({ kind: 'failed', error, erase });

function headersFor({ etag, lastModified, hasText }: WebsiteAsk): Record<string, string> {
  return {
    'user-agent': AGENT_HEADER,
    accept: 'text/html, application/xhtml+xml, text/plain;q=0.8',
    ...(hasText && etag !== null ? { 'if-none-match': etag } : {}),
    ...(hasText && lastModified !== null ? { 'if-modified-since': lastModified } : {}),
  };
}

const header = (answer: IncomingMessage, name: 'etag' | 'last-modified'): string | null => {
  const value = answer.headers[name];
  return value === undefined || value.length > 300 ? null : value;
};

/** @throws OutboundError when there is more, unless the rest may be cut off */
async function collect(
  answer: IncomingMessage,
  most: number,
  { onBytes, isCut = false }: { onBytes?: (read: number) => void; isCut?: boolean },
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let read = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      read += part.length;
      if (read > most) {
        if (isCut) break;
        throw new OutboundError(`It is larger than ${Math.round(most / 1024 / 1024)} MiB.`);
      }
      parts.push(part);
      onBytes?.(read);
    }
  } finally {
    answer.destroy();
  }
  return Buffer.concat(parts);
}

const looksBinary = (bytes: Buffer): boolean => bytes.subarray(0, 4_096).includes(0);

function decode(bytes: Buffer, type: string): string {
  const charset = /charset=["']?([\w-]{1,40})/i.exec(type)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** Lines without what shows as nothing, at most `most` code points. */
function tidy(text: string, most: number): string {
  const lines = safeText(text)
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '');
  return Array.from(lines.join('\n')).slice(0, most).join('');
}
