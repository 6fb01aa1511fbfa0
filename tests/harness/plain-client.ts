import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountId, ChannelId, Command, CommandId, CommandResult, Page, SignedIn } from '@skerry/protocol';
import { SkerryError } from '@skerry/protocol';
import { Mirror } from './mirror.ts';
import { call, newId, RawSocket } from './raw-client.ts';

/**
 * A client without the core: it keeps a mirror, resumes, resets, and sends each command with the same id and bytes until
 * it is answered. What it remembers as answered is what the server owes it.
 */
export class PlainClient implements AsyncDisposable {
  readonly mirror = new Mirror();
  readonly account: AccountId;
  /** Every command whose answer came, with that answer. */
  readonly answered = new Map<CommandId, CommandResult>();
  resets = 0;
  resumes = 0;
  readonly #origin: string;
  #session: SignedIn;
  readonly #pending = new Map<CommandId, { command: Command; done: (result: CommandResult | Error) => void }>();
  readonly #stop = new AbortController();
  #socket: RawSocket | undefined;
  #running: Promise<void>;
  #live = false;

  constructor(origin: string, session: SignedIn) {
    this.#origin = origin;
    this.#session = session;
    this.account = session.account.id;
    this.#running = this.#run();
  }

  get live(): boolean {
    return this.#live;
  }

  get unanswered(): number {
    return this.#pending.size;
  }

  /** Resolves with the answer, however many connections it takes. */
  do(command: Command, id: CommandId = newId()): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      this.#pending.set(id, {
        command,
        done: (result) => (result instanceof Error ? reject(result) : resolve(result)),
      });
      this.#send(id, command);
    });
  }

  /** Drops the socket; it comes back by itself. */
  cut(): void {
    this.#socket?.ws.terminate();
  }

  async whenLive(timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#live) {
      if (Date.now() > deadline) throw new Error('not live in time');
      await sleep(5);
    }
  }

  /** Until everything up to this place was told. */
  async caughtUp(seq: number, timeoutMs = 20_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while ((this.mirror.cursor?.seq ?? 0) < seq) {
      if (Date.now() > deadline) throw new Error(`at ${this.mirror.cursor?.seq}, not at ${seq}`);
      await sleep(5);
    }
  }

  /** What somebody who comes new would see. */
  async fresh(): Promise<Mirror> {
    const mirror = new Mirror();
    await loadInto(mirror, this.#origin, this.#session.accessToken);
    return mirror;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#socket?.ws.terminate();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#connection();
      } catch (error) {
        if (error instanceof SkerryError && error.code === 'unauthorized') await this.#refresh();
        await sleep(20 + Math.random() * 40);
      }
    }
  }

  async #connection(): Promise<void> {
    using socket = await RawSocket.open(this.#origin);
    this.#socket = socket;
    try {
      await socket.hello();
      socket.send({ t: 'auth', token: this.#session.accessToken, resume: this.mirror.cursor });
      const welcome = await socket.next('welcome');
      if (welcome.resumed) this.resumes += 1;
      else {
        this.resets += 1;
        await loadInto(this.mirror, this.#origin, this.#session.accessToken);
      }
      this.#live = true;
      for (const [id, { command }] of this.#pending) this.#send(id, command);
      await this.#read(socket);
    } finally {
      this.#live = false;
      this.#socket = undefined;
    }
  }

  async #read(socket: RawSocket): Promise<void> {
    for (;;) {
      await socket.find(() => true, 3_600_000);
      for (const frame of socket.frames.splice(0)) {
        if (frame.t === 'events') this.mirror.events(frame);
        else if (frame.t === 'mark') this.mirror.mark(frame);
        else if (frame.t === 'ok') this.#answer(frame.id, frame.result);
        else if (frame.t === 'fail' && frame.id !== null) {
          const error = SkerryError.fromBody(frame.error);
          // What may pass later is sent again with the next connection.
          if (error.retry !== 'later') this.#answer(frame.id, error);
        }
      }
      await loadJoined(this.mirror, this.#origin, this.#session.accessToken);
    }
  }

  #answer(id: CommandId, result: CommandResult | Error): void {
    if (!(result instanceof Error)) this.answered.set(id, result);
    this.#pending.get(id)?.done(result);
    this.#pending.delete(id);
  }

  #send(id: CommandId, command: Command): void {
    if (this.#live) this.#socket?.send({ t: 'cmd', id, command });
  }

  async #refresh(): Promise<void> {
    this.#session = await call(this.#origin, 'refresh', { body: { refreshToken: this.#session.refreshToken } });
  }
}

export async function loadInto(mirror: Mirror, origin: string, token: string): Promise<void> {
  const snapshot = await call(origin, 'snapshot', { token });
  const pages = new Map<ChannelId, Page>();
  for (const { channel, member } of snapshot.channels)
    if (member) pages.set(channel.id, await everything(origin, token, channel.id));
  mirror.load(snapshot, pages);
}

/** Reads the history of the channels it was told it is in now. */
export async function loadJoined(mirror: Mirror, origin: string, token: string): Promise<void> {
  for (const channel of mirror.toLoad) {
    try {
      mirror.merge(channel, await everything(origin, token, channel));
    } catch (error) {
      // Out of it again already; the event that says so is on its way.
      if (!(error instanceof SkerryError) || error.code !== 'not_found') throw error;
      mirror.toLoad.delete(channel);
    }
  }
}

async function everything(origin: string, token: string, channelId: ChannelId): Promise<Page> {
  let page = await call(origin, 'messages', { token, params: { channelId }, query: { limit: 100 } });
  const messages = [...page.messages];
  const { head } = page;
  while (page.older) {
    page = await call(origin, 'messages', {
      token,
      params: { channelId },
      query: { limit: 100, before: messages[0]?.n ?? 0 },
    });
    messages.unshift(...page.messages);
  }
  return { head, messages, older: false, newer: false };
}
