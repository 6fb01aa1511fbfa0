import { toBase64Url } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinAnother, liveServer, type LiveServer } from '../../testing/live-server.ts';
import { hostOf, readCode, type TerminalLink, targetOf, withServer } from './pair-target.ts';

const KEY = 'A'.repeat(43);
const CODE = `key=${KEY}&commit=${KEY}`;

let live: LiveServer;
let other: Awaited<ReturnType<typeof joinAnother>>;
beforeEach(async () => {
  live = await liveServer();
  other = await joinAnother(live, 'https://lighthouse.example');
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

function code(text: string): TerminalLink {
  const read = readCode(text);
  if (!read.ok) throw new Error(read.problem);
  return read.link;
}
const fpOf = async (handle: LiveServer['handle']): Promise<string> => {
  const bytes = Uint8Array.from(atob(handle.view.get().entry.key.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
    one.charCodeAt(0),
  );
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
};
const known = (...entries: string[]) => ({ kind: 'known', entries, isFallback: false });

describe('the server of a code', () => {
  it.each(['harbour.example', 'lighthouse.example'])(
    'is the one that the code names, whatever is looked at and whichever is the primary one (T4, S2.33): %s',
    async (looked) => {
      const [here, there] = [live.handle, other.handle];
      const seen = looked === 'harbour.example' ? here : there;
      live.client.focus(seen.id);
      await live.client.setPrimary(seen.id);
      const fp = await fpOf(there);
      // The host in front is only where the page came from.
      const text = `https://harbour.example/l/terminal#${CODE}&server=https%3A%2F%2Flighthouse.example`;
      expect(await targetOf(code(text), live.client)).toEqual(known(there.id));
      expect(await targetOf(code(`${text}&fp=${fp}`), live.client)).toEqual(known(there.id));
      expect(await targetOf(code(`skerry://terminal/x.example?${CODE}&fp=${fp}`), live.client)).toEqual(
        known(there.id),
      );
    },
  );

  it('is a new one where the key is not the one of that address, and is never taken for a known one (T4, S2.36)', async () => {
    const text = `https://harbour.example/l/terminal#${CODE}&server=https%3A%2F%2Fharbour.example&fp=${KEY}`;
    expect(await targetOf(code(text), live.client)).toEqual({
      kind: 'unknown',
      host: 'harbour.example',
      join: `https://harbour.example/l/connect#fp=${KEY}`,
    });
    const far = code(`https://harbour.example/l/terminal#${CODE}&server=https%3A%2F%2Fcloud.example%3A8443`);
    expect([hostOf(far), await targetOf(far, live.client)]).toEqual([
      'cloud.example:8443',
      { kind: 'unknown', host: 'cloud.example:8443', join: 'https://cloud.example:8443/l/connect' },
    ]);
  });

  it('is the primary one where the code names none and leads to none of the list (S2.34, S2.57)', async () => {
    await live.client.setPrimary(other.handle.id);
    const bare = code(`https://hub.example/l/terminal#${CODE}`);
    expect(await targetOf(bare, live.client)).toEqual({ ...known(other.handle.id), isFallback: true });
    expect(withServer(bare, live.client)).toEqual(bare);
    const leading = code(`https://harbour.example/l/terminal#${CODE}`);
    expect(await targetOf(leading, live.client)).toEqual(known(live.handle.id));
    expect(withServer(leading, live.client).server).toBe('https://harbour.example');
  });
});

describe('what is read as a code', () => {
  it.each([
    ['', 'empty'],
    ['happy://terminal?key=abc', 'foreign_pairing'],
    ['echora://connect/harbour.example', 'otherKind'],
    ['echora://join/harbour.example?invite=abcdefgh12', 'otherKind'],
    ['https://harbour.example/l/terminal#key=short', 'bad_params'],
    ['http://harbour.example/l/terminal#' + CODE, 'bad_host'],
    ['javascript:alert(1)', 'not_a_link'],
  ])('%s is refused as %s', (text, problem) => {
    expect(readCode(text)).toEqual({ ok: false, problem });
  });
});
