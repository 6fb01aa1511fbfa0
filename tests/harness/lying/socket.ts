import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import {
  CLOSE,
  LIMITS,
  PROTOCOL,
  SkerryError,
  TIMES,
  negotiate,
  up as upSchema,
  type Down,
  type Event,
  type Position,
  type PresenceState,
  type Up,
} from '@skerry/protocol';
import { runCommand } from './commands.ts';
import { proveIdentity, type Identity } from './identity.ts';
import { whoHolds } from './people.ts';
import { accountStream, type LogRow, type SessionRow, type World } from './world.ts';

/** What may be put on the wire: a frame, any other value as JSON, a text as it is, or bytes as a binary frame. */
export type Outgoing = Down | string | Buffer | { readonly [field: string]: unknown };

export type SocketHooks = {
  world: World;
  identity(): Identity;
  sockets(): Iterable<LyingSocket>;
  /** May replace what an up frame does; calls `usual` for the honest thing. */
  received(socket: LyingSocket, frame: Up, usual: () => Promise<void>): Promise<void>;
  /** May replace what goes down. */
  sending(socket: LyingSocket, frame: Down): readonly Outgoing[];
  closed(socket: LyingSocket): void;
};

/** The server's end of one socket, honest unless its hooks say otherwise. */
export class LyingSocket {
  readonly ws: WebSocket;
  /** The text of each frame that came, in order. */
  readonly frames: string[] = [];
  readonly request: IncomingMessage;
  session: SessionRow | undefined;
  presence: PresenceState = 'offline';
  #greeted = false;
  readonly #hooks: SocketHooks;
  readonly #helloLate: NodeJS.Timeout;
  #chain: Promise<void> = Promise.resolve();

  constructor(ws: WebSocket, request: IncomingMessage, hooks: SocketHooks) {
    this.ws = ws;
    this.request = request;
    this.#hooks = hooks;
    this.#helloLate = setTimeout(() => {
      if (!this.#greeted) this.close(CLOSE.helloLate);
    }, TIMES.helloMs);
    ws.on('message', (data: Buffer, binary: boolean) => {
      if (binary) return this.close(CLOSE.protocol);
      if (data.length > LIMITS.frameUpBytes) return this.close(CLOSE.tooLarge);
      const text = data.toString('utf8');
      this.frames.push(text);
      this.#chain = this.#chain.then(() => this.#take(text));
    });
    ws.on('error', () => undefined);
    ws.on('close', () => {
      clearTimeout(this.#helloLate);
      hooks.closed(this);
      this.#setPresence('offline');
    });
  }

  get live(): boolean {
    return this.session !== undefined && this.ws.readyState === this.ws.OPEN;
  }

