import {
  createCipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  type AnswerRequest,
  type AssistantAction,
  type Body,
  encodeProof,
  encodeRunnerLogin,
  encodeRunnerSeal,
  fromBase64Url,
  type GuildUpdate,
  type ReportedAction,
  ROUTES,
  type RouteName,
  type RunnerAnswer,
  type RunnerTokens,
  SkerryError,
  toBase64Url,
} from '@skerry/protocol';
import type { Guild } from '../discord/world.ts';
import type { Assistant, Backend, Person } from './backend.ts';

type GuildRow = RunnerTokens['tokens'][number]['servers'][number];
type PersonRow = {
  readonly accountId: AnswerRequest['accountId'];
  token: { readonly id: string; readonly text: string } | null;
  readonly guilds: Map<string, GuildRow>;
};
type RunnerRow = { readonly id: string; readonly publicKey: string; readonly boxKey: string; token: string | null };
type Asked = {
  readonly url: URL;
  readonly body: unknown;
  readonly runner: RunnerRow | null;
  readonly gone: AbortSignal;
};

/** How an answer is made; the default says whose it is. */
type Answering = (request: AnswerRequest, guild: GuildRow, gone: AbortSignal) => Promise<RunnerAnswer> | RunnerAnswer;

const POLL_MS = 1_000;

/** The runner's side of a Skerry server, in memory, answering by the schemas of the wire and refusing what they refuse. */
export class StandIn implements Backend {
  readonly #server: Server;
  readonly #serverId = randomUUID();
  #key: { readonly publicKey: string; readonly secret: KeyObject };
  readonly #nonces = new Map<string, number>();
  readonly #runners: RunnerRow[] = [];
  readonly #people: PersonRow[] = [];
  #version = 1;
  /** Everything taken, in order, once each. */
  readonly taken = new Map<string, ReportedAction>();
  /** Requests for answers, in the order they came, and how each ended. */
  readonly asked: { readonly request: AnswerRequest; isAborted: boolean }[] = [];
  readonly seen: string[] = [];
  /** The next so many calls of a route fail with a code, or end without an answer after they were done. */
  readonly faults: { readonly path: string; readonly how: 'unavailable' | 'lostAfter' }[] = [];
  answering: Answering = (_request, { botName, personality, rules, websites }) => ({
    kind: 'answer',
    text: [botName, personality, rules, ...websites.map(({ url }) => url)].join(' | '),
    engine: 'model',
  });

