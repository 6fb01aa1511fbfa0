import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, lengthPrefixed, toHex } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { decode, encode, one } from '../signal/codec.ts';
import type { Decoded, Schema } from '../signal/codec.ts';

const VERSION = 2;
const ROUNDS = 5200;
const KEY_LENGTH = 32;
const FINGERPRINT_LENGTH = 32;
const PEOPLE_LENGTH = 16;
/** In front of the first round's content, and in front of the key, as in Signal's numeric fingerprints. */
const HASH_HEAD = Uint8Array.of(0, 0);
const KEY_TYPE = Uint8Array.of(5);
const CHUNK = 5;

const PARTY = { fingerprint: one.bytes(1, FINGERPRINT_LENGTH) } satisfies Schema;
/** What the QR code holds, from the side of whoever shows it. */
const SCANNABLE = {
  version: one.uint32(1),
  mine: one.record(2, PARTY),
  theirs: one.record(3, PARTY),
  /** A hash of the two accounts without their keys: tells another key of theirs from another person. */
  people: one.bytes(4, PEOPLE_LENGTH),
} satisfies Schema;

/** One account of the server, by its id there and its Ed25519 account key. */
export type Party = { readonly accountId: string; readonly publicKey: Uint8Array };

export type SafetyNumber = {
  /** Twelve groups of five decimal digits, the same on both sides. */
  readonly digits: readonly string[];
  /** For a QR code that the other side scans. */
  readonly scannable: Uint8Array;
};

/**
 * What two people of one server compare, by reading it out or by scanning, to know that each has the other's true account
 * key. Takes as long as some ten thousand hashes, about a tenth of a second: keep it as long as the keys stay the same.
 * @throws CryptoError `malformed` for a key of another length, or one account as both
 */
export function safetyNumber(of: { serverId: string; mine: Party; theirs: Party }): SafetyNumber {
  const { serverId, mine, theirs } = of;
  if (mine.accountId === theirs.accountId) throw new CryptoError('malformed');
  const ids = [mine, theirs].map(({ accountId }) => lengthPrefixed('skerry/account/1', serverId, accountId));
  const [mineId = HASH_HEAD, theirsId = HASH_HEAD] = ids;
  const fingerprints = { mine: fingerprint(mine.publicKey, mineId), theirs: fingerprint(theirs.publicKey, theirsId) };
  const halves = [digitsOf(fingerprints.mine), digitsOf(fingerprints.theirs)].sort();
  return {
    digits: halves.flatMap((half) => half.match(/.{5}/g) ?? []),
    scannable: encode(SCANNABLE, {
      version: VERSION,
      mine: { fingerprint: fingerprints.mine },
      theirs: { fingerprint: fingerprints.theirs },
      people: sha512(inOrder(mineId, theirsId)).slice(0, PEOPLE_LENGTH),
    }),
  };
}

/**
 * `mismatch`: it is of these two people, but one of the keys is another one. `other_people`: it is of somebody else, or of
 * another server. `other_version`: one of the two programs is too old to tell.
 */
export type Comparison = 'match' | 'mismatch' | 'other_people' | 'other_version';

/**
 * Holds what the camera read against one's own number. Only `match` proves anything.
 * @throws CryptoError `malformed` for a code that is no safety number
 */
export function compareScanned(own: SafetyNumber, scanned: Uint8Array): Comparison {
  if (decode({ version: SCANNABLE.version }, scanned, 'skip').version !== VERSION) return 'other_version';
  const ours = read(own.scannable);
  const others = read(scanned);
  if (!equalBytes(ours.people, others.people)) return 'other_people';
  // What is mine here is theirs there.
  const isSame =
    equalBytes(ours.mine.fingerprint, others.theirs.fingerprint) &&
    equalBytes(ours.theirs.fingerprint, others.mine.fingerprint);
  return isSame ? 'match' : 'mismatch';
}

function read(scannable: Uint8Array): Decoded<typeof SCANNABLE> {
  return decode(SCANNABLE, scannable, 'skip');
}

/** As in Signal's numeric fingerprints: so many rounds that a second key with the same digits is out of reach. */
function fingerprint(publicKey: Uint8Array, id: Uint8Array): Uint8Array {
  if (publicKey.length !== KEY_LENGTH) throw new CryptoError('malformed');
  const key = concat(KEY_TYPE, publicKey);
  let hash = sha512(concat(HASH_HEAD, key, id, key));
  for (let round = 1; round < ROUNDS; round++) hash = sha512(concat(hash, key));
  return hash.slice(0, FINGERPRINT_LENGTH);
}

/** Thirty digits: six times five bytes as a number, modulo 100,000. */
function digitsOf(of: Uint8Array): string {
  let digits = '';
  for (let at = 0; at < 6 * CHUNK; at += CHUNK) {
    const value = of.subarray(at, at + CHUNK).reduce((sum, byte) => sum * 256 + byte, 0);
    digits += String(value % 100_000).padStart(5, '0');
  }
  return digits;
}

function inOrder(a: Uint8Array, b: Uint8Array): Uint8Array {
  return concat(...[a, b].sort((one_, other) => (toHex(one_) < toHex(other) ? -1 : 1)));
}
