import {
  encodePairingApproval,
  encodePairingClaim,
  encodePairingCode,
  encodePairingNonce,
  encodePairingRequest,
  encodePairingSeal,
  fromBase64Url,
  type Link,
  MACHINE_TIMES,
  type PairingAnswer,
  type PairingApproval,
  type PairingNotice,
  type PairingRequest,
  type PairingView,
  parseAddress,
  SkerryError,
  toBase64Url,
} from '@skerry/protocol';
import { matchingCode } from '@skerry/protocol/words';
import { fingerprintOf } from '../connection/proof.ts';
import { LocalError } from '../errors.ts';
import type { KeysState } from '../keys/face.ts';
import type { Keys } from '../keys/ports.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value, waitFor } from '../value.ts';
import type { ConnectionState, EntryId } from '../views.ts';
import type { MachineDeps } from './deps.ts';
import type { Pairing, PairingRequestView, PairingStage } from './face.ts';
import { sealAnswer } from './seal-answer.ts';

type Deps = MachineDeps & {
  readonly state: Subscribable<ConnectionState>;
  readonly keysState: Subscribable<KeysState>;
  /** Told when the notice of this pairing may be another one. */
  readonly told: Subscribable<unknown>;
  readonly pairing: (key: string) => PairingNotice | undefined;
};
type Code = Extract<Link, { kind: 'terminal' }>;
/** What the person compares, and what a yes is about. */
type Seen = {
  readonly request: PairingRequest;
  readonly nonce: string;
  readonly view: PairingRequestView;
  readonly expiry: number;
};
type Why = Extract<PairingStage, { kind: 'ended' }>['why'];

/** The pairing is over, and this is why. */
class Ended extends Error {
  readonly why: Why;
  constructor(why: Why) {
    super(why);
    this.why = why;
  }
}

/** A cut line is tried again this soon, with the same bytes. */
const AGAIN_MS = 1_000;
/** The list is the last step, and a machine that is on none is of no use to anyone. */
const LIST_TRIES = 10;

/**
 * One code that was read on one server. Everything it sends goes by that server's own context, which can name routes and no
 * addresses: whatever is focused, primary, paused or renamed meanwhile, no other server hears of it. T4, M-3 to M-6
 */
export class ServerPairing implements Pairing {
  readonly entryId: EntryId;
  readonly #deps: Deps;
  readonly #code: Code;
  readonly #stage = new Value<PairingStage>({ kind: 'waiting', for: 'server' });
  readonly #controller = new AbortController();
  readonly #nonce: string;
  readonly #leave: () => void;
  readonly #running: Promise<void>;
  #seen: Seen | undefined;
  #isDeciding = false;

  /** @throws LocalError `bad_request` for another link */
  constructor(deps: Deps, link: Link) {
    if (link.kind !== 'terminal') throw new LocalError('bad_request', 'This is no code of a computer.');
    this.entryId = deps.entryId;
    this.#deps = deps;
    this.#code = link;
    this.#nonce = toBase64Url(deps.platform.random.bytes(32));
    const abort = (): void => {
      this.#end('failed');
      this.#controller.abort(new Error('disposed'));
    };
    deps.signal.addEventListener('abort', abort);
    this.#leave = () => deps.signal.removeEventListener('abort', abort);
    this.#running = this.#run();
  }

  get stage(): Subscribable<PairingStage> {
    return this.#stage;
  }

  async approve(): Promise<void> {
    const seen = this.#seen;
    if (this.#stage.get().kind !== 'comparing' || seen === undefined || this.#isDeciding)
      throw new LocalError('bad_request', 'There is nothing to approve.');
    this.#isDeciding = true;
    this.#stage.set({ kind: 'approving', request: seen.view });
    try {
      const body = await this.#approve(seen);
      const { machine } = await this.#insist(() =>
        this.#deps.api.call('approvePairing', { body, signal: this.#controller.signal }),
      );
      await this.#list(machine, seen.request);
      this.#stage.set({ kind: 'approved', request: seen.view, machine });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isDeciding = false;
    }
  }

