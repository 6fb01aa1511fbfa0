import { equalBytes } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { addressKey } from './address.ts';
import type { Address } from './address.ts';
import { PREKEYS } from './device.ts';
import type { Device } from './device.ts';
import { identityChange, knownIdentity, loadOwnIdentity, requireIdentity } from './identity.ts';
import { beginSession } from './initiate.ts';
import type { Bundle, PostQuantum } from './initiate.ts';
import { pad, unpad } from './padding.ts';
import { ratchetDecrypt, ratchetEncrypt } from './ratchet.ts';
import { acceptSession } from './respond.ts';
import { promote, readSession, writeSession } from './session-state.ts';
import type { SessionRecord, SessionState } from './session-state.ts';
import type { Change, Settle } from './stores.ts';
import { decodePreKeyMessage, decodeSignalMessage, encodePreKeyMessage } from './wire.ts';
import type { PreKeyMessage, ReadSignalMessage, SessionVersion } from './wire.ts';

/** A session that was never answered is given up after this, while the prekeys it began with still exist. */
export const MAX_UNANSWERED_MS = 21 * 86_400_000;

/** `prekey` begins a session, and is what is sent until the other side has answered. */
export type Envelope = { readonly kind: 'prekey' | 'message'; readonly body: Uint8Array };

/**
 * Encrypted conversations with single devices. Operations on one address run one after another. Each changes its
 * state by one commit: before a ciphertext leaves, and only after a message proved to be good. A `settle` that is
 * given does that commit, together with what else belongs to it; it must not call back for the same address.
 */
export class Sessions {
  readonly #device: Device;
  readonly #postQuantum: PostQuantum;

  /** @param options.postQuantum `required` refuses to begin or accept a session without a Kyber key */
  constructor(device: Device, options: { postQuantum: PostQuantum }) {
    this.#device = device;
    this.#postQuantum = options.postQuantum;
  }

  /** Whether {@link encrypt} would find a session. */
  async has(address: Address): Promise<boolean> {
    const { current } = await this.#load(address);
    return current !== undefined && !this.#isGivenUp(current);
  }

  /**
   * Begins a session from what the key directory answered; one that exists is archived.
   * @throws CryptoError `signature_wrong`, `weak_key`, `malformed`, `downgrade`, `identity_changed`, `no_identity`
   */
  async start(address: Address, bundle: Bundle): Promise<void> {
    await this.#alone(address, async () => {
      const state = await beginSession(this.#device, bundle, this.#postQuantum);
      const changes = await requireIdentity(this.#device, address, bundle.identityKey);
      const record = promote(await this.#load(address), state);
      await this.#device.stores.commit([...changes, sessionChange(address, record)]);
    });
  }

  /**
   * @param plaintext is padded, so that its length says little
   * @throws CryptoError `no_session`, also when the session was never answered for three weeks; `identity_changed`
   */
  async encrypt(address: Address, plaintext: Uint8Array, settle?: Settle<Envelope>): Promise<Envelope> {
    return this.#alone(address, async () => {
      const record = await this.#load(address);
      const state = record.current;
      if (state === undefined || this.#isGivenUp(state)) throw new CryptoError('no_session');
      const identity = await requireIdentity(this.#device, address, state.remoteIdentity);
      const envelope = seal(state, plaintext);
      await this.#settle(envelope, [...identity, sessionChange(address, record)], settle);
      return envelope;
    });
  }

  /**
   * @throws CryptoError `duplicate`, `not_authentic`, `no_session`, `malformed`, `weak_key`, `too_far_ahead`,
   * `identity_changed`; for an envelope that begins a session also `prekey_missing`, `replayed`, `downgrade`,
   * `no_identity`. The state is then as before.
   */
  async decrypt(address: Address, envelope: Envelope, settle?: Settle<Uint8Array>): Promise<Uint8Array> {
    if (envelope.kind === 'message') {
      const message = decodeSignalMessage(envelope.body);
      return this.#alone(address, () => this.#decryptMessage(address, message, settle));
    }
    const first = decodePreKeyMessage(envelope.body);
    const inner = decodeSignalMessage(first.message.message);
    if (inner.version !== first.version) throw new CryptoError('malformed');
    return this.#alone(address, () =>
      this.#device.exclusive.run(PREKEYS, () => this.#decryptFirst(address, { ...first, inner }, settle)),
    );
  }

  /** The identity that this device's messages are held to, and since when; undefined for one never met. */
  async identityOf(address: Address): Promise<{ readonly key: Uint8Array; readonly since: number } | undefined> {
    return knownIdentity(this.#device.stores.identity, address);
  }

  /** A person has accepted the key. The current session, if it is of another identity, is archived. */
  async acceptIdentity(address: Address, key: Uint8Array): Promise<void> {
    await this.#alone(address, async () => {
      const changes = [identityChange(address, { key, since: this.#device.clock.now() })];
      const record = await this.#load(address);
      if (record.current !== undefined && !equalBytes(record.current.remoteIdentity, key)) {
        changes.push(sessionChange(address, withoutCurrent(record)));
      }
      await this.#device.stores.commit(changes);
    });
  }

  /** Archives the current session: the next message needs {@link start}, those under way can still be read. */
  async reset(address: Address): Promise<void> {
    await this.#alone(address, async () => {
      const record = await this.#load(address);
      if (record.current === undefined) return;
      await this.#device.stores.commit([sessionChange(address, withoutCurrent(record))]);
    });
  }

