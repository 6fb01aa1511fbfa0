import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { type Answer, encodeRunnerLogin, encodeRunnerSeal, fromBase64Url, toBase64Url } from '@skerry/protocol';
import type { AssistantsConfig } from '../assistants/assistants-config.ts';
import type { Surroundings } from '../server.ts';
import { type SignedInTester, TestServer } from './test-server.ts';

const TEST_ASSISTANTS: AssistantsConfig = {
  enabled: true,
  // Nothing listens there.
  discordApi: 'http://127.0.0.1:9',
  model: null,
  allowLoopback: true,
};

export const startAssistants = (
  config: Partial<AssistantsConfig> = {},
  surroundings: Partial<Surroundings> = {},
): Promise<TestServer> => TestServer.start({ assistants: { ...TEST_ASSISTANTS, ...config } }, surroundings);

const rawKey = (key: KeyObject): string => key.export({ format: 'jwk' }).x ?? '';

/** A runner's keys, and what it does with them. */
export class TestRunner {
  readonly #sign = generateKeyPairSync('ed25519');
  readonly #box = generateKeyPairSync('x25519');
  readonly publicKey = rawKey(this.#sign.publicKey);
  readonly boxKey = rawKey(this.#box.publicKey);
  id = '';
  token = '';

  async register(server: TestServer, admin: SignedInTester): Promise<this> {
    const body = { label: 'Runner', publicKey: this.publicKey, boxKey: this.boxKey };
    this.id = (await server.ask('addRunner', { token: admin.accessToken, body })).id;
    return this;
  }

  async proof(server: TestServer, serverId: string = server.running.serverId) {
    const { nonce, expiresAt: expiry } = await server.ask('challenge', {});
    const login = { origin: server.running.url, nonce, expiry, publicKey: this.publicKey };
    const bytes = encodeRunnerLogin({ serverId, ...login });
    return { ...login, signature: toBase64Url(sign(null, bytes, this.#sign.privateKey)) };
  }

  async signIn(server: TestServer): Promise<this> {
    this.token = (await server.ask('runnerSignIn', { body: await this.proof(server) })).token;
    return this;
  }

  /** @throws Error for what was not sealed to this runner, account and token */
  open(server: TestServer, { userId, tokenId, sealedToken }: Answer<'runnerTokens'>['tokens'][number]): string {
    const bytes = Buffer.from(fromBase64Url(sealedToken) ?? []);
    const once = bytes.subarray(0, 32);
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(once) } });
    const shared = diffieHellman({
      privateKey: createPrivateKey(this.#box.privateKey.export({ format: 'pem', type: 'pkcs8' })),
      publicKey,
    });
    const bound = encodeRunnerSeal({
      serverId: server.running.serverId,
      runner: this.id,
      account: userId,
      token: tokenId,
    });
    const salt = Buffer.concat([once, fromBase64Url(this.boxKey) ?? new Uint8Array()]);
    const key = Buffer.from(hkdfSync('sha256', shared, salt, bound, 32));
    const opened = createDecipheriv('aes-256-gcm', key, bytes.subarray(32, 44))
      .setAAD(bound)
      .setAuthTag(bytes.subarray(-16));
    return Buffer.concat([opened.update(bytes.subarray(44, -16)), opened.final()]).toString();
  }
}

let fresh = 0;
export const snowflake = (): string => `${100_000_000_000_000_000n + BigInt(++fresh)}`;

export const seen = (text: string, by: 'person' | 'bot' | 'self' = 'person') => ({
  id: snowflake(),
  authorId: snowflake(),
  authorName: 'Ann',
  by,
  text,
  at: 1_700_000_000_000,
});

/** A guild of one person with a website or texts, ready to answer. */
export async function addGuild(
  server: TestServer,
  who: SignedInTester,
  { guildId = snowflake(), ...texts }: Record<string, unknown> = {},
): Promise<Answer<'guild'>> {
  const token = who.accessToken;
  const { serverId } = await server.ask('addGuild', { token, body: { guildId, guildName: 'Guild' } });
  return server.ask('updateGuild', { token, params: { serverId }, body: { botActive: true, ...texts } });
}

/** An answer of lines. */
export async function askLines(
  server: TestServer,
  path: string,
  { token, body, signal }: { token: string; body: unknown; signal?: AbortSignal },
) {
  const response = await fetch(`${server.running.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/x-ndjson' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    lines: text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
