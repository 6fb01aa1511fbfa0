import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pin } from '@skerry/core/node';
import {
  type Answer,
  type Body,
  encodePairingApproval,
  encodePairingClaim,
  encodePairingCode,
  encodePairingNonce,
  encodePairingRequest,
  encodePairingSeal,
  encodePairingStep,
  formatLink,
  MACHINE_TIMES,
  type MachineToken,
  machineToken,
  type PairingAnswer,
  pairingAnswer,
  SkerryError,
} from '@skerry/protocol';
import { matchingCode } from '@skerry/protocol/words';
import { StartError } from '@skerry/server/command-line';
import {
  isSignedBy,
  type KeyPair,
  newBoxKey,
  newIdentityKey,
  newRegistrationId,
  newSigningKey,
  openSealed,
  signWith,
} from '../machine/machine-keys.ts';
import type { ServerCalls } from '../machine/server-calls.ts';

type Status = Answer<'pollPairing'>;
type Taker = NonNullable<Status['taker']>;
type Step = Parameters<typeof encodePairingStep>[0]['step'];

/** What this computer says of itself. */
export type Itself = { readonly label: string; readonly system: string; readonly program: string };
export type MatchingCode = ReturnType<typeof matchingCode>;
export type Paired = { readonly answer: PairingAnswer; readonly token: MachineToken; readonly username: string };

/**
 * This computer asking one server to become somebody's machine. Its keys are made for this alone; nobody but who holds
 * them can go on with it, whoever has seen the code. SPEC M-3 to M-6.
 */
export class PairingRequest {
  readonly signing = newSigningKey();
  readonly identity = newIdentityKey();
  readonly registrationId = newRegistrationId();
  readonly #box = newBoxKey();
  readonly #nonce = randomBytes(32).toString('base64url');
  readonly #server: ServerCalls;
  readonly #pin: Pin;
  /** The server's nonce for the next step. */
  #next = '';

  private constructor(server: ServerCalls, pin: Pin) {
    this.#server = server;
    this.#pin = pin;
  }

  /** @throws StartError when the server has no machines; SkerryError */
  static async make(
    server: ServerCalls,
    pin: Pin,
    itself: Itself,
  ): Promise<{ request: PairingRequest; expiresInMs: number }> {
    const request = new PairingRequest(server, pin);
    const unsigned = {
      key: request.#key,
      boxKey: request.#box.publicKey,
      identityKey: request.identity.publicKey,
      registrationId: request.registrationId,
      commit: request.#commit,
      ...itself,
    };
    const signature = signWith(request.signing, encodePairingRequest(pin.serverId, unsigned));
    try {
      const { expiresAt, serverTime, nonce } = await server.call('requestPairing', {
        body: { ...unsigned, signature },
      });
      request.#next = nonce;
      return { request, expiresInMs: Math.min(expiresAt - serverTime, MACHINE_TIMES.pairingMs) };
    } catch (error) {
      if (error instanceof SkerryError && error.code === 'not_found')
        throw new StartError(`${server.address.host} takes no machines. Its operator can switch that on.`, error);
      throw error;
    }
  }

