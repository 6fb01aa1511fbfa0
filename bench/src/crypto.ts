import { webCurve } from '@skerry/crypto';
import { chromiumRounds } from './crypto/chromium.ts';
import { theirOperations } from './crypto/libsignal.ts';
import { NAMES, ourOperations } from './crypto/operations.ts';
import type { Name } from './crypto/operations.ts';
import { alternate } from './crypto/rounds.ts';
import type { Rounds } from './crypto/rounds.ts';
import type { Row } from './row.ts';
import { median } from './shared/median.ts';

const ROUNDS = 15;

const TITLES: Readonly<Record<Name, string>> = {
  encrypt: '1:1 encrypt',
  decrypt: '1:1 decrypt',
  pingPong: 'Ping-pong, two messages and a turn of the ratchet each way',
  setUpX3dh: 'Session set-up by X3DH with its first message, both sides',
  setUp: 'Session set-up by PQXDH with its first message, both sides',
  groupEncrypt: 'Group encrypt',
  groupDecrypt: 'Group decrypt',
};

const NATIVE_GOALS: Readonly<Record<Name, number | null>> = {
  encrypt: 0.7,
  decrypt: 0.3,
  pingPong: 0.06,
  // The peer has no sessions without a post-quantum key.
  setUpX3dh: null,
  setUp: 0.04,
  groupEncrypt: 0.05,
  groupDecrypt: 0.05,
};

/**
 * Where WebCrypto does most of the work. A single message is symmetric cryptography alone; signing stays in JavaScript, and so
 * does Kyber, which is half of a set-up by PQXDH.
 */
const CHROMIUM_GOALS: Readonly<Record<Name, number | null>> = {
  encrypt: null,
  decrypt: null,
  pingPong: 2,
  setUpX3dh: 2,
  setUp: null,
  groupEncrypt: null,
  groupDecrypt: 2,
};

/**
 * Encrypted messages of 256 bytes beside native libsignal in Node, and beside the same code in plain JavaScript in Chromium.
 * What is not installed is said and left out.
 */
export async function benchCrypto(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const native = await theirOperations();
  if (native === undefined) {
    console.error('libsignal-client is not installed (npm ci in oracles/): nothing is measured beside it.');
  } else {
    const ours = await ourOperations(await webCurve(crypto.subtle));
    const peer = 'libsignal-client 0.86.16, native';
    rows.push(...rowsOf(await alternate(ours, native, ROUNDS), { where: 'Node', peer, goals: NATIVE_GOALS }));
  }
  const chromium = await chromiumRounds(ROUNDS);
  if (chromium === undefined) console.error('There is no Chromium here: nothing is measured in a page.');
  else rows.push(...rowsOf(chromium, { where: 'Chromium', peer: 'without WebCrypto', goals: CHROMIUM_GOALS }));
  return rows;
}

function rowsOf(
  rounds: Rounds,
  of: { where: string; peer: string; goals: Readonly<Record<Name, number | null>> },
): Row[] {
  return NAMES.flatMap((name) => {
    const figures = rounds[name];
    if (figures === undefined) return [];
    const { mine, beside } = figures;
    const ratio = median(mine.map((value, round) => value / (beside[round] ?? Number.NaN)));
    const goal = of.goals[name];
    return {
      name: `${TITLES[name]}, ${of.where}`,
      value: median(mine),
      unit: 'per second',
      peer: { name: of.peer, value: median(beside) },
      ratio,
      goal: goal === null ? null : `≥ ${goal}x`,
      reached: goal === null ? null : ratio >= goal,
    };
  });
}