  /** Sends through the scripts. */
  send(frame: Down): void {
    for (const out of this.#hooks.sending(this, frame)) this.sendRaw(out);
  }

  /** Sends exactly this. */
  sendRaw(out: Outgoing): void {
    if (this.ws.readyState !== this.ws.OPEN) return;
    this.ws.send(typeof out === 'string' || Buffer.isBuffer(out) ? out : JSON.stringify(out));
  }

  close(code: number, reason = ''): void {
    this.ws.close(code, reason);
  }

  /** Tells of rows of the log that concern its account, a frame per run of one stream, the mark last. */
  tell(rows: readonly LogRow[]): void {
    const { world } = this.#hooks;
    const account = this.session?.account;
    if (account === undefined) return;
    let told = false;
    let run: { stream: Extract<Down, { t: 'events' }>['stream']; events: Event[] } | undefined;
    const flush = (): void => {
      if (run !== undefined) this.send({ t: 'events', ...run });
      run = undefined;
    };
    for (const row of rows) {
      if (!world.concerns(account, row)) continue;
      const event = world.render(account, row);
      if (event === undefined) continue;
      const stream = row.stream === accountStream(account) ? 'account' : (row.stream as 'server');
      if (run?.stream !== stream) flush();
      run ??= { stream, events: [] };
      run.events.push(event);
      told = true;
    }
    flush();
    const last = rows.at(-1);
    if (told && last !== undefined) this.send({ t: 'mark', seq: last.seq, tag: last.tag });
  }

  async #take(text: string): Promise<void> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.close(CLOSE.protocol);
    }
    const parsed = upSchema.safeParse(value);
    if (!parsed.success) {
      this.send({ t: 'fail', id: idOf(value), error: new SkerryError('bad_frame').toBody() });
      return;
    }
    await this.#hooks.received(this, parsed.data, () => this.#usual(parsed.data));
  }

  async #usual(frame: Up): Promise<void> {
    if (frame.t === 'hello') return this.#hello(frame);
    if (!this.#greeted) return this.close(CLOSE.protocol);
    if (frame.t === 'auth') return this.#auth(frame);
    if (frame.t === 'ping') return this.send({ t: 'pong', n: frame.n, serverTime: this.#hooks.world.now() });
    const { session } = this;
    if (session === undefined) return this.close(CLOSE.protocol);
    switch (frame.t) {
      case 'cmd':
        return this.#command(session, frame);
      case 'typing':
        for (const socket of this.#hooks.sockets())
          if (
            socket !== this &&
            socket.live &&
            socket.session &&
            this.#hooks.world.isMember(socket.session.account, frame.channel)
          )
            socket.send({ t: 'typing', channel: frame.channel, account: session.account });
        return;
      case 'presence':
        return this.#setPresence(frame.state);
      case 'rpc':
      case 'rpc_answer':
        return this.send({ t: 'fail', id: frame.id, error: new SkerryError('machine_offline').toBody() });
      case 'voice':
        return this.send({ t: 'fail', id: frame.id, error: new SkerryError('not_found').toBody() });
    }
  }

  #hello(frame: Extract<Up, { t: 'hello' }>): void {
    const version = negotiate(frame.v, PROTOCOL);
    if (!version.ok) {
      this.send({ t: 'fail', id: null, error: new SkerryError('incompatible').toBody() });
      return this.close(CLOSE.protocol);
    }
    this.#greeted = true;
    this.send({ t: 'proof', v: version.version, proof: proveIdentity(this.#hooks.identity(), frame) });
  }

  #auth(frame: Extract<Up, { t: 'auth' }>): void {
    const { world } = this.#hooks;
    try {
      this.session = whoHolds(world, frame.token);
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      this.send({ t: 'fail', id: null, error: error.toBody() });
      return this.close(CLOSE.auth);
    }
    for (const socket of this.#hooks.sockets())
      if (socket !== this && socket.session?.id === this.session.id) socket.close(CLOSE.replaced);
    const reset = this.#resetFor(frame.resume);
    this.send({
      t: 'welcome',
      account: this.session.account,
      head: world.position(),
      resumed: reset === undefined,
      heartbeatMs: TIMES.heartbeatMs,
      limits: { frameUpBytes: LIMITS.frameUpBytes, inFlight: LIMITS.inFlight, messageText: LIMITS.messageText },
      serverTime: world.now(),
    });
    if (reset !== undefined) this.send({ t: 'reset', reason: reset });
    else {
      this.tell(world.log.filter((row) => row.seq > (frame.resume?.seq ?? 0)));
      this.send({ t: 'mark', ...world.position() });
    }
    const here = [...this.#hooks.sockets()].filter((socket) => socket.live && socket.presence !== 'offline');
    this.presence = 'online';
    this.send({
      t: 'presence',
      full: true,
      accounts: [...here, this].flatMap((one) =>
        one.session ? [[one.session.account, one.presence] as [typeof one.session.account, PresenceState]] : [],
      ),
    });
    this.#tellPresence();
  }

  #resetFor(resume: Position | null): Extract<Down, { t: 'reset' }>['reason'] | undefined {
    const { world } = this.#hooks;
    if (resume === null) return 'new';
    if (resume.seq > world.seq) return 'diverged';
    if (resume.seq < world.keptFrom - 1 || world.seq - resume.seq > LIMITS.resumeEvents) return 'too_far';
    const row = world.log.find((one) => one.seq === resume.seq);
    return row?.tag === resume.tag ? undefined : 'diverged';
  }

  #command(session: SessionRow, { id, command }: Extract<Up, { t: 'cmd' }>): void {
    try {
      whoStillHolds(session);
      this.send({ t: 'ok', id, result: runCommand(this.#hooks.world, session.account, { id, command }) });
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      this.send({ t: 'fail', id, error: error.toBody() });
    }
  }

  #setPresence(state: PresenceState): void {
    if (this.session === undefined || this.presence === state) return;
    this.presence = state;
    this.#tellPresence();
  }

  #tellPresence(): void {
    if (this.session === undefined) return;
    for (const socket of this.#hooks.sockets())
      if (socket !== this && socket.live)
        socket.send({ t: 'presence', full: false, accounts: [[this.session.account, this.presence]] });
  }
}

function whoStillHolds(session: SessionRow): void {
  if (session.ended) throw new SkerryError('session_revoked');
}

function idOf(value: unknown): Extract<Up, { t: 'cmd' }>['id'] | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined;
  return typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? (id as Extract<Up, { t: 'cmd' }>['id']) : null;
}