  /** What the code holds. Any phone's camera opens it. */
  get link(): string {
    const { address } = this.#server;
    const fp = sha256(Buffer.from(this.#pin.key, 'base64url'));
    return formatLink({ kind: 'terminal', address, key: this.#key, commit: this.#commit, server: address.origin, fp });
  }

  /** Waits until somebody's device has taken the request, and shows it the nonce that was committed to. @throws StartError, SkerryError */
  async taken(signal: AbortSignal): Promise<{ readonly taker: Taker; readonly code: MatchingCode }> {
    const { taker } = await this.#until(({ taker }) => taker !== null, signal);
    if (taker === null) throw new StartError('Nobody took it.');
    const { serverId } = this.#pin;
    const { account, device, nonce, signKey } = taker;
    const claim = encodePairingClaim({ serverId, account, device, key: this.#key, commit: this.#commit, nonce });
    if (!isSignedBy(signKey, claim, taker.signature))
      throw new StartError('The server names somebody who did not take this.');
    this.#next = (
      await this.#server.call('revealPairing', {
        body: { ...this.#proof('reveal', this.#nonce), value: this.#nonce },
        signal,
      })
    ).nonce;
    const keys = {
      key: this.#key,
      boxKey: this.#box.publicKey,
      identityKey: this.identity.publicKey,
      nonce: this.#nonce,
    };
    const said = encodePairingCode({ serverId, account, ...keys, takerKey: signKey, takerNonce: nonce });
    return { taker, code: matchingCode(createHash('sha256').update(said).digest()) };
  }

  /**
   * Waits for the person's yes, checks it, and fetches the token once the one at this computer has said yes as well.
   * @param keep puts what fetches it again on the disk
   * @throws StartError, SkerryError
   */
  async approved(
    taker: Taker,
    {
      keep,
      consented,
      signal,
    }: { keep: (pending: PendingPairing) => void; consented: Promise<void>; signal: AbortSignal },
  ): Promise<Paired> {
    const { approval } = await this.#until(({ approval }) => approval !== null, signal);
    if (approval === null) throw new StartError('Nobody approved it.');
    const { serverId } = this.#pin;
    const { account, device, nonce: takerNonce } = taker;
    const keys = {
      key: this.#key,
      boxKey: this.#box.publicKey,
      identityKey: this.identity.publicKey,
      nonce: this.#nonce,
    };
    const sealed = sha256(Buffer.from(approval.sealed, 'base64url'));
    const signed = encodePairingApproval({
      serverId,
      account,
      device,
      ...keys,
      takerNonce,
      sealed,
      expiry: approval.expiry,
    });
    if (!isSignedBy(taker.signKey, signed, approval.signature))
      throw new StartError('The approval is not signed by who took this.');
    const answer = pairingAnswer.safeParse(this.#open(approval.sealed, { use: 'answer', account }));
    if (!answer.success || answer.data.server !== serverId || answer.data.account !== account)
      throw new StartError('The approval is for another server or account.');
    await consented;
    return this.#stepped(async () => {
      const pending: PendingPairing = {
        v: 1,
        origin: this.#server.address.origin,
        pin: this.#pin,
        body: this.#proof('redeem'),
        box: this.#box,
        signing: this.signing,
        identity: this.identity,
        registrationId: this.registrationId,
        machine: approval.machine,
        answer: answer.data,
        username: taker.username,
      };
      // The token leaves the server once: what fetches it again is on the disk before.
      keep(pending);
      return redeem(this.#server, pending, signal);
    });
  }

  /** Takes the request back; whoever took it is told. */
  async withdraw(): Promise<void> {
    await this.#stepped(() => this.#server.call('withdrawPairing', { body: this.#proof('withdraw') }));
  }

  get #key(): string {
    return this.signing.publicKey;
  }

  get #commit(): string {
    return sha256(encodePairingNonce({ serverId: this.#pin.serverId, key: this.#key, nonce: this.#nonce }));
  }

  async #until(isSo: (status: Status) => boolean, signal: AbortSignal): Promise<Status> {
    for (;;) {
      const status = await this.#poll(signal);
      if (status.state === 'denied') throw new StartError('It was refused on the other device.');
      if (isSo(status)) return status;
      await sleep(MACHINE_TIMES.pairingPollMs, undefined, { signal });
    }
  }

  async #poll(signal: AbortSignal): Promise<Status> {
    const status = await this.#stepped(() => this.#server.call('pollPairing', { body: this.#proof('poll'), signal }));
    this.#next = status.nonce;
    return status;
  }

  /** The last answer, and with it the nonce for this step, may have been lost on the way. */
  async #stepped<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'challenge_invalid')) throw error;
      this.#next = (await this.#server.call('challenge', { body: {} })).nonce;
      return step();
    }
  }

  #proof(step: Step, value = '') {
    const { origin } = this.#server.address;
    const said = { serverId: this.#pin.serverId, origin, step, key: this.#key, nonce: this.#next, value };
    return { key: this.#key, origin, nonce: this.#next, signature: signWith(this.signing, encodePairingStep(said)) };
  }

  #open(sealed: string, of: { use: 'answer'; account: string }): unknown {
    return opened(sealed, this.#box, { ...of, serverId: this.#pin.serverId, key: this.#key });
  }
}

/** What fetches the token of an approved pairing. Secret; good until the request's two minutes are over. SPEC M-6. */
export type PendingPairing = {
  readonly v: 1;
  readonly origin: string;
  readonly pin: Pin;
  /** The very same bytes get the very same answer. */
  readonly body: Body<'redeemPairing'>;
  readonly box: KeyPair;
  readonly signing: KeyPair;
  readonly identity: KeyPair;
  readonly registrationId: number;
  /** The machine's number, as it was approved. */
  readonly machine: number;
  readonly answer: PairingAnswer;
  readonly username: string;
};

/** Fetches the token. @throws StartError, SkerryError `code_invalid` when its time is over */
export async function redeem(server: ServerCalls, pending: PendingPairing, signal?: AbortSignal): Promise<Paired> {
  const { pin, body, box, signing, machine, answer, username } = pending;
  const { serverId } = pin;
  const { sealed } = await server.call('redeemPairing', { body, ...(signal === undefined ? {} : { signal }) });
  const { account } = answer;
  const token = machineToken.safeParse(
    opened(sealed, box, { use: 'token', account, serverId, key: signing.publicKey }),
  );
  if (
    !token.success ||
    token.data.server !== serverId ||
    token.data.account !== account ||
    token.data.device !== machine
  )
    throw new StartError('The server gave a token for something else.');
  return { answer, token: token.data, username };
}

function opened(
  sealed: string,
  box: KeyPair,
  of: { serverId: string; use: 'answer' | 'token'; account: string; key: string },
): unknown {
  const text = openSealed(sealed, box, encodePairingSeal(of));
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