  private constructor() {
    this.#key = freshKey();
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<StandIn> {
    const standIn = new StandIn();
    await new Promise<void>((resolve) => void standIn.#server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get pin(): { serverId: string; key: string } {
    return { serverId: this.#serverId, key: this.#key.publicKey };
  }

  register({ publicKey, boxKey }: { publicKey: string; boxKey: string }): Promise<string> {
    const id = randomUUID();
    this.#runners.push({ id, publicKey, boxKey, token: null });
    return Promise.resolve(id);
  }

  unregister(runnerId: string): Promise<void> {
    this.#runners.splice(
      this.#runners.findIndex(({ id }) => id === runnerId),
      1,
    );
    this.#version += 1;
    return Promise.resolve();
  }

  /** Another key, as somebody in between would have; nothing vouches for it. */
  replaceKey(): void {
    this.#key = freshKey();
    this.forgetTokens();
  }

  /** As after a restart: runners sign in again. */
  forgetTokens(): void {
    for (const runner of this.#runners) runner.token = null;
  }

  person(_name: string): Promise<Person> {
    const row: PersonRow = { accountId: randomUUID() as PersonRow['accountId'], token: null, guilds: new Map() };
    this.#people.push(row);
    const changed = () => {
      this.#version += 1;
      return Promise.resolve();
    };
    return Promise.resolve({
      accountId: row.accountId,
      connectBot: (text) => {
        row.token = { id: randomUUID(), text };
        return changed();
      },
      disconnectBot: () => {
        row.token = null;
        return changed();
      },
      addGuild: async (guild) => {
        const added = this.#addGuild(row, guild);
        await changed();
        return added;
      },
      status: () => {
        const counts = [...row.guilds.keys()].map((guildId) => this.#counts(row, guildId));
        return Promise.resolve({
          connected: row.token !== null,
          serverCount: row.guilds.size,
          activeServerCount: [...row.guilds.values()].filter(({ botActive }) => botActive).length,
          totalMessagesSent: counts.reduce((sum, { sent }) => sum + sent, 0),
          totalMessagesReceived: counts.reduce((sum, { received }) => sum + received, 0),
        });
      },
    });
  }

  /** Websites the assistant may quote, by their addresses. */
  setWebsites(person: Person, guild: Guild, urls: readonly string[]): void {
    const row = this.#people.find(({ accountId }) => accountId === person.accountId)?.guilds.get(guild.id);
    row?.websites.splice(0, Infinity, ...urls.map((url) => ({ url, title: null })));
    this.#version += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #addGuild(person: PersonRow, guild: Guild): Assistant {
    const row: GuildRow = {
      serverId: randomUUID(),
      guildId: guild.id,
      guildName: guild.name,
      botActive: false,
      botName: 'Assistant',
      personality: '',
      rules: '',
      information: '',
      websites: [],
    };
    person.guilds.set(guild.id, row);
    return {
      update: (change: GuildUpdate) => {
        Object.assign(row, change);
        this.#version += 1;
        return Promise.resolve();
      },
      remove: () => {
        person.guilds.delete(guild.id);
        this.#version += 1;
        return Promise.resolve();
      },
      counts: () => Promise.resolve(this.#counts(person, guild.id)),
      actions: () => Promise.resolve(this.#actions(person, guild.id)),
    };
  }

  #reports({ accountId }: PersonRow, guildId: string): ReportedAction[] {
    return [...this.taken.values()].filter((one) => one.accountId === accountId && one.guildId === guildId);
  }

  #counts(person: PersonRow, guildId: string): { sent: number; received: number } {
    let [sent, received] = [0, 0];
    for (const report of this.#reports(person, guildId)) {
      if (report.kind === 'received') received += report.count;
      if (report.kind === 'sent') sent += 1;
    }
    return { sent, received };
  }

  #actions(person: PersonRow, guildId: string): AssistantAction[] {
    return this.#reports(person, guildId)
      .flatMap((report) => {
        if (report.kind === 'received') return [];
        const { id, kind, at, channelId, channelName, messageId, text, context } = report;
        return [{ id, kind, at: new Date(at).toISOString(), channelId, channelName, messageId, text, context }];
      })
      .reverse();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => response.writableFinished || gone.abort());
    const url = new URL(request.url ?? '/', this.origin);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    this.seen.push(`${request.method} ${url.pathname}`);
    const fault = this.faults.findIndex(({ path }) => path === url.pathname);
    const [how] = fault < 0 ? [] : this.faults.splice(fault, 1);
    let status = 200;
    let answer: unknown;
    try {
      if (how?.how === 'unavailable') throw new SkerryError('unavailable');
      const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
      const runner = this.#runners.find(({ token }) => token !== null && token === bearer) ?? null;
      const body: unknown = text === '' ? null : JSON.parse(text);
      answer = await this.#route(`${request.method} ${url.pathname}`, { url, body, runner, gone: gone.signal });
    } catch (error) {
      const told = error instanceof SkerryError ? error : new SkerryError('bad_request');
      status = told.status;
      answer = { error: told.toBody() };
    }
    if (how?.how === 'lostAfter') return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  async #route(what: string, asked: Asked): Promise<unknown> {
    switch (what) {
      case 'POST /api/server/proof':
        return this.#prove(bodyOf('proof', asked));
      case 'POST /api/auth/challenge': {
        const nonce = toBase64Url(randomBytes(32));
        const expiresAt = Date.now() + 60_000;
        this.#nonces.set(nonce, expiresAt);
        return { nonce, expiresAt };
      }
      case 'POST /api/runner/sign-in':
        return this.#signIn(bodyOf('runnerSignIn', asked));
      case 'GET /api/discord/tokens':
        return this.#tokens(asked);
      case 'POST /api/runner/answers':
        return this.#answer(bodyOf('runnerAnswer', asked), asked);
      case 'POST /api/runner/actions':
        return this.#take(bodyOf('runnerActions', asked), asked);
      default:
        throw new SkerryError('not_found');
    }
  }

  #prove({ nonce, origin }: Body<'proof'>): Answer<'proof'> {
    const serverId = this.#serverId as Answer<'proof'>['serverId'];
    const bytes = encodeProof({ nonce, origin, serverId });
    const signature = toBase64Url(sign(null, bytes, this.#key.secret));
    return { serverId, key: this.#key.publicKey, signature, rotations: [] };
  }

  #signIn({ publicKey, origin, nonce, expiry, signature }: Body<'runnerSignIn'>): Answer<'runnerSignIn'> {
    if (this.#nonces.get(nonce) !== expiry) throw new SkerryError('challenge_invalid');
    this.#nonces.delete(nonce);
    const runner = this.#runners.find((one) => one.publicKey === publicKey);
    const bytes = encodeRunnerLogin({ serverId: this.#serverId, origin, nonce, expiry, publicKey });
    const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: publicKey } });
    if (runner === undefined || !verify(null, bytes, key, fromBase64Url(signature) ?? new Uint8Array()))
      throw new SkerryError('credentials_wrong');
    runner.token = toBase64Url(randomBytes(32));
    return { runnerId: runner.id, token: runner.token, expiresIn: 900_000 };
  }

  async #tokens({ url, runner, gone }: Asked): Promise<RunnerTokens> {
    if (runner === null) throw new SkerryError('unauthorized');
    const since = url.searchParams.get('since');
    const until = Date.now() + POLL_MS;
    while (since === String(this.#version) && Date.now() < until && !gone.aborted) await sleep(20);
    if (!this.#runners.includes(runner) || runner.token === null) throw new SkerryError('unauthorized');
    const tokens = this.#people.flatMap(({ accountId, token, guilds }) => {
      if (token === null) return [];
      const bound = { serverId: this.#serverId, runner: runner.id, account: accountId, token: token.id };
      const sealedToken = seal(token.text, runner.boxKey, encodeRunnerSeal(bound));
      return [
        {
          userId: accountId,
          tokenId: token.id,
          botId: '100000000000000000',
          sealedToken,
          servers: [...guilds.values()],
        },
      ];
    });
    return { version: this.#version, tokens };
  }

  async #answer(request: AnswerRequest, { runner, gone }: Asked): Promise<RunnerAnswer> {
    if (runner === null) throw new SkerryError('unauthorized');
    const guild = this.#people.find(({ accountId }) => accountId === request.accountId)?.guilds.get(request.guildId);
    if (guild === undefined) throw new SkerryError('not_found');
    const entry = { request, isAborted: false };
    this.asked.push(entry);
    gone.addEventListener('abort', () => (entry.isAborted = true));
    if (!guild.botActive) return { kind: 'silent', reason: 'inactive' };
    return this.answering(request, guild, gone);
  }

  #take({ actions }: Body<'runnerActions'>, { runner }: Asked): Answer<'runnerActions'> {
    if (runner === null) throw new SkerryError('unauthorized');
    const result = { taken: 0, known: 0, dropped: 0 };
    for (const action of actions) {
      const person = this.#people.find(({ accountId }) => accountId === action.accountId);
      if (person?.guilds.has(action.guildId) !== true) result.dropped += 1;
      else if (this.taken.has(action.id)) result.known += 1;
      else {
        this.taken.set(action.id, action);
        result.taken += 1;
      }
    }
    return result;
  }
}

/** What was sent, as strictly as the server reads it. */
function bodyOf<N extends RouteName>(name: N, { body }: Asked): Body<N> {
  const schema = ROUTES[name].body;
  const read = schema?.safeParse(body);
  if (read?.success !== true) throw new SkerryError('bad_request');
  return read.data as Body<N>;
}

function freshKey(): { publicKey: string; secret: KeyObject } {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { publicKey: jwk.x ?? '', secret: createPrivateKey({ format: 'jwk', key: jwk }) };
}

function seal(text: string, boxKey: string, info: Uint8Array): string {
  const pair = generateKeyPairSync('x25519');
  const own = fromBase64Url(pair.publicKey.export({ format: 'jwk' }).x ?? '') ?? new Uint8Array();
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: boxKey } });
  const shared = diffieHellman({ privateKey: pair.privateKey, publicKey });
  const salt = Buffer.concat([own, fromBase64Url(boxKey) ?? new Uint8Array()]);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(hkdfSync('sha256', shared, salt, info, 32)), iv);
  cipher.setAAD(info);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return toBase64Url(Buffer.concat([own, iv, sealed, cipher.getAuthTag()]));
}
