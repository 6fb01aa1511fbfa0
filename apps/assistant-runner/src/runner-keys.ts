import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import path from 'node:path';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import { readIfThere, replaceFile } from './files.ts';

type Pair = { readonly x: string; readonly d: string };
type Stored = { readonly version: 1; readonly sign: Pair; readonly box: Pair };

const FILE = 'runner.key';

/** The keys a runner makes itself: one signs, bot tokens are sealed to the other. SPEC A-3. */
export class RunnerKeys {
  /** Ed25519 and X25519, raw, base64url. */
  readonly publicKey: string;
  readonly boxKey: string;
  readonly #sign: KeyObject;
  readonly #box: KeyObject;

  private constructor(stored: Stored) {
    this.publicKey = stored.sign.x;
    this.boxKey = stored.box.x;
    this.#sign = privateKey('Ed25519', stored.sign);
    this.#box = privateKey('X25519', stored.box);
  }

  /**
   * Those in the folder, or fresh ones, kept there readable by their owner alone.
   * @throws Error with a sentence when there are some that can't be used
   */
  static open(folder: string): RunnerKeys {
    const file = path.join(folder, FILE);
    const text = readIfThere(file);
    if (text === null) {
      const stored: Stored = { version: 1, sign: freshPair('ed25519'), box: freshPair('x25519') };
      replaceFile(file, `${JSON.stringify(stored)}\n`);
      return new RunnerKeys(stored);
    }
    try {
      return new RunnerKeys(JSON.parse(text) as Stored);
    } catch (error) {
      throw new Error(`The keys in ${file} are damaged. Put their backup in place, or remove them and register anew.`, {
        cause: error,
      });
    }
  }

  sign(bytes: Uint8Array): string {
    return toBase64Url(sign(null, bytes, this.#sign));
  }

  /** What this runner and the holder of another X25519 key alone can compute. @throws Error for a key that is none */
  agree(raw: Uint8Array): Buffer {
    const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(raw) } });
    return diffieHellman({ privateKey: this.#box, publicKey });
  }
}

function privateKey(crv: 'Ed25519' | 'X25519', { x, d }: Pair): KeyObject {
  if (fromBase64Url(x)?.length !== 32 || fromBase64Url(d)?.length !== 32) throw new Error('not 32 bytes');
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv, x, d } });
}

function freshPair(kind: 'ed25519' | 'x25519'): Pair {
  const { privateKey: fresh } = kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  const { x = '', d = '' } = fresh.export({ format: 'jwk' });
  return { x, d };
}
