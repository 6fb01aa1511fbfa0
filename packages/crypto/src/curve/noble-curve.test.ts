import { x25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { KNOWN_VERDICTS } from './known-answers.ts';
import { nobleCurve } from './noble-curve.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

test('gives the shared secrets of RFC 7748, section 5.2', async () => {
  const rows = [
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ] as const;
  for (const [secret, publicKey, shared] of rows) {
    expect(await nobleCurve.agree(hex(secret), hex(publicKey))).toEqual(hex(shared));
  }
});

test('agrees with RFC 7748 after a thousand rounds', async () => {
  let k: Uint8Array = hex(`09${'00'.repeat(31)}`);
  let u = k;
  for (let round = 0; round < 1000; round++) [k, u] = [await nobleCurve.agree(k, u), k];
  expect(k).toEqual(hex('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51'));
});

test('refuses every point that gives all secrets the same answer', async () => {
  const secret = x25519.utils.randomSecretKey();
  for (const u of [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]) {
    await expect(nobleCurve.agree(secret, hex(u)), u).rejects.toMatchObject({ code: 'weak_key' });
  }
});

test('judges the signatures of RFC 8032, section 7.1, and those on which implementations differ', async () => {
  for (const { signature, message, publicKey, good } of [
    ...KNOWN_VERDICTS,
    {
      publicKey: hex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
      message: new Uint8Array(),
      signature: hex(
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ),
      good: true,
    },
    {
      publicKey: hex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025'),
      message: hex('af82'),
      signature: hex(
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
      ),
      good: true,
    },
  ]) {
    expect(await nobleCurve.verify(signature, message, publicKey)).toBe(good);
  }
  expect(await nobleCurve.verify(new Uint8Array(63), new Uint8Array(), new Uint8Array(32))).toBe(false);
  expect(await nobleCurve.verify(new Uint8Array(64), new Uint8Array(), new Uint8Array(31))).toBe(false);
});
