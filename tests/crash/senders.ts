import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerHandle } from '@skerry/core';
import { parts } from '@skerry/server';
import { down, type ChannelId, type CommandId, type CommandResult } from '@skerry/protocol';
import { digestOf, Member } from '../harness/member.ts';
import { PlainClient } from '../harness/plain-client.ts';
import { call, newId } from '../harness/raw-client.ts';
import type { SpawnedServer } from '../harness/spawn-server.ts';
import { until } from '../harness/watch.ts';

/** Somebody who sends all the time, remembers what was answered, and can be compared with somebody new. */
export interface Sender extends AsyncDisposable {
  /** Sends it keeps going at once. */
  readonly lanes: number;
  /** Where what it says can be read by everybody, or by nobody but its peer. */
  readonly says: 'openly' | 'sealed';
  readonly answered: ReadonlyMap<CommandId, CommandResult>;
  readonly resumes: number;
  readonly resets: number;
  /** Resolves when it was answered; `asked` is told before the first attempt. */
  send(text: string, asked: (id: CommandId, text: string) => void): Promise<void>;
  isSettled(): boolean;
  tryNow(): void;
  /** What is wrong with what it shows, in words. */
  complaints(asked: readonly CommandId[]): Promise<string[]>;
}

export class PlainSender implements Sender {
  readonly lanes = 4;
  readonly says = 'openly';
  readonly #client: PlainClient;
  readonly #channel: ChannelId;

  constructor(client: PlainClient, channel: ChannelId) {
    this.#client = client;
    this.#channel = channel;
  }

  get answered(): ReadonlyMap<CommandId, CommandResult> {
    return this.#client.answered;
  }
  get resumes(): number {
    return this.#client.resumes;
  }
  get resets(): number {
    return this.#client.resets;
  }

  async send(text: string, asked: (id: CommandId, text: string) => void): Promise<void> {
    const id = newId();
    asked(id, text);
    await this.#client.do({ kind: 'message.send', channel: this.#channel, text, replyTo: null }, id);
  }

  isSettled(): boolean {
    return this.#client.live && this.#client.unanswered === 0;
  }

  tryNow(): void {
    // It tries all the time.
  }

