import { webCurve } from '@skerry/crypto';
import { createKyberKeyPair, nobleCurve } from '@skerry/crypto/testing';
import { ourOperations } from './operations.ts';
import { alternate } from './rounds.ts';
import type { Rounds } from './rounds.ts';

/** Where the page sends what it has to say. */
export type Told = '/measured' | '/failed';
export type Measured = {
  readonly rounds: Rounds;
  /** The browser's ML-KEM was used besides its curves. */
  readonly kem: boolean;
};

// Runs in the page: tells the program that served it what it measured, or why it could not.

try {
  const curve = await webCurve(crypto.subtle);
  if (curve.agree === nobleCurve.agree || curve.verify === nobleCurve.verify)
    throw new Error('this browser has no X25519 or Ed25519 that answers as JavaScript does');
  const rounds = Number(new URL(location.href).searchParams.get('rounds'));
  const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
  const kem = (await curve.encapsulate?.(createKyberKeyPair(random).publicKey.slice(1))) !== undefined;
  const measured: Measured = {
    rounds: await alternate(await ourOperations(curve), await ourOperations(nobleCurve), rounds),
    kem,
  };
  await tell('/measured', JSON.stringify(measured));
} catch (error) {
  await tell('/failed', String(error));
}

async function tell(path: Told, body: string): Promise<void> {
  await fetch(path, { method: 'POST', body });
}
