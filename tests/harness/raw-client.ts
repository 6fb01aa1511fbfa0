import { randomBytes } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  PROTOCOL,
  ROUTES,
  SOCKET_PATH,
  SkerryError,
  down as downSchema,
  encodeProof,
  fromBase64Url,
  toBase64Url,
  uuidv7,
  type Answer,
  type Command,
  type CommandId,
  type CommandResult,
  type Down,
  type DownOf,
  type ErrorBody,
  type Position,
  type Proof,
  type RouteName,
  type SignedIn,
} from '@skerry/protocol';

type Loose = Record<string, unknown>;
type Asked = {
  params?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: unknown;
  token?: string;
};

/**
 * Calls one route as it stands, without any of the client's caution.
 * @throws SkerryError with the server's code; any error when the answer breaks its schema
 */
export async function call<N extends RouteName>(origin: string, name: N, asked: Asked = {}): Promise<Answer<N>> {
  const { status, body } = await callLoosely(origin, name, asked);
  if (status !== 200) throw SkerryError.fromBody((body as { error: ErrorBody }).error);
  return ROUTES[name].answer.parse(body) as Answer<N>;
}

export async function callLoosely(
  origin: string,
  name: RouteName,
  { params = {}, query = {}, body, token }: Asked,
): Promise<{ status: number; body: unknown }> {
  const route = ROUTES[name];
  const path = route.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString();
  const response = await fetch(`${origin}${path}${search === '' ? '' : `?${search}`}`, {
    method: route.method,
    redirect: 'error',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(route.body === null ? {} : { 'content-type': 'application/json' }),
    },
    ...(route.body === null ? {} : { body: JSON.stringify(body ?? {}) }),
  });
  return { status: response.status, body: await response.json() };
}

export const newId = <Id extends string = CommandId>(): Id => uuidv7<Id>(Date.now(), randomBytes(10));
export const newNonce = (): string => toBase64Url(randomBytes(24));

/** The prefix that makes a raw Ed25519 key an SPKI document. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function proofHolds(proof: Proof, asked: { nonce: string; origin: string }): boolean {
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, fromBase64Url(proof.key) ?? new Uint8Array()]),
    format: 'der',
    type: 'spki',
  });
  return verify(
    null,
    encodeProof({ ...asked, serverId: proof.serverId }),
    key,
    fromBase64Url(proof.signature) ?? new Uint8Array(),
  );
}

/** One socket without any logic of its own: what came is in `frames`, checked against the schema. */
export class RawSocket implements Disposable {
  readonly frames: Down[] = [];
  /** Frames that broke the schema. */
  readonly broken: string[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly ws: WebSocket;
  readonly #origin: string;
  readonly #changes = new Set<() => void>();

  private constructor(origin: string, options: { headers?: Record<string, string>; path?: string }) {
    this.#origin = origin;
    this.ws = new WebSocket(`${origin.replace(/^http/, 'ws')}${options.path ?? SOCKET_PATH}`, {
      perMessageDeflate: false,
      headers: options.headers ?? {},
    });
    this.ws.on('message', (data: Buffer) => {
      const parsed = downSchema.safeParse(JSON.parse(data.toString('utf8')));
      if (parsed.success) this.frames.push(parsed.data);
      else this.broken.push(data.toString('utf8'));
      this.#changed();
    });
    this.ws.on('error', () => undefined);
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') };
      this.#changed();
    });
  }

  /** @throws when the upgrade is refused */
  static async open(
    origin: string,
    options: { headers?: Record<string, string>; path?: string } = {},
  ): Promise<RawSocket> {
    const socket = new RawSocket(origin, options);
    await new Promise<void>((resolve, reject) => {
      socket.ws.once('open', resolve);
      socket.ws.once('error', reject);
    });
    return socket;
  }

  /** Opened, proved, signed in and past the replay: the next frames are live ones. */
  static async live(origin: string, token: string, resume: Position | null = null): Promise<RawSocket> {
    const socket = await RawSocket.open(origin);
    await socket.hello();
    socket.send({ t: 'auth', token, resume });
    await socket.next('presence');
    return socket;
  }

  async hello(): Promise<DownOf<'proof'>> {
    const nonce = newNonce();
    this.send({ t: 'hello', v: PROTOCOL, device: 'raw', nonce, origin: this.#origin });
    const frame = await this.next('proof');
    if (!proofHolds(frame.proof, { nonce, origin: this.#origin })) throw new Error('the proof does not hold');
    return frame;
  }

  send(frame: Loose | string | Buffer): void {
    this.ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** @throws SkerryError */
  async command(command: Command, id: CommandId = newId()): Promise<CommandResult> {
    this.send({ t: 'cmd', id, command });
    const answer = await this.find(
      (frame): frame is DownOf<'ok'> | DownOf<'fail'> => (frame.t === 'ok' || frame.t === 'fail') && frame.id === id,
    );
    this.frames.splice(this.frames.indexOf(answer), 1);
    if (answer.t === 'fail') throw SkerryError.fromBody(answer.error);
    return answer.result;
  }

  /** The first frame of that kind, now or soon. */
  next<T extends Down['t']>(type: T): Promise<DownOf<T>> {
    return this.find((frame): frame is DownOf<T> => frame.t === type);
  }

  async find<F extends Down>(fits: (frame: Down) => frame is F, timeoutMs?: number): Promise<F>;
  async find(fits: (frame: Down) => boolean, timeoutMs?: number): Promise<Down>;
  async find(fits: (frame: Down) => boolean, timeoutMs = 10_000): Promise<Down> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      if (this.closed !== undefined) throw new Error(`closed with ${this.closed.code} ${this.closed.reason}`);
      if (Date.now() >= deadline)
        throw new Error(`nothing like it among ${JSON.stringify(this.frames.map((frame) => frame.t))}`);
      await this.#nextChange(deadline - Date.now());
    }
  }

  async end(timeoutMs = 10_000): Promise<{ code: number; reason: string }> {
    const deadline = Date.now() + timeoutMs;
    while (this.closed === undefined) {
      if (Date.now() >= deadline) throw new Error('still open');
      await this.#nextChange(deadline - Date.now());
    }
    return this.closed;
  }

  [Symbol.dispose](): void {
    this.ws.terminate();
  }

  #changed(): void {
    for (const change of [...this.#changes]) change();
  }

  #nextChange(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#changes.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#changes.add(done);
    });
  }
}

export const passwordOf = (username: string): string => `${username} and a long password`;

/** Signs a person up without a client, for the other side of a conversation. */
export function signUp(origin: string, username: string, code: string | null = null): Promise<SignedIn> {
  return call(origin, 'register', {
    body: { username, password: passwordOf(username), displayName: username, device: 'raw', code },
  });
}