  async complaints(asked: readonly CommandId[]): Promise<string[]> {
    const { mirror } = this.#client;
    const fresh = JSON.stringify((await this.#client.fresh()).digest());
    const found = mirror.violations.slice(0, 3).map((violation) => `was told: ${violation}`);
    if (!(await within(10_000, () => JSON.stringify(mirror.digest()) === fresh)))
      found.push('differs from a fresh one');
    const shown = new Set<string>(mirror.messagesOf(this.#channel).map((message) => message.id));
    for (const id of asked) if (!shown.has(id)) found.push(`does not show ${id}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** Sends ciphertexts to the other one of a direct conversation. */
export class SealedSender implements Sender {
  readonly lanes = 2;
  readonly says = 'sealed';
  readonly #client: PlainClient;
  readonly #self: KeyedOnSpawned;
  readonly #conversation: parts.Conversation<SpawnedKeyServer>;

  private constructor(origin: string, self: KeyedOnSpawned, conversation: parts.Conversation<SpawnedKeyServer>) {
    this.#client = new PlainClient(origin, self.who);
    this.#self = self;
    this.#conversation = conversation;
  }

  /** Two people with keys, each of whom writes to the other. */
  static async pair(server: SpawnedServer, names: readonly [string, string]): Promise<readonly SealedSender[]> {
    const keys = await keyServer(server);
    const [one, other] = [
      await parts.KeyedAccount.create(keys, names[0], 1),
      await parts.KeyedAccount.create(keys, names[1], 1),
    ];
    const conversation = await parts.Conversation.direct(one, other);
    return [one, other].map((self) => new SealedSender(server.origin, self, conversation));
  }

  get answered(): ReadonlyMap<CommandId, CommandResult> {
    return this.#client.answered;
  }
  get resumes(): number {
    return this.#client.resumes;
  }
  get resets(): number {
    return this.#client.resets;
  }

  /** What is said stands for itself: the ciphertext is the text. */
  async send(_text: string, asked: (id: CommandId, text: string) => void): Promise<void> {
    const id = newId();
    const command = this.#conversation.message(this.#self);
    asked(id, command.envelopes.map(({ body }) => body).join());
    await this.#client.do(command, id);
  }

  isSettled(): boolean {
    return this.#client.live && this.#client.unanswered === 0;
  }

  tryNow(): void {
    // It tries all the time.
  }

  async complaints(): Promise<string[]> {
    const { mirror } = this.#client;
    const fresh = JSON.stringify((await this.#client.fresh()).digest());
    const found = mirror.violations.slice(0, 3).map((violation) => `was told: ${violation}`);
    if (!(await within(10_000, () => JSON.stringify(mirror.digest()) === fresh)))
      found.push('differs from a fresh one');
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

type SpawnedKeyServer = parts.ConversationServer;
type KeyedOnSpawned = parts.KeyedAccount<SpawnedKeyServer>;

/** The spawned server as accounts with keys ask it while they are made. */
async function keyServer({ origin }: SpawnedServer): Promise<SpawnedKeyServer> {
  const { serverId } = await call(origin, 'info');
  return {
    running: { serverId, url: origin, setupCode: null },
    ask: (name, asked = {}) => call(origin, name, asked),
    run: async ({ accessToken: token }, command, id = newId()) => {
      const body = await call(origin, 'command', { token, body: { id, command } });
      return { status: 200, code: undefined, body };
    },
  };
}

/** The real client. Its send queue decides when something leaves; the answers are read off the wire. */
export class CoreSender implements Sender {
  readonly lanes = 1;
  readonly says = 'openly';
  readonly answered = new Map<CommandId, CommandResult>();
  resumes = 0;
  resets = 0;
  readonly #member: Member;
  readonly #handle: ServerHandle;
  readonly #channel: ChannelId;
  readonly #origin: string;
  readonly #name: string;

  private constructor(
    member: Member,
    handle: ServerHandle,
    about: { channel: ChannelId; origin: string; name: string },
  ) {
    this.#member = member;
    this.#handle = handle;
    this.#channel = about.channel;
    this.#origin = about.origin;
    this.#name = about.name;
    member.wire.keeps = () => false;
    member.wire.letDown = (text) => {
      this.#read(text);
      return true;
    };
  }

  static async join(origin: string, name: string, channel: ChannelId): Promise<CoreSender> {
    const member = await Member.start({ speed: 20 });
    return new CoreSender(member, await member.join(origin, name), { channel, origin, name });
  }

  async send(text: string, asked: (id: CommandId, text: string) => void): Promise<void> {
    const id = (await this.#handle.send({ channel: this.#channel, text, replyTo: null })) as string as CommandId;
    asked(id, text);
    // A few may wait in the queue, as when a person types faster than the server answers.
    await until(this.#member.client.servers, ([view]) => (view?.waiting ?? 0) < 4, 600_000);
  }

  isSettled(): boolean {
    const [view] = this.#member.client.servers.get();
    return view?.state.kind === 'live' && view.waiting === 0;
  }

  tryNow(): void {
    if (this.#handle.state.get().kind === 'waiting') this.#handle.tryNow();
  }

  async complaints(): Promise<string[]> {
    const found: string[] = [];
    const [view] = this.#member.client.servers.get();
    if (view !== undefined && view.parked > 0) found.push(`gave up on ${view.parked}`);
    await using fresh = await Member.start({ speed: 20 });
    const other = await fresh.join(this.#origin, this.#name, { signIn: true });
    const wanted = JSON.stringify(await digestOf(fresh.client, other));
    const deadline = Date.now() + 10_000;
    while (JSON.stringify(await digestOf(this.#member.client, this.#handle)) !== wanted) {
      if (Date.now() > deadline) return [...found, 'differs from a fresh one'];
      await sleep(50);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#member[Symbol.asyncDispose]();
  }

  #read(text: string): void {
    const frame = down.safeParse(JSON.parse(text));
    if (!frame.success) return;
    if (frame.data.t === 'ok') this.answered.set(frame.data.id, frame.data.result);
    if (frame.data.t !== 'welcome') return;
    if (frame.data.resumed) this.resumes += 1;
    else this.resets += 1;
  }
}

export async function within(ms: number, condition: () => boolean): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}
