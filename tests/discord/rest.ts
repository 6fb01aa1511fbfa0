import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RateLimits } from './rate-limits.ts';
import { applicationShape, channelShape, guildShape, memberShape, messageShape, userShape } from './shapes.ts';
import { type Channel, type Guild, isBot, type Message, type User, type World } from './world.ts';

/** How long a nonce is remembered: "the past few minutes". */
const NONCE_MS = 180_000;
const MOST_TEXT = 2_000;

/** What happens to a message that is being created. */
export type Trouble =
  /** The connection breaks before anything was done, or after the message was made. */
  'lostBefore' | 'lostAfter' | 'error500' | 'none';

type Answer = { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };
type Call = {
  readonly user: User;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
};

const refuse = (status: number, code: number, message: string): Answer => ({ status, body: { message, code } });
const UNAUTHORIZED = refuse(401, 0, '401: Unauthorized');
const UNKNOWN_CHANNEL = refuse(404, 10_003, 'Unknown Channel');
const UNKNOWN_MESSAGE = refuse(404, 10_008, 'Unknown Message');
const MISSING_ACCESS = refuse(403, 50_001, 'Missing Access');
const MISSING_PERMISSIONS = refuse(403, 50_013, 'Missing Permissions');

/** The side of Discord that is asked. */
export class Rest {
  readonly limits = new RateLimits();
  readonly #world: World;
  readonly #gatewayUrl: () => string;
  /** Every request: what was asked and what came of it. */
  readonly requests: {
    readonly method: string;
    readonly path: string;
    readonly token: string;
    readonly status: number;
  }[] = [];
  /** For the next messages that are created, one each. */
  readonly troubles: Trouble[] = [];
  /** Every request takes this long, in milliseconds. */
  delayMs = 0;

