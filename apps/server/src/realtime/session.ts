import {
  CLOSE,
  LIMITS,
  PROTOCOL,
  SkerryError,
  TIMES,
  negotiate,
  type AccountId,
  type CommandId,
  type Down,
  type DownOf,
  type Position,
  type Proof,
  type SessionId,
  type Up,
} from '@skerry/protocol';
import type { Commands } from '../log/commands.ts';
import { encodeFrame } from '../log/frames.ts';
import type { Notice } from '../log/output.ts';
import { PREKEYS_ENOUGH, type Connection } from '../log/replay.ts';
import { channelStream } from '../log/stream-key.ts';
import { unreachable } from '../log/unreachable.ts';
import type { Endpoint, Live } from '../machines/live.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { Link, Voice } from '../voice/voice.ts';
import type { Hub, Sink, Subscriber } from './hub.ts';
import { parseUp } from './parse-up.ts';
import { noticeBytes } from './notices.ts';
import type { Here, Presence } from './presence.ts';
import type { Replies } from './replies.ts';

type Caller = { readonly account: AccountId; readonly session: SessionId };

/** What every session of a server shares. */
export type SessionDeps = {
  readonly hub: Hub;
  readonly replies: Replies;
  /** Null where people have no machines. */
  readonly live: Live | null;
  /** Null where nobody talks. */
  readonly voice: Pick<Voice, 'receive' | 'gone'> | null;
  readonly presence: Presence;
  readonly commands: Commands;
  readonly limits: RateLimits;
  /** @throws SkerryError unauthorized or session_revoked */
  readonly authenticate: (token: string) => Promise<Caller>;
  readonly connect: (caller: Caller, resume: Position | null) => Promise<Connection>;
  readonly prove: (question: { readonly nonce: string; readonly origin: string }) => Proof;
  /** Unix milliseconds, exact. */
  readonly now: () => number;
  /** An error nobody expected. */
  readonly onFault: (error: unknown) => void;
};

/** The WebSocket as far as a session uses it. */
export interface SessionSocket extends Sink {
  close(code: number, reason: string): void;
  terminate(): void;
}

type State =
  | { readonly kind: 'hello' }
  | { readonly kind: 'auth' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'entering'; readonly subscriber: Subscriber }
  | {
      readonly kind: 'live';
      readonly subscriber: Subscriber;
      readonly here: Here;
      /** Null where people have no machines. */
      readonly endpoint: Endpoint | null;
      /** Null where nobody talks, and for machines. */
      readonly link: Link | null;
    }
  | { readonly kind: 'closed' };

/** A client may need a new access token between the proof and its `auth`. */
const AUTH_MS = 15_000;
const SILENCE_MS = 60_000;
/** Frames that make no sense before the socket is closed. */
const MOST_BAD = 20;
const DROP_CODES = { slow: CLOSE.slow, ended: CLOSE.auth, replaced: CLOSE.replaced } as const;

