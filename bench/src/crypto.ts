import { webCurve } from '@skerry/crypto';
import { chromiumRounds } from './crypto/chromium.ts';
import type { Measured } from './crypto/page.ts';
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
 * Where WebCrypto does most of the work. A single message is symmetric cryptography alone, and signing stays in JavaScript. A
 * set-up by PQXDH counts where the browser has ML-KEM; where it has none, Kyber in JavaScript is about half of it.
 */
const CHROMIUM_GOALS: Readonly<Record<Name, number | null>> = {
  encrypt: null,
  decrypt: null,
  pingPong: 2,
  setUpX3dh: 2,
  setUp: 2,
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
  else rows.push(...chromiumRows(chromium));
  return rows;
}

function chromiumRows({ rounds, kem }: Measured): readonly Row[] {
  const where = kem ? 'Chromium' : 'Chromium without ML-KEM';
  const goals = kem ? CHROMIUM_GOALS : { ...CHROMIUM_GOALS, setUp: null };
  return [...rowsOf(rounds, { where, peer: 'without WebCrypto', goals }), ...kyberShare(rounds)];
}

/** What of a set-up the post-quantum part takes, as the difference between both kinds of set-up in each round. */
function kyberShare({ setUp, setUpX3dh }: Rounds): readonly Row[] {
  if (setUp === undefined || setUpX3dh === undefined) return [];
  const shares = ({ of, without }: { of: readonly number[]; without: readonly number[] }): number =>
    median(of.map((rate, round) => 100 * Math.max(0, 1 - rate / (without[round] ?? Number.NaN))));
  return [
    {
      name: 'Share of Kyber in a set-up by PQXDH, Chromium',
      value: shares({ of: setUp.mine, without: setUpX3dh.mine }),
      unit: '%',
      peer: { name: 'without WebCrypto', value: shares({ of: setUp.beside, without: setUpX3dh.beside }) },
      ratio: null,
      goal: null,
      reached: null,
    },
  ];
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
