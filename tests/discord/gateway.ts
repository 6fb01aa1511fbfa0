import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { GatewaySession } from './gateway-session.ts';
import {
  GUILD_MESSAGES,
  guildShape,
  mayRead,
  memberShape,
  MESSAGE_CONTENT,
  messageShape,
  userShape,
} from './shapes.ts';
import { type Bot, type Happening, isBot, type World } from './world.ts';

/** Operation codes and close codes as documented. */
const OP = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  presence: 3,
  voice: 4,
  resume: 6,
  reconnect: 7,
  members: 8,
  invalidSession: 9,
  hello: 10,
  ack: 11,
} as const;
const CLOSE = {
  unknownOp: 4001,
  decode: 4002,
  notAuthenticated: 4003,
  authentication: 4004,
  alreadyAuthenticated: 4005,
  invalidSeq: 4007,
  rateLimited: 4008,
  timedOut: 4009,
  invalidShard: 4010,
  shardingRequired: 4011,
  version: 4012,
  invalidIntents: 4013,
  disallowedIntents: 4014,
} as const;
const ALL_INTENTS = (1 << 26) - 1;
const MOST_PAYLOAD = 4_096;
const PAYLOADS_PER_MINUTE = 120;

export type GatewayOptions = { heartbeatMs: number; resumeMs: number; url: () => string };
export type GatewayEntry = {
  readonly op: 'identify' | 'resume' | 'refused';
  readonly token: string;
  readonly at: number;
};

/** The side of Discord that tells: sessions, heartbeats, events. */
export class Gateway {
  readonly #world: World;
  readonly #options: GatewayOptions;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #sessions = new Map<string, GatewaySession>();
  /** Every attempt to come in, oldest first. */
  readonly entries: GatewayEntry[] = [];
  /** Heartbeats are answered. */
  acknowledges = true;
  /** Whether the next so many resumes are refused, and what is said about trying again. */
  refuseResumes: { left: number; resumable: boolean } = { left: 0, resumable: false };

