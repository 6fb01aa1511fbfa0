import type { Key } from './stores.ts';

/** The order of IndexedDB: numbers before texts, texts by UTF-16 code units, arrays last and part by part. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof a === 'string') return typeof b === 'number' ? 1 : typeof b === 'string' ? compareTexts(a, b) : -1;
  if (typeof b === 'number' || typeof b === 'string') return 1;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareKeys(a[i] as string | number, b[i] as string | number);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const NUMBER = 0x10;
const TEXT = 0x20;
const ARRAY = 0x30;

/**
 * Bytes that sort (as by memcmp) like {@link compareKeys} sorts keys, for stores that only know bytes.
 * @throws RangeError for NaN and infinities, which no key may be
 */
export function encodeKey(key: Key): Uint8Array {
  const out: number[] = [];
  if (typeof key === 'object') {
    out.push(ARRAY);
    for (const part of key) encodePart(part, out);
    // Lower than any part's first byte, so a shorter array sorts before its continuations.
    out.push(0);
  } else encodePart(key, out);
  return Uint8Array.from(out);
}

function encodePart(part: string | number, out: number[]): void {
  if (typeof part === 'number') {
    if (!Number.isFinite(part)) throw new RangeError('A key must be a finite number, a text or an array of them');
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, part === 0 ? 0 : part);
    // IEEE 754 sorts as bytes once the sign bit is turned, and everything else too for negative numbers.
    const negative = view.getUint8(0) >= 0x80;
    out.push(NUMBER);
    for (let i = 0; i < 8; i++)
      out.push(negative ? view.getUint8(i) ^ 0xff : i === 0 ? view.getUint8(0) ^ 0x80 : view.getUint8(i));
    return;
  }
  out.push(TEXT);
  for (let i = 0; i < part.length; i++) {
    const unit = part.charCodeAt(i);
    // One is added so that 0 0 can end the text and sort before any continuation.
    const high = (unit + 1) >> 8;
    out.push(high >> 8, high & 0xff, (unit + 1) & 0xff);
  }
  out.push(0, 0, 0);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
