import { type AnswerRequest, ASSISTANT_LIMITS, type RunnerAnswer, SkerryError } from '@skerry/protocol';
import type { GuildTextBasedChannel, Message } from 'discord.js';
import { isPassing } from './api.ts';
import { Backoff } from './backoff.ts';
import type { Send } from './journal.ts';
import { type Log, whereOf } from './log.ts';
import { cut, seenMessage } from './seen-message.ts';

const TYPING_MS = 8_000;
/** Somebody who waited for longer has gone on. */
const PATIENCE_MS = 90_000;
/** Answers being made at once for one account in one guild. */
const MOST_PENDING = 8;
const CHANNEL_NAME = 100;

export type ReplyParts = {
  readonly accountId: AnswerRequest['accountId'];
  readonly guildId: string;
  readonly self: string;
  readonly log: Log;
  ask(request: AnswerRequest, signal: AbortSignal): Promise<RunnerAnswer>;
  send(answer: Omit<Send, 'id' | 'nonce' | 'at'>, signal: AbortSignal): Promise<void>;
  isActive(): boolean;
};

/** The answers of one account's assistant in one guild. A person's newer message takes the place of the one before it. */
export class Replies {
  readonly #parts: ReplyParts;
  readonly #pending = new Map<string, AbortController>();

  constructor(parts: ReplyParts) {
    this.#parts = parts;
  }

  /** @param isAddressed it mentions the assistant or replies to it */
  async hear(message: Message<true>, isAddressed: boolean, stop: AbortSignal): Promise<void> {
    const key = `${message.channelId} ${message.author.id}`;
    const older = this.#pending.get(key);
    // What somebody adds while the answer is being made belongs to the question.
    if (!isAddressed && (older === undefined || !isAddition(message))) return;
    if (older === undefined && this.#pending.size >= MOST_PENDING) {
      this.#parts.log('warn', {
        event: 'too_many_at_once',
        account: this.#parts.accountId,
        guild: this.#parts.guildId,
      });
      return;
    }
    older?.abort();
    const own = new AbortController();
    this.#pending.set(key, own);
    const forget = () => this.#pending.get(key) === own && this.#pending.delete(key);
    try {
      const answer = await this.#prepare(message, AbortSignal.any([own.signal, stop]));
      // From here on it is being said; what comes now is a new question.
      forget();
      if (answer !== null && this.#parts.isActive()) await this.#parts.send(answer, stop);
    } catch (error) {
      if (own.signal.aborted || stop.aborted) return;
      const { accountId: account, guildId: guild, log } = this.#parts;
      if (error instanceof SkerryError) log('warn', { event: 'unanswered', account, guild, code: error.code });
      else log('warn', { event: 'unanswered', account, guild, error: whereOf(error) });
    } finally {
      forget();
    }
  }

  /** Nothing that is being thought about is said any more. */
  drop(): void {
    for (const pending of this.#pending.values()) pending.abort();
    this.#pending.clear();
  }

  async #prepare(message: Message<true>, signal: AbortSignal): Promise<Omit<Send, 'id' | 'nonce' | 'at'> | null> {
    const { accountId, guildId, self } = this.#parts;
    const { channel, channelId } = message;
    const typing = showTyping(channel);
    try {
      const context = await history(message, self);
      signal.throwIfAborted();
      const channelName = cut(channel.name, CHANNEL_NAME);
      const request = { accountId, guildId, channelId, channelName, messages: context };
      const answer = await this.#ask(request, signal);
      signal.throwIfAborted();
      if (answer.kind === 'silent') return null;
      return { accountId, guildId, channelId, channelName, replyTo: message.id, text: answer.text, context };
    } finally {
      clearInterval(typing);
    }
  }

  async #ask(request: AnswerRequest, signal: AbortSignal): Promise<RunnerAnswer> {
    const until = Date.now() + PATIENCE_MS;
    const backoff = new Backoff();
    for (;;) {
      try {
        return await this.#parts.ask(request, signal);
      } catch (error) {
        const wait = error instanceof SkerryError ? (error.retryAfterMs ?? 0) : 0;
        if (signal.aborted || !isPassing(error) || Date.now() + wait > until) throw error;
        await backoff.wait(signal, wait);
      }
    }
  }
}

/** Said to nobody else in particular. */
function isAddition({ content, reference, mentions }: Message<true>): boolean {
  return content !== '' && reference === null && mentions.users.size === 0 && mentions.roles.size === 0;
}

/** The newest messages up to this one, oldest first; this one alone where the channel's past may not be read. */
async function history(message: Message<true>, self: string) {
  const limit = ASSISTANT_LIMITS.contextMessages - 1;
  const before = await message.channel.messages.fetch({ limit, before: message.id }).catch(() => null);
  const older = [...(before?.values() ?? [])].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  return [...older, message].map((one) => seenMessage(one, self));
}

/** Until the interval is cleared. */
function showTyping(channel: GuildTextBasedChannel): NodeJS.Timeout {
  const show = () => void channel.sendTyping().catch(() => undefined);
  show();
  return setInterval(show, TYPING_MS);
}
