import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeKeyRotation, encodeProof, fromBase64Url } from '@skerry/protocol';
import { afterAll, describe, expect, it } from 'vitest';
import { ServerKey } from './server-key.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SERVER = '01890000-0000-7000-8000-000000000001';
const bytes = (text: string) => Buffer.from(fromBase64Url(text) ?? []);
const isSigned = (key: string, message: Uint8Array, signature: string) =>
  verify(
    null,
    message,
    createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: key } }),
    bytes(signature),
  );

describe("a server's key", () => {
  it('signs the nonce, the origin and the server id together', () => {
    const key = ServerKey.generate();
    const proof = { nonce: 'n'.repeat(22), origin: 'https://a.example', serverId: SERVER };
    const signature = key.signProof(proof);
    expect(isSigned(key.publicKey, encodeProof(proof), signature)).toBe(true);
    for (const other of [
      { ...proof, nonce: 'm'.repeat(22) },
      { ...proof, origin: 'https://b.example' },
      { ...proof, serverId: SERVER.replace('1', '2') },
    ])
      expect(isSigned(key.publicKey, encodeProof(other), signature)).toBe(false);
  });

  it('comes back from its file the same, and only its owner may read the file', () => {
    const key = ServerKey.generate();
    key.save(folder);
    const again = ServerKey.load(folder);
    expect([again?.publicKey, again?.words, again?.derive('x')]).toEqual([key.publicKey, key.words, key.derive('x')]);
    expect(statSync(path.join(folder, 'server.key')).mode & 0o777).toBe(0o600);
    expect(key.words).toHaveLength(6);
  });

  it('vouches for its successor, which keeps the secret', () => {
    const first = ServerKey.generate();
    const next = first.successor(SERVER);
    const { from, to, signature } = next.rotation ?? { from: '', to: '', signature: '' };
    expect([from, to]).toEqual([first.publicKey, next.publicKey]);
    expect(
      isSigned(first.publicKey, encodeKeyRotation({ serverId: SERVER, from: bytes(from), to: bytes(to) }), signature),
    ).toBe(true);
    expect(next.derive('refresh')).toEqual(first.derive('refresh'));
    expect(next.derive('refresh')).not.toEqual(next.derive('other'));
  });

  it('is undefined where there is none, and a damaged one is said rather than replaced', () => {
    expect(ServerKey.load(path.join(folder, 'nothing'))).toBeUndefined();
    writeFileSync(path.join(folder, 'server.key'), '{"version":1,"publicKey":"short"}');
    expect(() => ServerKey.load(folder)).toThrow('is damaged');
  });
});