/** One socket, from its first frame to its last. SPEC P-19. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #socket: SessionSocket;
  #state: State = { kind: 'hello' };
  /** When the next step must have come, and later when the next heartbeat is due. */
  #dueAt: number;
  #heardAt: number;
  #inFlight = 0;
  #bad = 0;
  #closedWith: number | undefined;

  constructor(socket: SessionSocket, deps: SessionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#heardAt = deps.now();
    this.#dueAt = this.#heardAt + TIMES.helloMs;
  }

  /** Commands that were taken and are not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The code this side closed the socket with, if it did. */
  get closedWith(): number | undefined {
    return this.#closedWith;
  }

  /** A frame came in. `now` may be a second old. */
  receive(bytes: Uint8Array, isBinary: boolean, now: number): void {
    this.#heardAt = now;
    if (this.#state.kind === 'closed') return;
    if (isBinary) return this.close(CLOSE.protocol, 'text frames only');
    const parsed = parseUp(bytes);
    if (parsed.ok) this.#handle(parsed.frame);
    else this.#refuseFrame(parsed.id, parsed.error);
  }

  /** Called about once a second. */
  tick(now: number): void {
    const { kind } = this.#state;
    if (kind === 'closed') return;
    if (now - this.#heardAt > SILENCE_MS) return this.#terminate();
    if (this.#state.kind === 'live' && this.#state.endpoint !== null) this.#deps.live?.tick(this.#state.endpoint, now);
    if (now < this.#dueAt) return;
    if (kind === 'hello' || kind === 'auth') return this.close(CLOSE.helloLate, 'too late');
    if (kind !== 'live') return;
    this.#deps.hub.send(this.#state.subscriber, this.#deps.hub.mark);
    this.#dueAt = now + jittered(TIMES.heartbeatMs);
  }

  /** Closes the socket after what was already written. */
  close(code: number, reason = ''): void {
    if (this.#state.kind === 'closed') return;
    this.ended();
    this.#closedWith = code;
    this.#socket.close(code, reason);
  }

  /** The socket is gone. */
  ended(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind !== 'entering' && state.kind !== 'live') return;
    this.#deps.hub.leave(state.subscriber);
    if (state.kind !== 'live') return;
    this.#deps.presence.change(state.subscriber.account, state.here, 'offline');
    if (state.endpoint !== null) this.#deps.live?.leave(state.endpoint);
    if (state.link !== null) this.#deps.voice?.gone(state.link);
  }

  #handle(frame: Up): void {
    const state = this.#state;
    switch (state.kind) {
      case 'hello':
        return frame.t === 'hello' ? this.#greet(frame) : this.close(CLOSE.protocol, 'hello first');
      case 'auth':
        if (frame.t !== 'auth') return this.close(CLOSE.protocol, 'auth next');
        this.#state = { kind: 'checking' };
        void this.#enter(frame.token, frame.resume).catch((error: unknown) => this.#fault(error));
        return;
      case 'checking':
      case 'entering':
        return this.#refuseFrame(
          frame.t === 'cmd' ? frame.id : null,
          new SkerryError('unavailable', { message: 'Wait for the welcome.', retryAfterMs: 100 }),
        );
      case 'live':
        return this.#handleLive(frame, state);
      case 'closed':
        return;
      default:
        return unreachable(state);
    }
  }

  #greet(hello: Extract<Up, { t: 'hello' }>): void {
    const agreed = negotiate(hello.v, PROTOCOL);
    if (!agreed.ok) {
      this.#say({
        t: 'fail',
        id: null,
        error: new SkerryError('incompatible', { message: `The ${agreed.older} is too old.` }).toBody(),
      });
      return this.close(CLOSE.protocol, 'incompatible');
    }
    this.#say({ t: 'proof', v: agreed.version, proof: this.#deps.prove(hello) });
    this.#state = { kind: 'auth' };
    this.#dueAt = this.#deps.now() + AUTH_MS;
  }

  async #enter(token: string, resume: Position | null): Promise<void> {
    const { hub, authenticate, connect } = this.#deps;
    const caller = await authenticate(token);
    if (this.#state.kind !== 'checking') return;
    const subscriber: Subscriber = {
      ...caller,
      sink: this.#socket,
      allowance: 0,
      bundle: null,
      onDropped: (why) => this.close(DROP_CODES[why], why),
    };
    this.#state = { kind: 'entering', subscriber };
    hub.enter(subscriber);
    const connection = await connect(caller, resume);
    // Meanwhile the socket may have ended, or its session.
    if (this.#state.kind !== 'entering') return;
    this.#welcome(subscriber, connection);
  }

  #welcome(subscriber: Subscriber, connection: Connection): void {
    const { hub, presence, live, now } = this.#deps;
    const resumed = connection.start === 'resumed';
    const endpoint = this.#endpointOf(subscriber, connection.device);
    const link = this.#linkOf(subscriber, connection.device);
    this.#state = { kind: 'live', subscriber, here: 'online', endpoint, link };
    this.#dueAt = now() + jittered(TIMES.heartbeatMs);
    presence.change(subscriber.account, 'offline', 'online');
    const welcome: DownOf<'welcome'> = {
      t: 'welcome',
      account: subscriber.account,
      head: connection.position,
      resumed,
      heartbeatMs: TIMES.heartbeatMs,
      limits: { frameUpBytes: LIMITS.frameUpBytes, inFlight: LIMITS.inFlight, messageText: LIMITS.messageText },
      serverTime: now(),
    };
    const parts = [encodeFrame(JSON.stringify(welcome))];
    if (connection.start !== 'resumed')
      parts.push(encodeFrame(JSON.stringify({ t: 'reset', reason: connection.start } satisfies Down)));
    if (connection.frames !== null) parts.push(Buffer.from(connection.frames));
    parts.push(encodeFrame(presence.full()));
    if (connection.device !== null) parts.push(noticeBytes(noticesOf(subscriber.session, connection.device)));
    for (const frame of live?.opening(subscriber.account, connection.heads) ?? [])
      parts.push(encodeFrame(JSON.stringify(frame)));
    const opening = Buffer.concat(parts);
    subscriber.allowance = opening.length;
    this.#socket.write(opening);
    hub.attach(subscriber, connection);
    if (endpoint !== null) live?.come(endpoint);
  }

  #endpointOf(subscriber: Subscriber, device: Connection['device']): Endpoint | null {
    if (this.#deps.live === null) return null;
    return {
      account: subscriber.account,
      device: device?.number ?? 0,
      isMachine: device?.machine === 1,
      send: (frame) => this.#reply(subscriber, frame),
    };
  }

  #linkOf(subscriber: Subscriber, device: Connection['device']): Link | null {
    if (this.#deps.voice === null || device?.machine === 1) return null;
    return {
      account: subscriber.account,
      session: subscriber.session,
      isMember: (channel) => this.#deps.hub.isFollowing(subscriber, channel),
      say: (id, say) => this.#reply(subscriber, { t: 'voice', id, say }),
      fail: (id, error) => this.#fail(subscriber, id, error),
    };
  }

  #handleLive(frame: Up, { subscriber, here, endpoint, link }: Extract<State, { kind: 'live' }>): void {
    const { hub, limits, presence } = this.#deps;
    const { account } = subscriber;
    if (limits.wait('frame', account) > 0) return this.close(CLOSE.protocol, 'too many frames');
    switch (frame.t) {
      case 'cmd':
        return this.#command(frame, subscriber);
      case 'typing':
        // Too many notices are dropped: the next one says the same.
        if (hub.isFollowing(subscriber, frame.channel) && limits.wait('notice', account) === 0)
          hub.tell(
            channelStream(frame.channel),
            encodeFrame(JSON.stringify({ t: 'typing', channel: frame.channel, account } satisfies Down)),
            account,
          );
        return;
      case 'presence':
        if (limits.wait('notice', account) > 0) return;
        presence.change(account, here, frame.state);
        this.#state = { kind: 'live', subscriber, here: frame.state, endpoint, link };
        return;
      case 'ping':
        return this.#reply(subscriber, { t: 'pong', n: frame.n, serverTime: this.#deps.now() });
      case 'rpc':
      case 'rpc_answer':
        return this.#relay(frame, subscriber, endpoint);
      case 'voice':
        if (link === null) return this.#fail(subscriber, frame.id, new SkerryError('not_found'));
        return this.#deps.voice?.receive(link, frame);
      case 'hello':
      case 'auth':
        return this.#refuseFrame(null, new SkerryError('bad_frame', { message: 'This comes once, at the start.' }));
      default:
        return unreachable(frame);
    }
  }

  /** Between a person's devices and their machines; nothing of it is kept. */
  #relay(frame: Extract<Up, { t: 'rpc' | 'rpc_answer' }>, subscriber: Subscriber, endpoint: Endpoint | null): void {
    const { live, limits } = this.#deps;
    try {
      if (live === null || endpoint === null) throw new SkerryError('not_found');
      limits.take('relay', subscriber.account);
      if (frame.t === 'rpc') live.call(endpoint, frame);
      else live.answer(endpoint, frame);
    } catch (error) {
      if (!(error instanceof SkerryError)) this.#deps.onFault(error);
      this.#fail(subscriber, frame.id, error instanceof SkerryError ? error : new SkerryError('internal'));
    }
  }

  #command({ id, command }: Extract<Up, { t: 'cmd' }>, subscriber: Subscriber): void {
    if (this.#inFlight >= LIMITS.inFlight)
      return this.#fail(subscriber, id, new SkerryError('rate_limited', { retryAfterMs: 100 }));
    this.#inFlight += 1;
    this.#deps.commands.run(subscriber, { id, command }).then(
      (result) => {
        this.#inFlight -= 1;
        this.#reply(subscriber, { t: 'ok', id, result });
      },
      (error: unknown) => {
        this.#inFlight -= 1;
        if (!(error instanceof SkerryError)) this.#deps.onFault(error);
        this.#fail(subscriber, id, error instanceof SkerryError ? error : new SkerryError('internal'));
      },
    );
  }

  #fail(subscriber: Subscriber, id: CommandId | null, error: SkerryError): void {
    this.#reply(subscriber, { t: 'fail', id, error: error.toBody() });
  }

  /** Answers wait for those of the same moment, unless the socket was closed meanwhile. */
  #reply(subscriber: Subscriber, frame: Down): void {
    if (this.#state.kind === 'live') this.#deps.replies.add(subscriber, JSON.stringify(frame));
  }

  #refuseFrame(id: CommandId | null, error: SkerryError): void {
    this.#say({ t: 'fail', id, error: error.toBody() });
    this.#bad += 1;
    if (this.#bad >= MOST_BAD) this.close(CLOSE.protocol, 'too many bad frames');
  }

  #say(frame: Down): void {
    this.#socket.write(encodeFrame(JSON.stringify(frame)));
  }

  #fault(error: unknown): void {
    const known = error instanceof SkerryError ? error : new SkerryError('internal');
    if (!(error instanceof SkerryError)) this.#deps.onFault(error);
    if (this.#state.kind === 'closed') return;
    this.#say({ t: 'fail', id: null, error: known.toBody() });
    this.close(
      known.retry === 'auth' ? CLOSE.auth : CLOSE.restarting,
      known.retry === 'auth' ? known.code : String(known.retryAfterMs ?? 2_000),
    );
  }

  #terminate(): void {
    this.ended();
    this.#socket.terminate();
  }
}

/** What a device is told when it comes: how far its queue reaches, and whether it is to publish prekeys. */
function noticesOf(session: SessionId, { head, prekeysLeft }: NonNullable<Connection['device']>): Notice[] {
  const queue: Notice = { type: 'toDevice', session, head };
  return prekeysLeft < PREKEYS_ENOUGH ? [queue, { type: 'prekeys', session, left: prekeysLeft }] : [queue];
}

/** The time plus or minus a tenth, so that many sockets do not beat at once. */
const jittered = (ms: number): number => ms * (0.9 + Math.random() * 0.2);
