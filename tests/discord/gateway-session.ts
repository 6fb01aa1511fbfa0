import type { WebSocket } from 'ws';
import { shardOf } from './snowflake.ts';
import type { Bot } from './world.ts';

/** Events kept for a client that resumes. */
const MOST_KEPT = 1_000;

/** One identified client: its events are numbered from 1 and outlive its socket. */
export class GatewaySession {
  readonly bot: Bot;
  readonly token: string;
  readonly id: string;
  readonly intents: number;
  readonly shard: readonly [number, number];
  readonly #kept: { s: number; text: string }[] = [];
  #seq = 0;
  socket: WebSocket | null = null;
  /** What is sent now is lost on the way, and only a resume brings it. */
  isDeaf = false;
  delayMs = 0;

  constructor(identity: { bot: Bot; id: string; intents: number; shard: readonly [number, number] }) {
    this.bot = identity.bot;
    this.token = identity.bot.token;
    this.id = identity.id;
    this.intents = identity.intents;
    this.shard = identity.shard;
  }

  get seq(): number {
    return this.#seq;
  }

  hears(guildId: string): boolean {
    return shardOf(guildId, this.shard[1]) === this.shard[0];
  }

  dispatch(t: string, d: unknown): void {
    this.#seq += 1;
    const text = JSON.stringify({ op: 0, s: this.#seq, t, d });
    this.#kept.push({ s: this.#seq, text });
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    if (!this.isDeaf) this.#send(text);
  }

  /** @returns false when what came after `seq` is no longer kept */
  replay(seq: number): boolean {
    const first = this.#kept[0]?.s ?? this.#seq + 1;
    if (seq + 1 < first) return false;
    for (const { s, text } of this.#kept) if (s > seq) this.#send(text);
    return true;
  }

  #send(text: string): void {
    const { socket } = this;
    if (this.delayMs === 0) socket?.send(text);
    else setTimeout(() => socket?.send(text), this.delayMs);
  }
}
