import { ACCOUNT_ROUTES, KEY_ROUTES, MACHINE_ROUTES } from '@skerry/protocol';
import { Api, callOpen } from '../api/api.ts';
import { Connection } from '../connection/connection.ts';
import { MachineWire } from '../connection/machine-wire.ts';
import { Requests } from '../connection/requests.ts';
import { DialSlots } from '../fleet/dial-slots.ts';
import { Turns } from '../fleet/turns.ts';
import { Identity } from '../servers/identity.ts';
import { Session } from '../servers/session.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { EntrySync } from '../sync/entry-sync.ts';
import { constant } from '../value.ts';
import type { EntryId } from '../views.ts';
import type { MachineIdentity, MachineLinkOptions, MachinePlatform, MachineTokens } from './face.ts';

export type WiresDeps = Pick<MachineLinkOptions, 'tokens' | 'saveTokens'> & {
  readonly platform: MachinePlatform;
  readonly identity: MachineIdentity;
  /** The key that was last vouched for. */
  readonly serverKey: string;
  /** The pinned key has vouched for another one. */
  readonly onKey: (key: string) => void;
  readonly sync: EntrySync;
  readonly heardTime: (serverTime: number) => void;
  readonly signal: AbortSignal;
};

export type Wires = ReturnType<typeof wiresOf>;

/** As one entry among none: the name under which the sign-in is kept. */
const HERE = 'machine' as EntryId;

/**
 * How one machine reaches its one server: the same proof before every secret, the same loop of dialling and backing off, and
 * the same renewal of tokens as in a context of the client.
 */
export function wiresOf(deps: WiresDeps) {
  const { platform, identity: who, tokens, saveTokens, signal } = deps;
  const { clock, random, crypto, http, openTransport } = platform;
  let key = deps.serverKey;
  const requests = new Requests(clock);
  const wire = new MachineWire();
  const origins = (): readonly string[] => [who.origin];
  const identity = new Identity({
    http,
    crypto,
    clock,
    random,
    pin: () => ({ serverId: who.serverId, key }),
    origins,
    onPin: (pin) => {
      key = pin.key;
      deps.onKey(key);
    },
    onMismatch: (error) => connection.stopFor(error),
    signal,
  });
  const session: Session = new Session({
    entryId: HERE,
    vault: tokenVault(tokens, saveTokens),
    clock,
    refresh: (refreshToken) => api.call('refresh', { body: { refreshToken }, signal }),
    account: () => who.account,
    onEnded: (error) => connection.stopFor(error),
    onProblem: () => undefined,
  });
  const api = new Api({
    http,
    proven: (maxAgeMs, caller) => identity.proven(maxAgeMs, caller),
    access: session,
  })
    .with(ACCOUNT_ROUTES)
    .with(KEY_ROUTES)
    .with(MACHINE_ROUTES);
  const connection = new Connection(
    {
      clock,
      random,
      openTransport,
      turns: new Turns(clock),
      slots: new DialSlots(1),
      device: '',
      requests,
      machines: wire,
      nonce: () => identity.nonce(),
      check: (asked, proof) => identity.check(asked, proof),
      hold: (origin) => identity.hold(origin),
      token: () => session.token(),
      refuse: (token) => session.refuse(token),
      signedIn: () => session.check(),
      account: () => who.account,
      origins,
      focused: () => false,
      ready: () => Promise.resolve(deps.sync),
      health: (origin, caller) => callOpen(http, { origin, name: 'health' }, { signal: caller }),
      heardTime: deps.heardTime,
      away: constant(false),
    },
    false,
  );
  return { api, requests, wire, connection };
}

/** Where the sign-in looks for its token; the caller keeps it. */
function tokenVault({ refreshToken }: MachineTokens, save: MachineLinkOptions['saveTokens']): VaultStore {
  let value = refreshToken;
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    get: () => Promise.resolve({ kind: 'secret', value }),
    set: async (_entry, _name, next) => {
      await save({ refreshToken: next });
      value = next;
    },
    delete: nothing,
    deleteAll: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}
