import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { isSigned } from './ed25519.ts';
import { SigningKey } from './testing/keyed-account.ts';

const key = new SigningKey();
const bytes = Buffer.from('something said');
const good = { bytes, signature: key.sign(bytes), publicKey: key.publicKey };
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const read = (text: string): Buffer => Buffer.from(fromBase64Url(text) ?? []);
const littleEndian = (number: Buffer): bigint => BigInt(`0x${Buffer.from(number).reverse().toString('hex')}`);
const write = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();

describe('a signature', () => {
  it('is good for its bytes and key, and for nothing else', () => {
    expect(isSigned(good)).toBe(true);
    expect(isSigned({ ...good, bytes: Buffer.from('something else') })).toBe(false);
    expect(isSigned({ ...good, publicKey: new SigningKey().publicKey })).toBe(false);
    expect(isSigned({ ...good, signature: new SigningKey().sign(bytes) })).toBe(false);
  });

  it('has one form: the same number once more, or other spare bits, is another one', () => {
    const signature = read(good.signature);
    const again = write(littleEndian(signature.subarray(32)) + ORDER);
    expect(isSigned({ ...good, signature: toBase64Url(Buffer.concat([signature.subarray(0, 32), again])) })).toBe(
      false,
    );
    const spare = (text: string) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1);
    expect(read(spare(good.publicKey))).toHaveLength(0);
    expect(isSigned({ ...good, publicKey: spare(good.publicKey) })).toBe(false);
    expect(isSigned({ ...good, signature: spare(good.signature) })).toBe(false);
  });

  it('by a key of small order, which fits any bytes, is none', () => {
    const neutral = Buffer.concat([Buffer.of(1), Buffer.alloc(31)]);
    const anyBytes = toBase64Url(Buffer.concat([neutral, Buffer.alloc(32)]));
    for (const first of [0, 1, 0xec, 0xed, 0xee])
      for (const sign of [0, 0x80]) {
        const rest = first < 2 ? Buffer.alloc(31) : Buffer.concat([Buffer.alloc(30, 0xff), Buffer.of(0x7f)]);
        const point = Buffer.concat([Buffer.of(first), rest]);
        point[31] = (point[31] ?? 0) | sign;
        expect(isSigned({ bytes, signature: anyBytes, publicKey: toBase64Url(point) })).toBe(false);
      }
  });

  it('of another length, or with a key that is no point, is none', () => {
    const noPoint = toBase64Url(Buffer.concat([Buffer.of(2), Buffer.alloc(31)]));
    expect(isSigned({ ...good, publicKey: noPoint })).toBe(false);
    expect(isSigned({ ...good, publicKey: '' })).toBe(false);
    expect(isSigned({ ...good, signature: good.signature.slice(0, 84) })).toBe(false);
  });
});
