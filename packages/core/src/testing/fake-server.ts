import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  type AccountId,
  encodeKeyRotation,
  encodeProof,
  type KeyRotation,
  type Proof,
  PROTOCOL,
  type Route,
  type RouteName,
  ROUTES,
  type ServerId,
  SkerryError,
  toBase64Url,
  up,
} from '@skerry/protocol';
import { sixWords } from '@skerry/protocol/words';
import type { HttpAnswer, HttpRequest } from '../platform.ts';
import { ModelServer } from './model-server.ts';
import type { NetworkServer, Peer, PeerHandlers } from './scripted-network.ts';

type Key = { readonly privateKey: KeyObject; readonly raw: Uint8Array; readonly text: string };
type Session = {
  readonly id: string;
  readonly account: AccountId;
  refresh: string;
  successor: string | null;
  access: Set<string>;
  revoked: boolean;
};
type Call = {
  readonly name: RouteName;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  readonly body: Record<string, unknown>;
  readonly token: string | null;
};

/** Everything a test may bend. Each of these is asked first; undefined lets the honest answer stand. */
export type Lies = {
  http?: (call: Call, request: HttpRequest) => HttpAnswer | Promise<HttpAnswer> | undefined;
  proof?: (honest: Proof, asked: { nonce: string; origin: string }) => Proof;
  /** A frame of the client; true when it was dealt with. */
  frame?: (frame: { readonly t: string }, peer: Peer) => boolean;
  refuseUpgrade?: boolean;
};

const ACCESS_MS = 15 * 60_000;

/**
 * A Skerry server in memory: key and proof, accounts with idempotent refresh, sockets with resume, on top of the model of
 * the log. It is honest unless told otherwise.
 */
export class FakeServer implements NetworkServer {
  readonly origin: string;
  readonly model: ModelServer;
  readonly lies: Lies = {};
  readonly peers = new Set<Peer>();
  serverId: ServerId;
  protocol = { ...PROTOCOL };
  registration: 'open' | 'invite' | 'closed' = 'open';
  #key: Key;
  readonly #rotations: KeyRotation[] = [];
  readonly #passwords = new Map<string, { readonly account: AccountId; password: string }>();
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;

  constructor(origin: string, options: { now: () => number; model?: ModelServer; serverId?: ServerId }) {
    this.origin = origin;
    this.#now = options.now;
    this.model = options.model ?? new ModelServer();
    this.serverId = options.serverId ?? (`${randomBytes(4).toString('hex')}-0000-4000-8000-000000000000` as ServerId);
    this.#key = makeKey();
  }

