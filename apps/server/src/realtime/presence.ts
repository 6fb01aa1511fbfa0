import type { AccountId, Down, PresenceState } from '@skerry/protocol';
import { encodeFrame } from '../log/frames.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Hub } from './hub.ts';

/** What a socket says of whoever is at it. */
export type Here = Exclude<PresenceState, 'offline'>;

/** Changes of this long are told together, so that many people arriving at once are not many frames for many people. */
const TOGETHER_MS = 250;

/** How many sockets of an account say what. */
type Sockets = { online: number; away: number };

/** Who is here, by connection: an account is online while one of its sockets is, and away when all of them are. SPEC L-13. */
export class Presence {
  readonly #hub: Pick<Hub, 'tell'>;
  readonly #sockets = new Map<AccountId, Sockets>();
  readonly #told = new Map<AccountId, Here>();
  readonly #changed = new Set<AccountId>();
  #timer: NodeJS.Timeout | undefined;

  constructor(hub: Pick<Hub, 'tell'>) {
    this.#hub = hub;
  }

  /** A socket of the account now says `to`, where it said `from`; `offline` before it came and after it left. */
  change(account: AccountId, from: PresenceState, to: PresenceState): void {
    if (from === to) return;
    const sockets = this.#sockets.get(account) ?? { online: 0, away: 0 };
    if (from !== 'offline') sockets[from] -= 1;
    if (to !== 'offline') sockets[to] += 1;
    if (sockets.online + sockets.away === 0) this.#sockets.delete(account);
    else this.#sockets.set(account, sockets);
    this.#changed.add(account);
    this.#timer ??= setTimeout(() => this.#tell(), TOGETHER_MS).unref();
  }

  /** Everybody who is here, as a frame's JSON. */
  full(): string {
    const accounts = [...this.#sockets.keys()].map((account): [AccountId, PresenceState] => [
      account,
      this.#stateOf(account),
    ]);
    return JSON.stringify({ t: 'presence', full: true, accounts } satisfies Down);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #stateOf(account: AccountId): PresenceState {
    const sockets = this.#sockets.get(account);
    if (sockets === undefined) return 'offline';
    return sockets.online > 0 ? 'online' : 'away';
  }

  #tell(): void {
    this.#timer = undefined;
    const accounts: [AccountId, PresenceState][] = [];
    for (const account of this.#changed) {
      const state = this.#stateOf(account);
      if (state === (this.#told.get(account) ?? 'offline')) continue;
      if (state === 'offline') this.#told.delete(account);
      else this.#told.set(account, state);
      accounts.push([account, state]);
    }
    this.#changed.clear();
    if (accounts.length === 0) return;
    const frame: Down = { t: 'presence', full: false, accounts };
    this.#hub.tell(SERVER_STREAM, encodeFrame(JSON.stringify(frame)));
  }
}
