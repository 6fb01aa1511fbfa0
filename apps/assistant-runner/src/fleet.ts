import type { RunnerTokens } from '@skerry/protocol';
import type { Api, Session } from './api.ts';
import { BotConnection } from './bot-connection.ts';
import type { Journal } from './journal.ts';
import { type Log, whereOf } from './log.ts';
import type { RunnerKeys } from './runner-keys.ts';
import { openToken } from './sealed-token.ts';

type Parts = {
  readonly api: Api;
  readonly keys: RunnerKeys;
  readonly journal: Journal;
  readonly log: Log;
  readonly discordApi: string;
};

/** An answer of an account that is no longer there is given up after so long. */
const ORPHAN_MS = 10 * 60_000;

/** All connections: one for each token the server has. */
export class Fleet {
  readonly #parts: Parts;
  readonly #bots = new Map<string, { readonly tokenId: string; readonly connection: BotConnection }>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Makes the connections what the server says; those that stay the same are left alone. */
  apply({ tokens }: RunnerTokens, session: Session): void {
    const gone = new Set(this.#bots.keys());
    for (const token of tokens) {
      const { userId, tokenId, servers } = token;
      gone.delete(userId);
      const known = this.#bots.get(userId);
      if (known?.tokenId === tokenId) {
        known.connection.update(servers);
        continue;
      }
      if (known !== undefined) this.#drop(userId);
      const connection = this.#open(token, session);
      if (connection === null) continue;
      this.#bots.set(userId, { tokenId, connection });
      connection.update(servers);
    }
    for (const userId of gone) this.#drop(userId);
    this.#giveUpOrphans();
  }

  /** Says goodbye to Discord everywhere. */
  async clear(): Promise<void> {
    for (const userId of [...this.#bots.keys()]) this.#drop(userId);
    await Promise.all(this.#leaving);
  }

  #open(token: RunnerTokens['tokens'][number], { serverId, runnerId }: Session): BotConnection | null {
    const { keys, log, journal, discordApi, api } = this.#parts;
    const { userId: accountId, tokenId, sealedToken } = token;
    try {
      const bound = { serverId, runner: runnerId, account: accountId, token: tokenId };
      const opened = openToken(keys, sealedToken, bound);
      const ask: Parts['api']['answer'] = (request, signal) => api.answer(request, signal);
      return new BotConnection({ accountId, token: opened, discordApi, journal, log, ask });
    } catch (error) {
      log('error', { event: 'token_unreadable', account: accountId, error: whereOf(error) });
      return null;
    }
  }

  #drop(userId: string): void {
    const leaving = this.#bots.get(userId)?.connection.stop();
    this.#bots.delete(userId);
    if (leaving === undefined) return;
    const kept = leaving
      .catch((error: unknown) => this.#parts.log('error', { event: 'unexpected', error: whereOf(error) }))
      .finally(() => this.#leaving.delete(kept));
    this.#leaving.add(kept);
  }

  #giveUpOrphans(): void {
    const { journal } = this.#parts;
    for (const { id, accountId, at } of journal.unsettled)
      if (!this.#bots.has(accountId) && Date.now() - at > ORPHAN_MS) journal.settle(id, null, Date.now());
  }
}
