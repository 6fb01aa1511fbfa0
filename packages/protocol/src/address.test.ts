import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';

const origin = (text: string) => {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.address.origin : parsed.problem;
};

test.each([
  ['chat.example.org', 'https://chat.example.org'],
  ['  chat.example.org  ', 'https://chat.example.org'],
  ['CHAT.Example.org:443', 'https://chat.example.org'],
  ['chat.example.org:8443', 'https://chat.example.org:8443'],
  ['https://chat.example.org/', 'https://chat.example.org'],
  ['http://10.0.0.5:8080', 'http://10.0.0.5:8080'],
  ['localhost:4401', 'http://localhost:4401'],
  ['127.0.0.1:80', 'http://127.0.0.1'],
  ['[::1]:4401', 'http://[::1]:4401'],
  ['https://localhost:4401', 'https://localhost:4401'],
])('P-16: %j means %s', (text, expected) => {
  expect(origin(text)).toBe(expected);
});

test.each([
  ['', 'empty'],
  ['   ', 'empty'],
  ['user@evil.example', 'has_credentials'],
  ['https://bank.example@evil.example', 'has_credentials'],
  ['https://user:pw@chat.example', 'has_credentials'],
  ['chat.example/path', 'has_path'],
  ['chat.example/?q', 'has_path'],
  ['chat.example#x', 'has_path'],
  ['ftp://chat.example', 'scheme'],
  ['javascript://chat.example', 'scheme'],
  ['chat example', 'not_an_address'],
  ['chat\\example', 'not_an_address'],
  ['chat.example.', 'not_an_address'],
  ['chat.example:99999', 'not_an_address'],
])('T9: %j is refused as %s', (text, expected) => {
  expect(origin(text)).toBe(expected);
});

test('T9: letters that imitate others show as punycode and are said', () => {
  const parsed = parseAddress('аpple.com');
  expect(parsed.ok && parsed.address).toMatchObject({ host: 'xn--pple-43d.com', international: true });
});

test('any text gives an address whose origin parses to itself, or a problem', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.domain()), (text) => {
      const parsed = parseAddress(text);
      if (parsed.ok) expect(origin(parsed.address.origin)).toBe(parsed.address.origin);
    }),
    { numRuns: 1_000 },
  );
}, 60_000);