  constructor(world: World, options: GatewayOptions) {
    this.#world = world;
    this.#options = options;
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const { searchParams } = new URL(request.url ?? '/', 'ws://gateway');
      if (searchParams.get('v') !== '10' || searchParams.get('encoding') !== 'json') client.close(CLOSE.version);
      else this.#greet(client);
    });
  }

  sessionsOf(token: string): GatewaySession[] {
    return [...this.#sessions.values()].filter((session) => session.token === token);
  }

  /** Sockets that are open and have come in. */
  connections(token: string): number {
    return this.sessionsOf(token).filter(({ socket }) => socket?.readyState === 1).length;
  }

  /** Says something to every client of a token that is connected. */
  say(token: string, payload: { op: number; d?: unknown }): void {
    for (const { socket } of this.sessionsOf(token)) socket?.send(JSON.stringify({ d: null, ...payload }));
  }

  /** What every client of a token is cut from, without a word or with a code. */
  cut(token: string, code?: number): void {
    for (const { socket } of this.sessionsOf(token)) {
      if (code === undefined) socket?.terminate();
      else socket?.close(code);
    }
  }

  forget(token: string): void {
    for (const { id } of this.sessionsOf(token)) this.#sessions.delete(id);
  }

  tell(happening: Happening): void {
    for (const session of this.#sessions.values()) this.#tell(session, happening);
  }

  close(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#sockets.close();
  }

  #tell(session: GatewaySession, happening: Happening): void {
    const { bot, intents } = session;
    if (happening.t === 'message' || happening.t === 'typing') {
      const { channel } = happening.t === 'message' ? happening.message : happening;
      const guild = this.#world.guilds.get(channel.guildId);
      if (!guild?.members.has(bot.id) || !session.hears(guild.id) || (intents & GUILD_MESSAGES) === 0) return;
      if (happening.t === 'typing') return;
      const { message } = happening;
      const isFull = mayRead(message, bot, intents);
      const { nonce } = message;
      session.dispatch('MESSAGE_CREATE', {
        ...messageShape(this.#world, message, { isFull }),
        guild_id: guild.id,
        member: memberShape(guild, message.author),
        ...(nonce !== null && message.author.id === bot.id && { nonce }),
      });
      return;
    }
    const { guild, user } = happening;
    if (!session.hears(guild.id)) return;
    if (happening.t === 'member') {
      if (user.id === bot.id)
        session.dispatch('GUILD_MEMBER_UPDATE', { guild_id: guild.id, ...memberShape(guild, user) });
    } else if (user.id === bot.id) {
      if (happening.t === 'joined') session.dispatch('GUILD_CREATE', guildShape(guild, bot));
      else session.dispatch('GUILD_DELETE', { id: guild.id });
    }
  }

  #greet(client: WebSocket): void {
    const { heartbeatMs } = this.#options;
    let session: GatewaySession | undefined;
    let sent: number[] = [];
    const late = () => client.close(CLOSE.timedOut);
    let silence = setTimeout(late, heartbeatMs * 3);
    client.on('error', () => undefined);
    client.on('close', (code) => {
      clearTimeout(silence);
      if (session?.socket !== client) return;
      session.socket = null;
      const { id } = session;
      // A client that says goodbye has ended its session; otherwise it may come back for a while.
      if (code === 1000 || code === 1001) this.#sessions.delete(id);
      else
        setTimeout(
          () => this.#sessions.get(id)?.socket === null && this.#sessions.delete(id),
          this.#options.resumeMs,
        ).unref();
    });
    client.on('message', (data: Buffer) => {
      const now = Date.now();
      sent = [...sent.filter((at) => at > now - 60_000), now];
      if (sent.length > PAYLOADS_PER_MINUTE) return client.close(CLOSE.rateLimited);
      const payload = data.length > MOST_PAYLOAD ? undefined : parse(data);
      if (payload === undefined) return client.close(CLOSE.decode);
      switch (payload.op) {
        case OP.heartbeat:
          clearTimeout(silence);
          silence = setTimeout(late, heartbeatMs * 3);
          if (this.acknowledges) client.send(JSON.stringify({ op: OP.ack, d: null }));
          return;
        case OP.identify:
          if (session !== undefined) return client.close(CLOSE.alreadyAuthenticated);
          session = this.#identify(client, payload.d);
          return;
        case OP.resume:
          if (session !== undefined) return client.close(CLOSE.alreadyAuthenticated);
          session = this.#resume(client, payload.d);
          return;
        case OP.presence:
        case OP.voice:
        case OP.members:
          if (session === undefined) client.close(CLOSE.notAuthenticated);
          return;
        default:
          client.close(CLOSE.unknownOp);
      }
    });
    client.send(JSON.stringify({ op: OP.hello, d: { heartbeat_interval: heartbeatMs } }));
  }

  #identify(client: WebSocket, d: Record<string, unknown>): GatewaySession | undefined {
    const token = String(d['token']);
    const bot = this.#botOf(token);
    const refuse = (code: number) => {
      this.entries.push({ op: 'refused', token, at: Date.now() });
      client.close(code);
      return undefined;
    };
    if (bot === undefined) return refuse(CLOSE.authentication);
    const intents = d['intents'];
    if (typeof intents !== 'number' || intents < 0 || intents > ALL_INTENTS) return refuse(CLOSE.invalidIntents);
    if ((intents & MESSAGE_CONTENT) !== 0 && !bot.readsMessages) return refuse(CLOSE.disallowedIntents);
    const [index, of] = Array.isArray(d['shard']) ? (d['shard'] as unknown[]).map(Number) : [0, 1];
    if (index === undefined || of === undefined || !(index >= 0 && index < of)) return refuse(CLOSE.invalidShard);
    if (of < bot.shards) return refuse(CLOSE.shardingRequired);
    this.entries.push({ op: 'identify', token, at: Date.now() });
    const session = new GatewaySession({ bot, id: randomBytes(16).toString('hex'), intents, shard: [index, of] });
    this.#sessions.set(session.id, session);
    session.socket = client;
    const guilds = this.#world.guildsOf(bot).filter(({ id }) => session.hears(id));
    session.dispatch('READY', {
      v: 10,
      user: userShape(bot),
      guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: this.#options.url(),
      shard: session.shard,
      application: { id: bot.applicationId, flags: 0 },
    });
    for (const guild of guilds) session.dispatch('GUILD_CREATE', guildShape(guild, bot));
    return session;
  }

  #resume(client: WebSocket, d: Record<string, unknown>): GatewaySession | undefined {
    const token = String(d['token']);
    const bot = this.#botOf(token);
    if (bot === undefined) {
      client.close(CLOSE.authentication);
      return undefined;
    }
    const invalid = (resumable: boolean) => {
      this.entries.push({ op: 'refused', token, at: Date.now() });
      client.send(JSON.stringify({ op: OP.invalidSession, d: resumable }));
      return undefined;
    };
    if (this.refuseResumes.left > 0) {
      this.refuseResumes.left -= 1;
      return invalid(this.refuseResumes.resumable);
    }
    const session = this.#sessions.get(String(d['session_id']));
    const seq = Number(d['seq']);
    if (session?.token !== token) return invalid(false);
    if (!(seq <= session.seq)) {
      client.close(CLOSE.invalidSeq);
      return undefined;
    }
    this.entries.push({ op: 'resume', token, at: Date.now() });
    session.socket?.terminate();
    session.socket = client;
    session.isDeaf = false;
    if (!session.replay(seq)) return invalid(false);
    session.dispatch('RESUMED', {});
    return session;
  }

  #botOf(token: string): Bot | undefined {
    const user = this.#world.byToken(token);
    return user !== undefined && isBot(user) ? user : undefined;
  }
}

function parse(data: Buffer): { op: unknown; d: Record<string, unknown> } | undefined {
  try {
    const value: unknown = JSON.parse(data.toString());
    if (typeof value !== 'object' || value === null || !('op' in value)) return undefined;
    const d = 'd' in value && typeof value.d === 'object' && value.d !== null ? value.d : {};
    return { op: value.op, d: d as Record<string, unknown> };
  } catch {
    return undefined;
  }
}
