import {
  mentionOf,
  type AccountId,
  type ChannelId,
  type DeviceList,
  type MessageId,
  type Position,
  type PresenceState,
  type SignedIn,
} from '@skerry/protocol';
import { call, newId, RawSocket, signUp } from './raw-client.ts';

/** Somebody else on one server, without a client: hears everything in the first channel and says things there. */
export class Friend implements AsyncDisposable {
  readonly #server: { readonly origin: string };
  readonly #session: SignedIn;
  readonly #channel: ChannelId;
  #socket: RawSocket | undefined;

  private constructor(server: { readonly origin: string }, session: SignedIn, channel: ChannelId) {
    this.#server = server;
    this.#session = session;
    this.#channel = channel;
  }

  /** The first person of a new server. */
  static async found(
    server: { readonly origin: string; readonly setupCode: string | null },
    name: string,
  ): Promise<Friend> {
    return Friend.#of(server, await signUp(server.origin, name, server.setupCode));
  }

  static async join(server: { readonly origin: string }, name: string): Promise<Friend> {
    return Friend.#of(server, await signUp(server.origin, name));
  }

  static async #of(server: { readonly origin: string }, session: SignedIn): Promise<Friend> {
    const { channels } = await call(server.origin, 'snapshot', { token: session.accessToken });
    const channel = channels[0]?.channel.id;
    if (channel === undefined) throw new Error('a server has a first channel');
    return new Friend(server, session, channel);
  }

  get channel(): ChannelId {
    return this.#channel;
  }

  async says(text: string, replyTo: MessageId | null = null): Promise<MessageId> {
    const id = newId();
    const command = { kind: 'message.send', channel: this.#channel, text, replyTo } as const;
    await call(this.#server.origin, 'command', { token: this.#session.accessToken, body: { id, command } });
    return id as string as MessageId;
  }

  async mentions(username: string, text: string): Promise<MessageId> {
    const { accounts } = await call(this.#server.origin, 'snapshot', { token: this.#session.accessToken });
    const account = accounts.find((one) => one.username === username);
    if (account === undefined) throw new Error(`nobody is called ${username}`);
    return this.says(`${mentionOf(account.id)} ${text}`);
  }

  /** Waits until a message with this text is there. */
  async hears(text: string, timeoutMs: number): Promise<void> {
    await this.listens();
    if ((await this.history()).includes(text)) return;
    await this.isTold(text, timeoutMs);
  }

  /** Opens a socket, unless there is one. */
  async listens(): Promise<void> {
    if (this.#socket?.closed !== undefined) this.#socket = undefined;
    this.#socket ??= await RawSocket.live(this.#server.origin, this.#session.accessToken);
  }

  /** Waits until a message with this text comes by the socket, which must be open. */
  async isTold(text: string, timeoutMs: number): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('it does not listen');
    await socket.find(
      (frame) =>
        frame.t === 'events' && frame.events.some((event) => event.kind === 'message' && event.message.text === text),
      timeoutMs,
    );
    socket.frames.length = 0;
  }

  /** Makes somebody an admin. */
  async promotes(account: AccountId): Promise<void> {
    const command = { kind: 'account.role', account, role: 'admin' } as const;
    await call(this.#server.origin, 'command', { token: this.#session.accessToken, body: { id: newId(), command } });
  }

  /** Waits until somebody else is said to be here, away or gone; the socket must be open. */
  async seesSomebody(state: PresenceState, timeoutMs: number): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('it does not listen');
    const me = this.#session.account.id;
    await socket.find(
      (frame) => frame.t === 'presence' && frame.accounts.some(([who, how]) => who !== me && how === state),
      timeoutMs,
    );
    socket.frames.length = 0;
  }

  /** Tells the others how far it is here; the socket must be open. */
  isHere(state: 'online' | 'away'): void {
    this.#socket?.send({ t: 'presence', state });
  }

  /** Texts of the newest hundred messages, oldest first. */
  async history(): Promise<string[]> {
    const asked = { token: this.#session.accessToken, params: { channelId: this.#channel }, query: { limit: 100 } };
    return (await call(this.#server.origin, 'messages', asked)).messages.map((message) => message.text);
  }

  /** The newest signed device list of everyone who has one: public keys and nothing else. */
  async deviceLists(): Promise<readonly DeviceList[]> {
    const { accounts } = await call(this.#server.origin, 'snapshot', { token: this.#session.accessToken });
    const asked = accounts.filter(({ devices }) => (devices ?? 0) > 0).map(({ id }) => ({ account: id, after: 0 }));
    if (asked.length === 0) return [];
    const body = { accounts: asked };
    const told = await call(this.#server.origin, 'deviceLists', { token: this.#session.accessToken, body });
    return told.accounts.flatMap(({ lists }) => lists.slice(-1));
  }

  /** Where the server's log stands. */
  async head(): Promise<Position> {
    return (await call(this.#server.origin, 'snapshot', { token: this.#session.accessToken })).asOf;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.[Symbol.dispose]();
  }
}
