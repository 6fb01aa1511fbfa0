import { type AccountId, type ChatMessage, SkerryError } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import type { Clock } from '../rate-limits.ts';
import type { ServerModel } from './assistants-config.ts';
import { cleaner, shorten } from './clean-answer.ts';
import type { Knowledge } from './knowledge-reads.ts';
import { askModel, type ModelAccess, type ModelTimes, type Turn } from './model-answer.ts';
import { type Passage, Passages } from './passages.ts';
import { quoteAnswer } from './quote-answer.ts';
import type { StoredSecrets } from './stored-secrets.ts';
import { honest } from './what-it-is.ts';

/** Tokens of the operator's model that one account may use in a day. */
export const SERVER_TOKENS_PER_DAY = 200_000;

export type AnswererDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly clock: Clock;
  readonly secrets: StoredSecrets;
  readonly serverModel: ServerModel | null;
  /** For endpoints that a person typed. */
  readonly guardedFetch: typeof globalThis.fetch;
  readonly times: ModelTimes;
  readonly onFault: (error: unknown) => void;
};

export type Ask = {
  readonly account: AccountId;
  readonly knowledge: Knowledge;
  readonly turns: readonly Turn[];
  /** Code points of the answer. */
  readonly most: number;
  readonly signal: AbortSignal;
  readonly onText: (delta: string) => void;
};

export type Answered = {
  readonly text: string;
  readonly engine: 'model' | 'quotes';
  readonly sources: ChatMessage['sources'];
};

/** Answers for one guild of one person, out of that guild's texts alone. */
export class Answerer {
  readonly #deps: AnswererDeps;

  constructor(deps: AnswererDeps) {
    this.#deps = deps;
  }

  /** @throws SkerryError upstream_failed when the model failed; the signal's reason when it was stopped */
  async answer({ account, knowledge, turns, most, signal, onText }: Ask): Promise<Answered> {
    const asked = turns.at(-1)?.text ?? '';
    const passages = new Passages(knowledge);
    const clean = cleaner(knowledge);
    const finish = (text: string): string => finished(text, { knowledge, asked, most });
    const chosen = await this.#choose(account);
    if (chosen.access === null) {
      const { text, sources } = quoteAnswer(passages, asked, chosen.isOverLimit);
      const whole = finish(text);
      onText(whole);
      return { text: whole, engine: 'quotes', sources: sources.map(sourceOf) };
    }
    const words = wholeWords((text) => onText(clean(text)));
    const answer = await askModel(
      { access: chosen.access, knowledge, passages, turns, most, times: this.#deps.times, signal, onText: words },
      (tokens) => this.#spend(account, tokens),
    );
    const text = finish(answer.text);
    // All of it was of what nobody is shown.
    if (text === '') throw new SkerryError('upstream_failed', { message: 'The model said nothing.' });
    return { text, engine: 'model', sources: unique(answer.sources).map(sourceOf) };
  }

  async #choose(account: AccountId): Promise<{ access: ModelAccess | null; isOverLimit: boolean }> {
    const { db, clock, secrets, serverModel, guardedFetch } = this.#deps;
    const { own, tokensToday } = await db.read('assistants.model', { account, now: clock.now() });
    const limit = own === null ? SERVER_TOKENS_PER_DAY : own.tokensPerDay;
    if ((own !== null || serverModel !== null) && limit !== null && tokensToday >= limit)
      return { access: null, isOverLimit: true };
    if (own !== null) {
      const key = own.apiKey === null ? null : secrets.open(own.apiKey, { use: 'model', account, row: own.id });
      if (key === undefined)
        throw new SkerryError('upstream_failed', {
          message: 'The key of the model can no longer be read. Enter it again.',
        });
      return { access: { endpoint: own.endpoint, model: own.model, key, fetch: guardedFetch }, isOverLimit: false };
    }
    if (serverModel === null) return { access: null, isOverLimit: false };
    return { access: { ...serverModel, fetch: globalThis.fetch }, isOverLimit: false };
  }

  #spend(account: AccountId, tokens: number): void {
    const { db, clock, onFault } = this.#deps;
    db.write('assistants.spendTokens', { account, tokens, now: clock.now() }).catch(onFault);
  }
}

/** What was said as it may be kept and shown: without foreign addresses, honest about who says it, not too long. */
export function finished(
  text: string,
  { knowledge, asked, most }: { knowledge: Knowledge; asked: string; most: number },
): string {
  return shorten(honest(cleaner(knowledge)(text).trim(), asked, knowledge.guild.botName), most);
}

/** Passes text on up to the last space, so that no address is passed on in halves. */
function wholeWords(pass: (text: string) => void): (delta: string) => void {
  let held = '';
  return (delta) => {
    held += delta;
    const end = Math.max(held.lastIndexOf(' '), held.lastIndexOf('\n')) + 1;
    if (end === 0) return;
    pass(held.slice(0, end));
    held = held.slice(end);
  };
}

const sourceOf = ({ title, url }: Passage): ChatMessage['sources'][number] => ({ title: title.slice(0, 300), url });

const unique = (passages: readonly Passage[]): Passage[] =>
  [...new Map(passages.map((passage) => [passage.url ?? passage.title, passage])).values()].slice(0, 20);
