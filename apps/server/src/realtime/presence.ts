import type { AccountId, Down, PresenceState } from '@skerry/protocol';
import { encodeFrame } from '../log/frames.ts';
import { SERVER_STREAM } from '../log/stream-key.ts';
import type { Hub, Subscriber } from './hub.ts';

type Here = Exclude<PresenceState, 'offline'>;

/** Changes of this long are told together, so that many people arriving at once are not many frames for many people. */
const TOGETHER_MS = 250;

/** Who is here, by connection: an account is online while one of its sockets is, and away when all of them are. SPEC L-13. */
export class Presence {
  readonly #hub: Hub;
  readonly #sockets = new Map<AccountId, Map<Subscriber, Here>>();
  readonly #told = new Map<AccountId, Here>();
  readonly #changed = new Set<AccountId>();
  #timer: NodeJS.Timeout | undefined;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  set(subscriber: Subscriber, state: Here): void {
    const { account } = subscriber;
    const sockets = this.#sockets.get(account) ?? new Map<Subscriber, Here>();
    this.#sockets.set(account, sockets.set(subscriber, state));
    this.#touch(account);
  }

  remove(subscriber: Subscriber): void {
    const sockets = this.#sockets.get(subscriber.account);
    if (sockets === undefined || !sockets.delete(subscriber)) return;
    if (sockets.size === 0) this.#sockets.delete(subscriber.account);
    this.#touch(subscriber.account);
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
    const states = this.#sockets.get(account);
    if (states === undefined) return 'offline';
    for (const state of states.values()) if (state === 'online') return 'online';
    return 'away';
  }

  #touch(account: AccountId): void {
    this.#changed.add(account);
    this.#timer ??= setTimeout(() => this.#tell(), TOGETHER_MS).unref();
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
    if (accounts.length > 0)
      this.#hub.tell(
        SERVER_STREAM,
        encodeFrame(JSON.stringify({ t: 'presence', full: false, accounts } satisfies Down)),
      );
  }
}