  get key(): string {
    return this.#key.text;
  }
  get words(): readonly string[] {
    return sixWords(createHash('sha256').update(this.#key.raw).digest());
  }
  get fingerprint(): string {
    return toBase64Url(new Uint8Array(createHash('sha256').update(this.#key.raw).digest()));
  }

  /** An account with a password, as its owner would have registered it. */
  person(username: string, password = 'correct horse'): AccountId {
    const account = this.model.account(username);
    this.#passwords.set(username, { account, password });
    return account;
  }

  /** Changes the key; the old one vouches for it unless `silently`. */
  rotate({ silently = false } = {}): void {
    const to = makeKey();
    const from = this.#key;
    const message = encodeKeyRotation({ serverId: this.serverId, from: from.raw, to: to.raw });
    if (!silently)
      this.#rotations.push({
        from: from.text,
        to: to.text,
        signature: toBase64Url(new Uint8Array(sign(null, message, from.privateKey))),
      });
    this.#key = to;
  }

  /** Ends every session, as a person would from another device. */
  get liveSessions(): number {
    return [...this.#sessions.values()].filter(({ revoked }) => !revoked).length;
  }

  revokeAll(): void {
    for (const session of this.#sessions.values()) session.revoked = true;
    this.closeAll(4401);
  }

  /** The access tokens run out; refresh tokens go on. */
  expireAccess(): void {
    for (const session of this.#sessions.values()) session.access.clear();
  }

  closeAll(code: number): void {
    for (const peer of [...this.peers]) peer.close(code);
  }

  async http(request: HttpRequest): Promise<HttpAnswer> {
    const call = this.#route(request);
    if (call === undefined) return json(404, { error: new SkerryError('not_found').toBody() });
    const lie = await this.lies.http?.(call, request);
    if (lie !== undefined) return lie;
    try {
      return json(200, this.#answer(call));
    } catch (error) {
      if (!(error instanceof SkerryError)) throw error;
      return json(error.status, { error: error.toBody() });
    }
  }

  socket(peer: Peer): PeerHandlers | undefined {
    if (this.lies.refuseUpgrade === true) return undefined;
    this.peers.add(peer);
    let account: AccountId | undefined;
    let stop = (): void => undefined;
    return {
      frame: (text) => {
        const frame = up.parse(JSON.parse(text));
        if (this.lies.frame?.(frame, peer) === true) return;
        switch (frame.t) {
          case 'hello':
            if (frame.v.min > this.protocol.max || frame.v.max < this.protocol.min) {
              peer.send({ t: 'fail', id: null, error: new SkerryError('incompatible').toBody() });
              return peer.close(4400);
            }
            return peer.send({ t: 'proof', v: 1, proof: this.proof({ nonce: frame.nonce, origin: frame.origin }) });
          case 'auth': {
            const session = this.#sessionOf(frame.token);
            if (session === undefined) return peer.close(4401);
            const who = session.account;
            account = who;
            const resumed = this.model.resume(who, frame.resume);
            peer.send({
              t: 'welcome',
              account: who,
              head: this.model.head,
              resumed: 'frames' in resumed,
              heartbeatMs: 25_000,
              limits: { frameUpBytes: 65_536, inFlight: 16, messageText: 8_000 },
              serverTime: this.#now(),
            });
            if ('frames' in resumed) {
              resumed.frames.forEach((one) => peer.send(one));
              peer.send({ t: 'mark', ...this.model.head });
            } else peer.send({ t: 'reset', reason: resumed.reset });
            peer.send({ t: 'presence', full: true, accounts: [[who, 'online']] });
            stop = this.model.listen(who, (frames) => frames.forEach((one) => peer.send(one)));
            return;
          }
          case 'cmd':
            if (account === undefined) return peer.close(4401);
            try {
              peer.send({ t: 'ok', id: frame.id, result: this.model.run(account, frame.id, frame.command) });
            } catch (error) {
              if (!(error instanceof SkerryError)) throw error;
              peer.send({ t: 'fail', id: frame.id, error: error.toBody() });
            }
            return;
          case 'ping':
            return peer.send({ t: 'pong', n: frame.n, serverTime: this.#now() });
          case 'rpc':
          case 'rpc_answer':
          case 'voice':
            // No machine is here, and no voice.
            return peer.send({ t: 'fail', id: frame.id, error: new SkerryError('not_found').toBody() });
          case 'typing':
          case 'presence':
            return;
        }
      },
      closed: () => {
        stop();
        this.peers.delete(peer);
      },
    };
  }

  proof(asked: { nonce: string; origin: string }): Proof {
    const message = encodeProof({ ...asked, serverId: this.serverId });
    const honest: Proof = {
      serverId: this.serverId,
      key: this.#key.text,
      signature: toBase64Url(new Uint8Array(sign(null, message, this.#key.privateKey))),
      rotations: [...this.#rotations],
    };
    return this.lies.proof?.(honest, asked) ?? honest;
  }

  #answer({ name, params, query, body, token }: Call): unknown {
    switch (name) {
      case 'health':
        return {
          status: 'ok',
          app: 'skerry',
          name: this.model.profile.name,
          iconUrl: null,
          version: '1',
          protocol: this.protocol,
          serverId: this.serverId,
        };
      case 'info':
        return {
          serverId: this.serverId,
          key: this.#key.text,
          words: this.words,
          name: this.model.profile.name,
          description: this.model.profile.description,
          icon_url: null,
          user_count: 1,
          operator: null,
          version: '1',
          protocol: this.protocol,
          capabilities: [],
          registration: this.registration,
          needsSetup: false,
          serverTime: this.#now(),
        };
      case 'proof':
        return this.proof({ nonce: String(body['nonce']), origin: String(body['origin']) });
      case 'signIn': {
        const known = this.#passwords.get(String(body['username']));
        if (known === undefined || known.password !== body['password']) throw new SkerryError('credentials_wrong');
        return this.#signedIn(this.#newSession(known.account));
      }
      case 'register':
        return this.#signedIn(this.#newSession(this.person(String(body['username']), String(body['password']))));
      case 'refresh':
        return this.#refresh(String(body['refreshToken']));
      case 'reset':
        return { username: 'anna' };
      case 'signOut':
        this.#must(token).revoked = true;
        return {};
      case 'snapshot':
        return this.model.snapshot(this.#must(token).account);
      case 'messages':
        return this.model.page(
          this.#must(token).account,
          params['channelId'] as never,
          Object.fromEntries(Object.entries(query).map(([key, value]) => [key, Number(value)])),
        );
      case 'message':
        return this.model.message(this.#must(token).account, params['messageId'] as never);
      case 'members':
        return this.model.members(params['channelId'] as never);
      case 'sessions':
        this.#must(token);
        return { sessions: [] };
      case 'createInvite': {
        const createdBy = this.#must(token).account;
        return { id: this.model.id(), code: 'invite-code', createdBy, createdAt: 0, expiresAt: null, usesLeft: null };
      }
      case 'resetLink':
        this.#must(token);
        return { code: 'reset-code', expiresAt: 1 };
      default:
        this.#must(token);
        return {};
    }
  }

  #refresh(refreshToken: string): unknown {
    const session = [...this.#sessions.values()].find(
      (one) => one.refresh === refreshToken || one.successor === refreshToken,
    );
    if (session === undefined) throw new SkerryError('unauthorized');
    if (session.revoked) throw new SkerryError('session_revoked');
    // Using the successor makes it the current one; repeating the old one gives the same successor.
    if (session.successor === refreshToken) {
      session.refresh = refreshToken;
      session.successor = null;
    }
    session.successor ??= makeToken();
    return this.#signedIn(session, session.successor);
  }

  #newSession(account: AccountId): Session {
    const session: Session = {
      id: this.model.id(),
      account,
      refresh: makeToken(),
      successor: null,
      access: new Set(),
      revoked: false,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  #signedIn(session: Session, refreshToken = session.refresh): unknown {
    const accessToken = makeToken();
    session.access.add(accessToken);
    const account = this.model.snapshot(session.account).me;
    return { account, sessionId: session.id, accessToken, accessExpiresIn: ACCESS_MS, refreshToken };
  }

  #sessionOf(token: string | null): Session | undefined {
    return [...this.#sessions.values()].find((one) => !one.revoked && token !== null && one.access.has(token));
  }

  #must(token: string | null): Session {
    const revoked = [...this.#sessions.values()].some((one) => one.revoked && token !== null && one.access.has(token));
    const session = this.#sessionOf(token);
    if (session === undefined) throw new SkerryError(revoked ? 'session_revoked' : 'unauthorized');
    return session;
  }

  #route(request: HttpRequest): Call | undefined {
    const url = new URL(request.url);
    for (const [name, route] of Object.entries(ROUTES) as [RouteName, Route][]) {
      const match = new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`).exec(url.pathname);
      if (match === null || route.method !== request.method) continue;
      const token = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '')?.[1] ?? null;
      const body = request.body === null ? {} : (JSON.parse(request.body) as Record<string, unknown>);
      return { name, params: { ...match.groups }, query: Object.fromEntries(url.searchParams), body, token };
    }
    return undefined;
  }
}

/** An answer with a JSON body. */
export function json(status: number, body: unknown): HttpAnswer {
  return { status, contentType: 'application/json', text: JSON.stringify(body) };
}

function makeToken(): string {
  return toBase64Url(new Uint8Array(randomBytes(32)));
}

function makeKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  return { privateKey, raw, text: toBase64Url(raw) };
}
