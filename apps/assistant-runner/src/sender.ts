import { randomUUID } from 'node:crypto';
import { type Client, DiscordAPIError, MessageFlags, type SendableChannels } from 'discord.js';
import { Backoff } from './backoff.ts';
import type { Journal, Send } from './journal.ts';
import { type Log, whereOf } from './log.ts';

/** An answer that could not be sent for so long is not sent any more. */
const LATE_MS = 5 * 60_000;
/** As long as Discord surely knows a nonce. */
const NONCE_MS = 100_000;
/** Discord takes a nonce of 25 characters at most. */
const NONCE_LENGTH = 24;

type Parts = {
  readonly client: Client<true>;
  readonly journal: Journal;
  readonly log: Log;
  /** The assistant of a guild is on, now. */
  isActive(guildId: string): boolean;
};

/** Sends answers once each: into the journal first, then to Discord with a nonce, and again until it is known what came of it. */
export class Sender {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws Error when the journal cannot be written, and then nothing was sent; AbortError with the outcome unknown */
  async send(answer: Omit<Send, 'id' | 'nonce' | 'at'>, signal: AbortSignal): Promise<void> {
    const id = randomUUID();
    const send = { ...answer, id, nonce: id.replaceAll('-', '').slice(0, NONCE_LENGTH), at: Date.now() };
    this.#parts.journal.begin(send);
    await this.#deliver(send, { isFirst: true, signal });
  }

  /** Finishes what an earlier life of this program began. @throws AbortError */
  async recover(send: Send, signal: AbortSignal): Promise<void> {
    await this.#deliver(send, { isFirst: false, signal });
  }

  async #deliver(send: Send, how: { isFirst: boolean; signal: AbortSignal }): Promise<void> {
    const { journal, log } = this.#parts;
    const { accountId: account, guildId: guild } = send;
    const backoff = new Backoff();
    for (let isFirst = how.isFirst; ; isFirst = false) {
      how.signal.throwIfAborted();
      try {
        const messageId = await this.#attempt(send, isFirst);
        journal.settle(send.id, messageId, Date.now());
        log('info', { event: messageId === null ? 'not_sent' : 'sent', account, guild });
        return;
      } catch (error) {
        if (isRefusal(error)) {
          journal.settle(send.id, null, Date.now());
          log('warn', { event: 'send_refused', account, guild, code: error.code });
          return;
        }
        log('warn', { event: 'send_failed', account, guild, error: whereOf(error) });
        await backoff.wait(how.signal);
      }
    }
  }

  /** @returns the id of the message; null when it is too late for one, or the assistant was switched off before it was sent */
  async #attempt(send: Send, isFirst: boolean): Promise<string | null> {
    const { client, isActive } = this.#parts;
    const channel = await client.channels.fetch(send.channelId);
    if (channel === null || !channel.isSendable()) return null;
    if (!isFirst) {
      const age = Date.now() - send.at;
      const found = await this.#find(channel, send);
      if (found.id !== null) return found.id;
      // Where the channel cannot be looked through, only the nonce tells a second try from a second message.
      if (age > (found.looked ? LATE_MS : NONCE_MS)) return null;
    }
    if (!isActive(send.guildId)) return null;
    const sent = await channel.send({
      content: send.text,
      reply: { messageReference: send.replyTo, failIfNotExists: false },
      nonce: send.nonce,
      enforceNonce: true,
      // Whatever an answer says, it calls nobody but the one it answers, and makes nobody fetch a page.
      allowedMentions: { parse: [], repliedUser: true },
      flags: MessageFlags.SuppressEmbeds,
    });
    return sent.id;
  }

  /** Looks whether an answer is there already. */
  async #find(channel: SendableChannels, send: Send): Promise<{ looked: boolean; id: string | null }> {
    try {
      const after = await channel.messages.fetch({ limit: 100, after: send.replyTo });
      const own = after.find(
        ({ author, reference, content }) =>
          author.id === this.#parts.client.user.id && reference?.messageId === send.replyTo && content === send.text,
      );
      return { looked: true, id: own?.id ?? null };
    } catch (error) {
      if (isRefusal(error)) return { looked: false, id: null };
      throw error;
    }
  }
}

/** Discord has understood and will not do it; 429 is waited for inside of discord.js. */
function isRefusal(error: unknown): error is DiscordAPIError {
  return error instanceof DiscordAPIError && error.status >= 400 && error.status < 500 && error.status !== 401;
}
