import { hexToBytes as hex } from '@noble/hashes/utils.js';

type Verdict = { signature: Uint8Array; message: Uint8Array; publicKey: Uint8Array; good: boolean };

/** Any secret whose bits are not those that X25519 sets. */
export const SECRET = new Uint8Array(32).fill(9);

/** The public key of RFC 7748 section 6.1. */
export const PUBLIC_KEY = hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');

/** Points that must be refused because they give every secret the same answer. */
export const WEAK_KEYS: readonly Uint8Array[] = [
  new Uint8Array(32),
  new Uint8Array(32).fill(1, 0, 1),
  hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
];

const KEY = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
const R = '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da';

/** RFC 8032 section 7.1, test 2, and how implementations differ. */
export const KNOWN_VERDICTS: readonly Verdict[] = [
  verdict({
    key: KEY,
    signature: `${R}085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`,
    message: '72',
    good: true,
  }),
  verdict({
    key: KEY,
    signature: `${R}085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`,
    message: '73',
    good: false,
  }),
  // The same scalar with the group's order added.
  verdict({
    key: KEY,
    signature: `${R}f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10`,
    message: '72',
    good: false,
  }),
  // A key with a part of small order: good only by the equation with the cofactor.
  verdict({
    key: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      '5d2cab483e085b809c8c65d3daa749d59c7ef940aa121ded279d032bb1f37e8c2c5a2a95b7d4eb7d9b8f4005c25653031a90c45781679af92be89cd11e98b909',
    message: '6d69786564206f72646572',
    good: false,
  }),
];

function verdict(row: { key: string; signature: string; message: string; good: boolean }): Verdict {
  return {
    signature: hex(row.signature),
    message: hex(row.message),
    publicKey: hex(row.key),
    good: row.good,
  };
}