  async deny(report: boolean): Promise<void> {
    if (this.#stage.get().kind === 'ended' || this.#isDeciding) return;
    this.#isDeciding = true;
    const { key } = this.#code;
    try {
      await this.#insist(() =>
        this.#deps.api.call('denyPairing', { body: { key, report }, signal: this.#controller.signal }),
      );
      this.#end('denied');
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isDeciding = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new Error('disposed'));
    this.#leave();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      if (!(await this.#isItsServer())) throw new Ended('other_server');
      const keys = await this.#ready();
      // An entry whose key was not known had only its address; by now it has shown which server it is.
      if (!(await this.#isItsServer())) throw new Ended('other_server');
      this.#stage.set({ kind: 'claiming' });
      let view = await this.#claim(keys);
      await this.#check(view, keys);
      for (;;) {
        if (this.#isOver()) return;
        this.#show(view, keys, await this.#shownNonce(view, keys));
        await this.#deps.platform.clock.sleep(MACHINE_TIMES.pairingPollMs, this.#controller.signal);
        if (this.#isOver()) return;
        this.#heedNotice();
        view = await this.#look(view);
        await this.#check(view, keys);
      }
    } catch (error) {
      // Whoever decides is told by what comes of that.
      if (!this.#isDeciding) this.#fail(error);
    }
  }

  /** The code says which server it is: by the fingerprint of its key, else by its address. Nothing has left by then. */
  async #isItsServer(): Promise<boolean> {
    const { fp, server } = this.#code;
    const { key, addresses } = this.#deps.entry.get();
    if (fp !== undefined && key !== '') return (await fingerprintOf(this.#deps.platform.crypto, key)) === fp;
    if (server === undefined) return fp === undefined;
    const parsed = parseAddress(server);
    return parsed.ok && addresses.some(({ origin }) => origin === parsed.address.origin);
  }

  /** The server is live and this device may sign there. */
  async #ready(): Promise<Keys> {
    const { signal } = this.#controller;
    const { keys, keysState, live, state } = this.#deps;
    const say = (): void => this.#stage.set({ kind: 'waiting', for: state.get().kind === 'live' ? 'keys' : 'server' });
    say();
    const end = state.subscribe(say);
    try {
      const ready = derived([keys, keysState, live], (ring, { kind }, isLive) =>
        isLive && kind === 'ready' ? ring : undefined,
      );
      return await waitFor(ready, (ring): ring is Keys => ring !== undefined, signal);
    } finally {
      end();
    }
  }

  #claim(keys: Keys): Promise<PairingView> {
    const { key, commit } = this.#code;
    const { serverId, self } = keys;
    const nonce = this.#nonce;
    const said = { serverId, account: self.name, device: self.device, key, commit, nonce };
    const body = { key, commit, nonce, signature: toBase64Url(keys.sign(encodePairingClaim(said))) };
    return this.#insist(() => this.#deps.api.call('claimPairing', { body, signal: this.#controller.signal }));
  }

  #look(before: PairingView): Promise<PairingView> {
    return this.#insist(
      () => this.#deps.api.call('pairing', { params: { key: this.#code.key }, signal: this.#controller.signal }),
      before.expiresAt - before.serverTime,
    );
  }

  /** What the server says must be what the code says, signed by the computer itself, and stay that. */
  async #check({ request, state }: PairingView, keys: Keys): Promise<void> {
    const { key, commit } = this.#code;
    const { signature, ...said } = request;
    const bytes = encodePairingRequest(keys.serverId, said);
    const isIts = request.key === key && request.commit === commit;
    if (!isIts || !(await keys.verifySignature({ bytes, signature, publicKey: key }))) throw new Ended('forged');
    const before = this.#seen?.request;
    if (before !== undefined && before.signature !== signature) throw new Ended('forged');
    if (state === 'denied') throw new Ended('denied');
  }