  constructor(world: World, gatewayUrl: () => string) {
    this.#world = world;
    this.#gatewayUrl = gatewayUrl;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://discord');
    const method = request.method ?? 'GET';
    const body = await bodyOf(request);
    if (this.delayMs > 0) await sleep(this.delayMs);
    const { token, isBotScheme } = credentials(request.headers.authorization);
    const answer = this.#answer({ method, url, token, isBotScheme, body });
    this.requests.push({ method, path: url.pathname, token, status: answer?.status ?? 0 });
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    const type = answer.body === undefined ? {} : { 'content-type': 'application/json' };
    response.writeHead(answer.status, { ...type, ...answer.headers });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  #answer(asked: {
    method: string;
    url: URL;
    token: string;
    isBotScheme: boolean;
    body: Record<string, unknown> | undefined;
  }): Answer | null {
    const { method, url, token, isBotScheme, body } = asked;
    const version = /^\/api(?:\/v(\d+))?(\/.*)$/.exec(url.pathname);
    if (version === null || (version[1] !== undefined && version[1] !== '10')) return refuse(404, 0, '404: Not Found');
    const user = this.#world.byToken(token);
    if (user === undefined || user.bot !== isBotScheme) return UNAUTHORIZED;
    if (body === undefined) return refuse(400, 50_109, 'The request body contains invalid JSON.');
    const path = decodeURIComponent(version[2] ?? '/');
    for (const [verb, pattern, handler] of this.#routes) {
      const match = verb === method ? pattern.exec(path) : null;
      if (match === null) continue;
      const [, ...params] = match;
      const isMessage = method === 'POST' && path.endsWith('/messages');
      const about = params[0] ?? '';
      const limit = this.limits.take({ token, route: `${method} ${pattern.source}`, about, isMessage });
      if (!limit.isAllowed) {
        const { retryAfterS, isGlobal, headers } = limit;
        return {
          status: 429,
          headers,
          body: { message: 'You are being rate limited.', retry_after: retryAfterS, global: isGlobal },
        };
      }
      const answer = handler({ user, params, query: url.searchParams, body });
      return answer && { ...answer, headers: limit.headers };
    }
    return refuse(404, 0, '404: Not Found');
  }

  readonly #routes: readonly (readonly [string, RegExp, (call: Call) => Answer | null])[] = [
    ['GET', /^\/gateway\/bot$/, (call) => this.#gatewayBot(call)],
    ['GET', /^\/users\/@me$/, ({ user }) => ({ status: 200, body: userShape(user) })],
    ['GET', /^\/users\/@me\/guilds$/, (call) => this.#guilds(call)],
    [
      'GET',
      /^\/(?:oauth2\/)?applications\/@me$/,
      ({ user }) => (isBot(user) ? { status: 200, body: applicationShape(user) } : UNAUTHORIZED),
    ],
    [
      'GET',
      /^\/guilds\/(\d+)$/,
      (call) => this.#inGuild(call, (guild) => ({ status: 200, body: guildShape(guild, call.user) })),
    ],
    ['PATCH', /^\/guilds\/(\d+)\/members\/@me$/, (call) => this.#inGuild(call, (guild) => this.#rename(guild, call))],
    [
      'GET',
      /^\/channels\/(\d+)$/,
      (call) => this.#inChannel(call, (channel) => ({ status: 200, body: channelShape(channel) })),
    ],
    ['GET', /^\/channels\/(\d+)\/messages$/, (call) => this.#inChannel(call, (channel) => this.#page(channel, call))],
    [
      'GET',
      /^\/channels\/(\d+)\/messages\/(\d+)$/,
      (call) => this.#inChannel(call, (channel) => this.#one(channel, call)),
    ],
    ['POST', /^\/channels\/(\d+)\/messages$/, (call) => this.#create(call)],
    [
      'POST',
      /^\/channels\/(\d+)\/typing$/,
      (call) => this.#inChannel(call, (channel) => this.#type(channel, call.user)),
    ],
  ];

  #gatewayBot({ user }: Call): Answer {
    if (!isBot(user)) return UNAUTHORIZED;
    const session_start_limit = { total: 1_000, remaining: 999, reset_after: 86_400_000, max_concurrency: 16 };
    return { status: 200, body: { url: this.#gatewayUrl(), shards: user.shards, session_start_limit } };
  }

  #guilds({ user, query }: Call): Answer {
    const limit = Math.min(Number(query.get('limit') ?? 200), 200);
    const after = BigInt(query.get('after') ?? 0);
    const guilds = this.#world
      .guildsOf(user)
      .filter(({ id }) => BigInt(id) > after)
      .slice(0, limit);
    return {
      status: 200,
      body: guilds.map(({ id, name }) => ({
        id,
        name,
        icon: null,
        owner: false,
        permissions: '67226624',
        features: [],
      })),
    };
  }

  #inGuild(call: Call, act: (guild: Guild) => Answer): Answer {
    const guild = this.#world.guilds.get(call.params[0] ?? '');
    if (guild === undefined) return refuse(404, 10_004, 'Unknown Guild');
    return guild.members.has(call.user.id) ? act(guild) : MISSING_ACCESS;
  }

  #inChannel<T extends Answer | null>(call: Call, act: (channel: Channel) => T): T | Answer {
    const channel = this.#world.channels.get(call.params[0] ?? '');
    if (channel === undefined) return UNKNOWN_CHANNEL;
    return this.#world.guilds.get(channel.guildId)?.members.has(call.user.id) ? act(channel) : MISSING_ACCESS;
  }

  #rename(guild: Guild, { user, body }: Call): Answer {
    const nick = body['nick'] ?? null;
    if (nick !== null && (typeof nick !== 'string' || nick.length > 32))
      return refuse(400, 50_035, 'Invalid Form Body');
    this.#world.rename(guild, user, nick);
    return { status: 200, body: memberShape(guild, user) };
  }

  #type(channel: Channel, user: User): Answer {
    if (channel.isReadOnly) return MISSING_PERMISSIONS;
    this.#world.showTyping(channel, user);
    return { status: 204 };
  }

  /** The newest first, as Discord has it. */
  #page(channel: Channel, { user, query }: Call): Answer {
    if (channel.hidesPast) return MISSING_PERMISSIONS;
    const limit = Number(query.get('limit') ?? 50);
    if (!(limit >= 1 && limit <= 100)) return refuse(400, 50_035, 'Invalid Form Body');
    const [before, after] = [query.get('before'), query.get('after')];
    const fitting = channel.messages.filter(
      ({ id }) => (before === null || BigInt(id) < BigInt(before)) && (after === null || BigInt(id) > BigInt(after)),
    );
    const page = after === null ? fitting.slice(-limit) : fitting.slice(0, limit);
    return { status: 200, body: page.toReversed().map((message) => this.#show(message, user)) };
  }

  #one(channel: Channel, { user, params }: Call): Answer {
    const message = channel.messages.find(({ id }) => id === params[1]);
    return message === undefined ? UNKNOWN_MESSAGE : { status: 200, body: this.#show(message, user) };
  }

  #show(message: Message, user: User): Record<string, unknown> {
    const isFull =
      (isBot(user) && user.readsMessages) || message.author.id === user.id || message.mentions.includes(user.id);
    return messageShape(this.#world, message, { isFull });
  }

  #create(call: Call): Answer | null {
    const trouble = this.troubles.shift() ?? 'none';
    if (trouble === 'lostBefore') return null;
    if (trouble === 'error500') return refuse(500, 0, '500: Internal Server Error');
    const answer = this.#inChannel(call, (channel) => this.#post(channel, call));
    return trouble === 'lostAfter' ? null : answer;
  }

  #post(channel: Channel, { user, body }: Call): Answer {
    if (channel.isReadOnly) return MISSING_PERMISSIONS;
    const { content, flags = 0 } = body;
    const key = nonceOf(body['nonce']);
    if (typeof content !== 'string' || content.trim() === '')
      return refuse(400, 50_006, 'Cannot send an empty message');
    if (content.length > MOST_TEXT || (key !== null && key.length > 25))
      return refuse(400, 50_035, 'Invalid Form Body');
    if (key !== null && body['enforce_nonce'] === true) {
      const young = Date.now() - NONCE_MS;
      const known = channel.messages.find(
        ({ nonce: n, author, at }) => n === key && author.id === user.id && at > young,
      );
      if (known !== undefined) return { status: 200, body: { ...this.#show(known, user), nonce: key } };
    }
    const reference = body['message_reference'] as { message_id?: string; fail_if_not_exists?: boolean } | undefined;
    const wanted = reference?.message_id ?? null;
    const isThere = channel.messages.some(({ id }) => id === wanted);
    if (wanted !== null && !isThere && reference?.fail_if_not_exists !== false)
      return refuse(400, 50_035, 'Invalid Form Body');
    const replyTo = isThere ? wanted : null;
    const mentions = this.#told(content, body['allowed_mentions'] as AllowedMentions | undefined, { channel, replyTo });
    const fresh = { channel, author: user, text: content, replyTo, nonce: key, mentions, flags: Number(flags) };
    const message = this.#world.post(fresh);
    return { status: 200, body: { ...this.#show(message, user), ...(key !== null && { nonce: key }) } };
  }

  #told(
    text: string,
    allowed: AllowedMentions | undefined,
    at: { channel: Channel; replyTo: string | null },
  ): string[] {
    const everyone = allowed === undefined || allowed.parse?.includes('users') === true;
    const named = Array.from(text.matchAll(/<@!?(\d+)>/g), ([, id]) => id ?? '').filter(
      (id) => this.#world.users.has(id) && (everyone || allowed.users?.includes(id) === true),
    );
    const answered = at.channel.messages.find(({ id }) => id === at.replyTo)?.author.id;
    const tells = allowed === undefined || allowed.replied_user === true;
    return answered !== undefined && tells ? [...named, answered] : named;
  }
}

type AllowedMentions = { parse?: string[]; users?: string[]; replied_user?: boolean };

/** Text or a whole number. */
function nonceOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function credentials(header: string | undefined): { token: string; isBotScheme: boolean } {
  const [, scheme, token = ''] = /^(Bot )?(.*)$/.exec(header ?? '') ?? [];
  return { token, isBotScheme: scheme !== undefined };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
