import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gateway, type GatewayEntry } from './gateway.ts';
import { Rest } from './rest.ts';
import { type Bot, type Channel, type Message, randomToken, type User, World } from './world.ts';

/**
 * A stand-in of Discord for tests, our own, written from its public documentation: gateway version 10 in JSON and the
 * routes a bot needs that reads and writes messages. It is as strict as the documentation says Discord is.
 */
export class Discord implements AsyncDisposable {
  readonly world = new World();
  readonly gateway: Gateway;
  readonly rest: Rest;
  readonly #server: Server;

  private constructor(options: { heartbeatMs: number; resumeMs: number }) {
    const url = () => `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/gateway`;
    this.gateway = new Gateway(this.world, { ...options, url });
    this.rest = new Rest(this.world, url);
    this.world.listener = (happening) => this.gateway.tell(happening);
    this.#server = createServer((request, response) => {
      this.rest.handle(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server.on('upgrade', (request, socket, head) => this.gateway.accept(request, socket, head));
  }

  /** @param options.resumeMs how long a lost client may come back to its session */
  static async start(options: { heartbeatMs?: number; resumeMs?: number } = {}): Promise<Discord> {
    const discord = new Discord({ heartbeatMs: 41_250, resumeMs: 60_000, ...options });
    await new Promise<void>((resolve) => void discord.#server.listen(0, '127.0.0.1', resolve));
    return discord;
  }

  /** What a client takes for `https://discord.com/api`. */
  get api(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`;
  }

  /** A person writes; `<@id>` in the text mentions. */
  say(channel: Channel, author: User, text: string, replyTo: Message | null = null): Message {
    return this.world.post({ channel, author, text, replyTo: replyTo?.id ?? null });
  }

  /** What bots wrote, in the order it came. */
  posted(of?: User): Message[] {
    return [...this.world.channels.values()]
      .flatMap(({ messages }) => messages)
      .filter(({ author }) => author.bot && (of === undefined || of.id === author.id))
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }

  entries(bot: User): GatewayEntry[] {
    return this.gateway.entries.filter(({ token }) => token === bot.token);
  }

  /** The bot's token is no longer one; whoever is connected with it is thrown out. */
  revoke(bot: Bot): void {
    const old = bot.token;
    bot.token = randomToken(bot.id);
    this.gateway.cut(old, 4004);
    this.gateway.forget(old);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
