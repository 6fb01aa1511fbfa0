import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  encodeKeyRotation,
  encodeProof,
  encodeRunnerSeal,
  fromBase64Url,
  type Proof,
  toBase64Url,
} from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';
import { takeFolder } from './files.ts';
import { createLog, type LogFields } from './log.ts';
import { checkProof, keepPin, OtherServerError, readPin, wordsOf } from './pin.ts';
import { RunnerKeys } from './runner-keys.ts';
import { openToken } from './sealed-token.ts';
import { cut } from './seen-message.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skerry-runner-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const raw = (key: KeyObject) => key.export({ format: 'jwk' }).x ?? '';
const bytes = (text: string) => fromBase64Url(text) ?? new Uint8Array();

describe('the keys of a runner', () => {
  it('are made once, for their owner alone', () => {
    const made = RunnerKeys.open(folder);
    expect(statSync(path.join(folder, 'runner.key')).mode & 0o777).toBe(0o600);
    const again = RunnerKeys.open(folder);
    expect([again.publicKey, again.boxKey]).toEqual([made.publicKey, made.boxKey]);
    expect(bytes(made.publicKey)).toHaveLength(32);
  });

  it('are never replaced when they are damaged', () => {
    writeFileSync(path.join(folder, 'runner.key'), '{"version":1}');
    expect(() => RunnerKeys.open(folder)).toThrow(/damaged/);
  });

  it('are used by one process at a time', () => {
    const release = takeFolder(folder);
    writeFileSync(path.join(folder, 'runner.pid'), String(process.ppid));
    expect(() => takeFolder(folder)).toThrow(/Another runner/);
    release();
    expect(() => takeFolder(folder)()).not.toThrow();
  });
});

describe('a sealed token (T36)', () => {
  const bound = { serverId: 's', runner: 'r', account: 'a', token: 't' };

  function seal(keys: RunnerKeys, text: string): string {
    const pair = generateKeyPairSync('x25519');
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: keys.boxKey } });
    const shared = diffieHellman({ privateKey: pair.privateKey, publicKey });
    const own = bytes(raw(pair.publicKey));
    const info = encodeRunnerSeal(bound);
    const key = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([own, bytes(keys.boxKey)]), info, 32));
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(info);
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
    return toBase64Url(Buffer.concat([own, iv, sealed, cipher.getAuthTag()]));
  }

  it('opens for the runner, account, server and token it was sealed for, and for no other', () => {
    const keys = RunnerKeys.open(folder);
    const sealed = seal(keys, 'the token');
    expect(openToken(keys, sealed, bound)).toBe('the token');
    for (const part of ['serverId', 'runner', 'account', 'token'] as const)
      expect(() => openToken(keys, sealed, { ...bound, [part]: 'x' })).toThrow();
    const other = mkdtempSync(path.join(tmpdir(), 'skerry-runner-'));
    expect(() => openToken(RunnerKeys.open(other), sealed, bound)).toThrow();
    rmSync(other, { recursive: true });
  });

  it('does not open when any byte was changed, or it is too short', () => {
    const keys = RunnerKeys.open(folder);
    const sealed = bytes(seal(keys, 'the token'));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      // The top bit of a Curve25519 coordinate means nothing; its other bits do.
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openToken(keys, toBase64Url(changed), bound)).toThrow();
    }
    expect(() => openToken(keys, toBase64Url(sealed.subarray(0, 60)), bound)).toThrow(/too short/);
  });
});

describe('the server that a runner belongs to', () => {
  const asked = { nonce: 'n'.repeat(32), origin: 'https://skerry.example' };
  const serverId = '00000000-0000-7000-8000-000000000001' as Proof['serverId'];
  const fresh = () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return { secret: privateKey, key: raw(publicKey) };
  };
  type Key = ReturnType<typeof fresh>;
  const prove = ({ secret, key }: Key, rotations: Proof['rotations'] = []): Proof => {
    const signature = toBase64Url(sign(null, encodeProof({ ...asked, serverId }), secret));
    return { serverId, key, signature, rotations };
  };
  const rotate = (from: Key, to: Key) => {
    const covered = encodeKeyRotation({ serverId, from: bytes(from.key), to: bytes(to.key) });
    return { from: from.key, to: to.key, signature: toBase64Url(sign(null, covered, from.secret)) };
  };

  it('is known on first use by its six words, and kept', () => {
    const own = fresh();
    const pin = checkProof(asked, prove(own), null);
    keepPin(folder, pin);
    expect(readPin(folder)).toEqual({ serverId, key: own.key });
    expect(wordsOf(own.key)).toHaveLength(6);
  });

  it('may change its key when each key vouches for the next', () => {
    const [first, second, third] = [fresh(), fresh(), fresh()];
    const pin = { serverId, key: first.key };
    const steps = [rotate(second, third), rotate(first, second)];
    expect(checkProof(asked, prove(third, steps), pin)).toEqual({ serverId, key: third.key });
  });

  it('is another one with another key, id, nonce, origin or a step nobody signed', () => {
    const [first, second] = [fresh(), fresh()];
    const pin = { serverId, key: first.key };
    const forged = { ...rotate(first, second), signature: rotate(second, second).signature };
    expect(() => checkProof(asked, prove(second), pin)).toThrow(OtherServerError);
    expect(() => checkProof(asked, prove(second, [forged]), pin)).toThrow(OtherServerError);
    expect(() => checkProof(asked, prove(first), { ...pin, serverId: 'x' })).toThrow(OtherServerError);
    expect(() => checkProof({ ...asked, nonce: 'm'.repeat(32) }, prove(first), pin)).toThrow(OtherServerError);
    expect(() => checkProof({ ...asked, origin: 'https://evil.example' }, prove(first), pin)).toThrow(OtherServerError);
  });
});

describe('the command line', () => {
  const parse = (...argv: string[]) => parseConfig(['--data', 'd', ...argv]);

  it('takes https everywhere and http on this machine', () => {
    expect(parse('--server', 'https://skerry.example').server).toBe('https://skerry.example');
    expect(parse('--server', 'http://127.0.0.1:4400').server).toBe('http://127.0.0.1:4400');
    expect(parse('--server', 'http://skerry.example', '--allow-http').server).toBe('http://skerry.example');
  });

  it.each([
    [[]],
    [['--server', 'http://skerry.example']],
    [['--server', 'ftp://skerry.example']],
    [['--server', 'https://skerry.example', '--server-id', 'x']],
    [['--server', 'https://skerry.example', '--server-id', 'x', '--server-key', 'short']],
    [['--server', 'https://skerry.example', '--unknown']],
    [['--server', 'https://skerry.example', 'extra']],
  ])('refuses %j', (argv) => {
    expect(() => parse(...argv)).toThrow(ConfigError);
  });
});

describe('the log (T37)', () => {
  it('holds the fields of its list and nothing else', () => {
    const lines: string[] = [];
    const log = createLog({ write: (line: string) => lines.push(line) });
    log('warn', { event: 'e', account: 'a', token: 'secret', text: 'words' } as LogFields);
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual(['level', 'at', 'event', 'account']);
  });
});

describe('a text that is too long', () => {
  it('is cut where no pair of UTF-16 is split', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('ab🙂', 3)).toBe('ab');
    expect(cut('🙂🙂', 2)).toBe('🙂');
  });
});