  /** @returns the nonce the computer has shown, if it is the one it committed to */
  async #shownNonce({ nonce }: PairingView, keys: Keys): Promise<string | null> {
    if (nonce === null) return null;
    const { key, commit } = this.#code;
    const committed = await keys.digest(encodePairingNonce({ serverId: keys.serverId, key, nonce }));
    if (committed !== commit) throw new Ended('forged');
    return nonce;
  }

  #show(view: PairingView, keys: Keys, nonce: string | null): void {
    const { kind } = this.#stage.get();
    if (this.#isDeciding || (kind !== 'claiming' && kind !== 'meeting')) return;
    const { request, askedAt, expiresAt } = view;
    // By what the server said with it: its clock need not be ours.
    const offset = view.serverTime - this.#deps.platform.clock.now();
    const { label, system, program } = request;
    const shown = { label, system, program, askedAt: askedAt - offset, expiresAt: expiresAt - offset };
    if (nonce === null) {
      if (kind === 'claiming') this.#stage.set({ kind: 'meeting', request: shown });
      return;
    }
    this.#seen = { request, nonce, view: shown, expiry: expiresAt };
    void this.#compare(keys, shown);
  }

  async #compare(keys: Keys, view: PairingRequestView): Promise<void> {
    const seen = this.#seen;
    if (seen === undefined) return;
    const { key, boxKey, identityKey } = seen.request;
    const { serverId, self } = keys;
    const own = keys.known(self.name)?.devices.find(({ device }) => device === self.device);
    if (own === undefined) return this.#end('failed');
    const bytes = encodePairingCode({
      serverId,
      account: self.name,
      key,
      boxKey,
      identityKey,
      nonce: seen.nonce,
      takerKey: own.signKey,
      takerNonce: this.#nonce,
    });
    const { words, digits } = matchingCode(await this.#deps.platform.crypto.sha256(bytes));
    const { kind } = this.#stage.get();
    if (kind === 'claiming' || kind === 'meeting') this.#stage.set({ kind: 'comparing', request: view, words, digits });
  }

  /** What the computer will trust from now on, for its eyes alone. */
  async #approve({ request, nonce, expiry }: Seen): Promise<PairingApproval> {
    const { platform, subtle } = this.#deps;
    const keys = this.#needKeys();
    const list = keys.ownList();
    const boxKey = fromBase64Url(request.boxKey);
    if (list === undefined || boxKey === undefined) throw new Ended('failed');
    const { serverId, self } = keys;
    const { name: account, device } = self;
    const { key, identityKey } = request;
    const answer: PairingAnswer = {
      v: 1,
      server: serverId,
      account,
      accountKey: list.accountKey,
      list: { version: list.version, digest: list.digest },
      device,
      label: request.label,
    };
    const bound = encodePairingSeal({ serverId, use: 'answer', account, key });
    const { random } = platform;
    const sealed = await sealAnswer(JSON.stringify(answer), { boxKey, bound }, { subtle, random });
    const said = encodePairingApproval({
      serverId,
      account,
      device,
      key,
      boxKey: request.boxKey,
      identityKey,
      nonce,
      takerNonce: this.#nonce,
      sealed: await keys.digest(sealed),
      expiry,
    });
    return { key, sealed: toBase64Url(sealed), expiry, signature: toBase64Url(keys.sign(said)) };
  }

  /** Until it is on the signed list nobody believes it. The server names its number; its keys are those of the code. */
  async #list(machine: number, { key, identityKey }: PairingRequest): Promise<void> {
    const { platform, skew } = this.#deps;
    const { signal } = this.#controller;
    for (let tries = 1; ; tries++) {
      try {
        const addedAt = Math.max(0, Math.round(platform.clock.now() + skew()));
        return await this.#needKeys().listMachine({ device: machine, signKey: key, identityKey, addedAt }, signal);
      } catch (error) {
        const isLost = error instanceof SkerryError && error.code === 'unavailable';
        if (!isLost || tries >= LIST_TRIES || signal.aborted) throw error;
        await platform.clock.sleep(AGAIN_MS, signal);
      }
    }
  }

  /** The same bytes again while the line is cut, for as long as a code is good. @throws Ended, and what the server says */
  async #insist<T>(work: () => Promise<T>, forMs: number = MACHINE_TIMES.pairingMs): Promise<T> {
    const { clock } = this.#deps.platform;
    const { signal } = this.#controller;
    const until = clock.now() + forMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) throw error;
        const isLost = error instanceof SkerryError && (error.code === 'unavailable' || error.code === 'rate_limited');
        if (!isLost) throw error;
        if (clock.now() >= until) throw new Ended('expired');
        await clock.sleep(AGAIN_MS, signal);
      }
    }
  }

  /** What the other side or another device did about it, as this account's own stream tells. */
  #heedNotice(): void {
    const notice = this.#deps.pairing(this.#code.key);
    if (notice?.state === 'withdrawn') throw new Ended('withdrawn');
    if (notice?.state === 'denied' || notice?.state === 'reported') throw new Ended('denied');
  }

  #fail(error: unknown): void {
    if (this.#controller.signal.aborted || this.#isOver()) return;
    if (error instanceof Ended) return this.#end(error.why);
    const code = error instanceof SkerryError ? error.code : undefined;
    if (code === 'not_found') return this.#end('unsupported');
    if (code !== 'code_invalid') return this.#end('failed');
    const notice = this.#deps.pairing(this.#code.key);
    const seen = this.#seen?.view;
    if (notice?.state === 'withdrawn') this.#end('withdrawn');
    else if (notice?.state === 'denied' || notice?.state === 'reported') this.#end('denied');
    else this.#end(seen !== undefined && this.#deps.platform.clock.now() >= seen.expiresAt ? 'expired' : 'used');
  }

  #end(why: Why): void {
    const { kind } = this.#stage.get();
    if (kind !== 'ended' && kind !== 'approved') this.#stage.set({ kind: 'ended', why });
  }

  #isOver(): boolean {
    const { kind } = this.#stage.get();
    return this.#controller.signal.aborted || kind === 'ended' || kind === 'approved';
  }

  #needKeys(): Keys {
    const keys = this.#deps.keys.get();
    if (keys === undefined) throw new Ended('failed');
    return keys;
  }
}
