import { parseLink, toBase64Url } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { connectLink } from './connect-link.ts';

const raw = new Uint8Array(32).fill(7);
const key = toBase64Url(raw);
const entry = (origin: string) => ({ key, addresses: [{ origin, note: null }] });

describe('the code that brings another device to a server', () => {
  it('names the address and the fingerprint of its key, and nothing else', async () => {
    const parsed = parseLink((await connectLink(entry('https://harbour.example:8443'))) ?? '');
    const fp = toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', raw)));
    expect(parsed).toMatchObject({ ok: true, link: { kind: 'connect', fp } });
    expect(parsed.ok && parsed.link.address.origin).toBe('https://harbour.example:8443');
    expect(parsed.ok && Object.keys(parsed.link).sort()).toEqual(['address', 'fp', 'kind']);
  });

  it('is not made where a link would lead over plain http beyond this machine, or without an address', async () => {
    expect(await connectLink(entry('http://harbour.example'))).toBeUndefined();
    expect(await connectLink({ key, addresses: [] })).toBeUndefined();
    expect(await connectLink(entry('http://127.0.0.1:4400'))).toBeDefined();
  });
});
