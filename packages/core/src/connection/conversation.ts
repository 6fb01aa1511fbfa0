import {
  type AccountId,
  CLOSE,
  type Down,
  type DownOf,
  LIMITS,
  PROTOCOL,
  SkerryError,
  type Up,
} from '@skerry/protocol';
import { deferred } from '../deferred.ts';
import { IncompatibleError } from '../errors.ts';
import type { Lane, Turns } from '../fleet/turns.ts';
import type { Clock, OpenTransport, Random, Transport, TransportEnd } from '../platform.ts';
import type { Subscribable } from '../subscribable.ts';
import type { EntrySync } from '../sync/entry-sync.ts';
import { unreachable } from '../unreachable.ts';
import { endOfClose } from './close.ts';
import { Heartbeat } from './heartbeat.ts';
import type { MachineWire } from './machine-wire.ts';
import type { Asked } from './proof.ts';
import type { Requests } from './requests.ts';
import { type End, endOf, lost } from './state.ts';
import { parseFrame, socketUrl } from './wire.ts';

export type ConversationDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly openTransport: OpenTransport;
  readonly turns: Turns;
  readonly device: string;
  readonly nonce: () => string;
  /** @throws IdentityError when it is not the pinned server */
  readonly check: (asked: Asked, proof: DownOf<'proof'>['proof']) => Promise<void>;
  /** @throws SignedOutError, and what a refresh throws */
  readonly token: () => Promise<string>;
  readonly refuse: (token: string) => void;
  readonly account: () => AccountId | null;
  readonly sync: EntrySync;
  readonly requests: Requests;
  readonly machines: MachineWire;
  readonly proved: () => void;
  readonly welcomed: () => void;
  readonly synced: () => void;
  readonly latency: (ms: number) => void;
  readonly heardTime: (serverTime: number) => void;
  /** The person is not at the device: others are told. */
  readonly away: Subscribable<boolean>;
};

export type Ended = {
  readonly end: End;
  /** The pinned server itself was there. */
  readonly proved: boolean;
  readonly welcomed: boolean;
  /** The server took the access token no longer. */
  readonly tokenRefused: boolean;
};

type Phase = 'opening' | 'proof' | 'proving' | 'welcome' | 'open' | 'ended';

const STEP_MS = 10_000;
/** A failure said right before the close explains it. */
const EXPLAINS_MS = 5_000;

/**
 * One socket from dialling to its end: hello, proof, auth, welcome, then frames. The token goes out only after the proof
 * held. Whatever arrives out of turn, too large or malformed ends this conversation and touches nothing else.
 */
export class Conversation {
  readonly ended: Promise<Ended>;
  readonly #deps: ConversationDeps;
  readonly #asked: Asked;
  readonly #settle: (ended: Ended) => void;
  readonly #lane: Lane;
  readonly #abort = new AbortController();
  #transport: Transport | undefined;
  #heartbeat: Heartbeat | undefined;
  #phase: Phase = 'opening';
  #proved = false;
  #welcomed = false;
  #token = '';
  #tokenRefused = false;
  #said: { readonly error: SkerryError; readonly at: number } | undefined;
  #cancelDeadline: () => void = () => undefined;
  #unfollow: () => void = () => undefined;