  /** Forgets a device that is no more: its sessions and its identity. */
  async forget(address: Address): Promise<void> {
    await this.#alone(address, () =>
      this.#device.stores.commit([
        { store: 'session', address, record: undefined },
        { store: 'identity', address, record: undefined },
      ]),
    );
  }

  async #decryptMessage(address: Address, read: ReadSignalMessage, settle?: Settle<Uint8Array>): Promise<Uint8Array> {
    const { state, padded } = await this.#tryAll(address, read);
    const identity = await requireIdentity(this.#device, address, state.remoteIdentity);
    const plaintext = unpad(padded);
    const record = replace(await this.#load(address), state);
    await this.#settle(plaintext, [...identity, sessionChange(address, record)], settle);
    return plaintext;
  }

  async #decryptFirst(
    address: Address,
    first: { version: SessionVersion; message: PreKeyMessage; inner: ReadSignalMessage },
    settle?: Settle<Uint8Array>,
  ): Promise<Uint8Array> {
    const { version, message, inner } = first;
    const identity = await requireIdentity(this.#device, address, message.identityKey);
    const record = await this.#load(address);
    const state = statesOf(record).find((one) => one.version === version && equalBytes(one.baseKey, message.baseKey));
    if (state !== undefined) {
      if (!equalBytes(state.remoteIdentity, message.identityKey)) throw new CryptoError('not_authentic');
      const plaintext = unpad(await ratchetDecrypt(state, inner, this.#device));
      await this.#settle(plaintext, [...identity, sessionChange(address, promote(record, state))], settle);
      return plaintext;
    }
    if (version === 3 && this.#postQuantum === 'required') throw new CryptoError('downgrade');
    const own = await loadOwnIdentity(this.#device.stores.identity);
    const accepted = await acceptSession(this.#device, own, { version, message });
    const plaintext = unpad(await ratchetDecrypt(accepted.state, inner, this.#device));
    const next = promote(record, accepted.state);
    await this.#settle(plaintext, [...identity, ...accepted.changes, sessionChange(address, next)], settle);
    return plaintext;
  }

  /** The session that can read the message, the current one first. Each is tried on a copy of its own. */
  async #tryAll(address: Address, read: ReadSignalMessage): Promise<{ state: SessionState; padded: Uint8Array }> {
    let failure: CryptoError | undefined;
    for (const state of statesOf(await this.#load(address))) {
      try {
        return { state, padded: await ratchetDecrypt(state, read, this.#device) };
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        // The chain was found, so no other session will have it.
        if (error.code === 'duplicate') throw error;
        failure ??= error;
      }
    }
    throw failure ?? new CryptoError('no_session');
  }

  #isGivenUp({ pending }: SessionState): boolean {
    return pending !== undefined && this.#device.clock.now() - pending.since > MAX_UNANSWERED_MS;
  }

  async #load(address: Address): Promise<SessionRecord> {
    return readSession(await this.#device.stores.sessions.load(address));
  }

  async #settle<T>(result: T, changes: readonly Change[], settle: Settle<T> | undefined): Promise<void> {
    await (settle === undefined ? this.#device.stores.commit(changes) : settle(result, changes));
  }

  #alone<T>(address: Address, work: () => Promise<T>): Promise<T> {
    return this.#device.exclusive.run(`session/${addressKey(address)}`, work);
  }
}

function seal(state: SessionState, plaintext: Uint8Array): Envelope {
  const { pending, version, localIdentity, localRegistrationId, baseKey } = state;
  const body = ratchetEncrypt(state, pad(plaintext));
  if (pending === undefined) return { kind: 'message', body };
  const { preKeyId, signedPreKeyId, kyberPreKeyId, kyberCiphertext } = pending;
  const first: PreKeyMessage = {
    preKeyId,
    baseKey,
    identityKey: localIdentity,
    message: body,
    registrationId: localRegistrationId,
    signedPreKeyId,
    kyberPreKeyId,
    kyberCiphertext,
  };
  return { kind: 'prekey', body: encodePreKeyMessage(version as SessionVersion, first) };
}

function statesOf({ current, archived }: SessionRecord): SessionState[] {
  return current === undefined ? archived : [current, ...archived];
}

/** The untouched record with the state that moved on in place of its former self, and current from now on. */
function replace(record: SessionRecord, state: SessionState): SessionRecord {
  const isOther = (one: SessionState) => one.version !== state.version || !equalBytes(one.baseKey, state.baseKey);
  const [first, ...rest] = statesOf(record).filter(isOther);
  return promote({ current: first, archived: rest }, state);
}

function withoutCurrent(record: SessionRecord): SessionRecord {
  return { current: undefined, archived: statesOf(record) };
}

function sessionChange(address: Address, record: SessionRecord): Change {
  return { store: 'session', address, record: writeSession(record) };
}