  constructor(deps: ConversationDeps, origin: string) {
    this.#deps = deps;
    this.#asked = { nonce: deps.nonce(), origin };
    const { promise, resolve } = deferred<Ended>();
    this.ended = promise;
    this.#settle = resolve;
    this.#lane = deps.turns.lane({
      handle: (text) => this.#read(text),
      overflow: () => this.#fail('more frames than can be read', CLOSE.slow),
    });
    this.#deadline();
    this.#open();
  }

  /** Ends it from this side. */
  stop(end: End): void {
    this.#finish(end, 1000);
  }

  /** Asks for a sign of life when the network changed or the device woke. */
  probe(): void {
    this.#heartbeat?.probe();
  }

  #open(): void {
    try {
      this.#transport = this.#deps.openTransport(
        socketUrl(this.#asked.origin),
        { maxBytes: LIMITS.frameDownBytes },
        {
          opened: () => this.#hello(),
          frame: (text) => this.#arrived(text),
          ended: (end) => this.#closed(end),
        },
      );
    } catch {
      // Browsers refuse a plain socket from an encrypted page before anything is sent.
      this.#finish(lost({ kind: 'insecure' }), 1000);
    }
  }

  #hello(): void {
    if (this.#phase !== 'opening') return;
    this.#phase = 'proof';
    this.#deadline();
    const { nonce, origin } = this.#asked;
    this.#send({ t: 'hello', v: PROTOCOL, device: this.#deps.device, nonce, origin });
  }

  #arrived(text: string): void {
    if (this.#phase === 'ended') return;
    if (text.length > LIMITS.frameDownBytes) return this.#fail('a frame that is too large', CLOSE.tooLarge);
    this.#heartbeat?.heard();
    this.#lane.push(text);
  }

  #read(text: string): void {
    if (this.#phase === 'ended') return;
    const frame = parseFrame(text);
    if (frame === undefined) return this.#fail('a frame that cannot be read', CLOSE.protocol);
    try {
      this.#take(frame);
    } catch {
      this.#fail(`a "${frame.t}" frame that makes no sense`, CLOSE.protocol);
    }
  }

  #take(frame: Down): void {
    if (frame.t === 'fail' && frame.id === null) return this.#explain(frame.error);
    switch (this.#phase) {
      case 'proof':
        if (frame.t !== 'proof') return this.#fail('no proof', CLOSE.protocol);
        this.#phase = 'proving';
        void this.#prove(frame);
        return;
      case 'welcome':
        if (frame.t !== 'welcome') return this.#fail('no welcome', CLOSE.protocol);
        return this.#welcome(frame);
      case 'open':
        return this.#deliver(frame);
      case 'opening':
      case 'proving':
        return this.#fail(`a "${frame.t}" frame out of turn`, CLOSE.protocol);
      case 'ended':
        return;
      default:
        return unreachable(this.#phase);
    }
  }

  async #prove(frame: DownOf<'proof'>): Promise<void> {
    try {
      if (frame.v < PROTOCOL.min) throw new IncompatibleError('server');
      if (frame.v > PROTOCOL.max) throw new IncompatibleError('client');
      await this.#deps.check(this.#asked, frame.proof);
      if (!this.#is('proving')) return;
      this.#proved = true;
      this.#deps.proved();
      this.#deadline();
      const token = await this.#deps.token();
      if (!this.#is('proving')) return;
      this.#token = token;
      this.#phase = 'welcome';
      this.#deadline();
      this.#send({ t: 'auth', token, resume: this.#deps.sync.resumeFrom() });
    } catch (error) {
      this.#finish(endOf(error), 1000);
    }
  }

  #welcome(frame: DownOf<'welcome'>): void {
    const account = this.#deps.account();
    if (account !== null && account !== frame.account)
      return this.#fail('a welcome for another account', CLOSE.protocol);
    this.#cancelDeadline();
    this.#phase = 'open';
    this.#welcomed = true;
    const { clock, random, requests, sync } = this.#deps;
    this.#heartbeat = new Heartbeat({
      clock,
      random,
      ping: (n) => this.#send({ t: 'ping', n }),
      latency: this.#deps.latency,
      dead: () => this.#finish(lost({ kind: 'silent' }), 1000),
    });
    this.#deps.welcomed();
    this.#deps.machines.linked((up) => this.#is('open') && this.#send(up));
    // Before the send queue hears of the socket: it sends at once.
    requests.linked({ inFlight: frame.limits.inFlight, send: (id, command) => this.#send({ t: 'cmd', id, command }) });
    sync.welcomed(
      {
        command: (id, command) => this.#is('open') && requests.sendQueued(id, command),
        typing: (channel) => {
          if (this.#is('open')) this.#send({ t: 'typing', channel: channel as DownOf<'typing'>['channel'] });
        },
      },
      frame,
    );
    this.#tellPresence();
    sync.synced(this.#abort.signal).then(
      () => this.#is('open') && this.#deps.synced(),
      (error: unknown) => this.#finish(endOf(error), 1000),
    );
  }

  /** The server takes everybody who comes for being there. */
  #tellPresence(): void {
    const { away } = this.#deps;
    const tell = (): void => this.#send({ t: 'presence', state: away.get() ? 'away' : 'online' });
    if (away.get()) tell();
    this.#unfollow = away.subscribe(tell);
  }

  #deliver(frame: Down): void {
    const { sync } = this.#deps;
    switch (frame.t) {
      case 'events':
        return sync.events(frame);
      case 'mark':
        return sync.mark({ seq: frame.seq, tag: frame.tag });
      case 'reset':
        return sync.reset(frame.reason);
      case 'ok':
        if (this.#deps.requests.answered(frame.id, { ok: true, result: frame.result }))
          sync.answered(frame.id, { ok: true, result: frame.result });
        return;
      case 'fail':
        if (frame.id !== null && this.#deps.requests.answered(frame.id, { ok: false, error: frame.error }))
          sync.answered(frame.id, { ok: false, error: frame.error });
        return this.#deps.machines.heard(frame);
      case 'presence':
        return sync.presence(frame);
      case 'typing':
        return sync.typing(frame);
      case 'pong':
        this.#heartbeat?.ponged(frame.n);
        return this.#deps.heardTime(frame.serverTime);
      case 'to_device':
        return sync.toDevice(frame.head);
      case 'prekeys':
        return sync.prekeys(frame.left);
      case 'machines':
      case 'run_heads':
      case 'rpc_ack':
      case 'rpc':
      case 'rpc_answer':
        return this.#deps.machines.heard(frame);
      // Nobody here watches voice, so nothing is told of it.
      case 'voice':
        return;
      case 'proof':
      case 'welcome':
        return this.#fail(`a second "${frame.t}"`, CLOSE.protocol);
      default:
        return unreachable(frame);
    }
  }

  /** A failure that belongs to no command is about the connection itself; before the welcome it decides at once. */
  #explain(body: Extract<Down, { t: 'fail' }>['error']): void {
    this.#said = { error: SkerryError.fromBody(body), at: this.#deps.clock.now() };
    if (this.#phase !== 'open') this.#finish(this.#classify(null), 1000);
  }

  /** What arrived before the end is read before it: it may say why. */
  #closed(closed: TransportEnd): void {
    this.#heartbeat?.stop();
    this.#lane.drained(() => this.#finish(this.#classify(closed), null));
  }

  /** What the end means, together with what was said right before. */
  #classify(closed: TransportEnd | null): End {
    const said = this.#said;
    const explains = said !== undefined && this.#deps.clock.now() - said.at <= EXPLAINS_MS;
    const end = endOfClose(closed, { said: explains ? said.error : undefined, proved: this.#proved });
    return end === 'tokenRefused' ? this.#refused() : end;
  }

  /** The access token may only have run out: it is forgotten, and the refresh that follows tells for good. */
  #refused(): End {
    if (this.#token !== '') this.#deps.refuse(this.#token);
    this.#tokenRefused = true;
    return lost({ kind: 'closed', code: CLOSE.auth });
  }

  #fail(what: string, code: number): void {
    this.#finish(lost({ kind: 'protocol', what }), code);
  }

  #finish(end: End, code: number | null): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#cancelDeadline();
    this.#unfollow();
    this.#heartbeat?.stop();
    this.#lane.close();
    this.#abort.abort(new Error('disconnected'));
    if (code !== null) this.#transport?.close(code, '');
    if (this.#welcomed) {
      this.#deps.requests.unlinked();
      this.#deps.machines.unlinked();
      this.#deps.sync.unlinked();
    }
    this.#token = '';
    this.#settle({ end, proved: this.#proved, welcomed: this.#welcomed, tokenRefused: this.#tokenRefused });
  }

  #send(frame: Up): void {
    this.#transport?.send(JSON.stringify(frame));
  }

  /** Asked anew after each await: the type of the field would still be what it was before. */
  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  #deadline(): void {
    this.#cancelDeadline();
    this.#cancelDeadline = this.#deps.clock.after(STEP_MS, () => this.#finish(lost({ kind: 'timeout' }), 1000));
  }
}
