import { type Command, type CommandId, SkerryError } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { Requests } from '../connection/requests.ts';
import type { KeysApi } from '../keys/keys-api.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { Value } from '../value.ts';
import { Commands } from './commands.ts';
import type { LinkState } from './face.ts';

const describing: Command = { kind: 'machine.describe', info: 'AAAA' };
const body = (code: 'not_found' | 'rate_limited' | 'no_device', retryAfterMs?: number) =>
  new SkerryError(code, retryAfterMs === undefined ? {} : { retryAfterMs }).toBody();

/** Commands over a socket that a test plays. */
function sending() {
  const clock = new ManualClock();
  const requests = new Requests(clock);
  const state = new Value<LinkState>({ kind: 'connecting' });
  const life = new AbortController();
  const sent: [CommandId, Command][] = [];
  const byHttp: unknown[] = [];
  let strangers = 0;
  const api = {
    call: (name: string, options: { body: unknown }) => {
      byHttp.push([name, options.body]);
      return Promise.resolve({ seq: 1, n: 2 });
    },
  } as unknown as KeysApi;
  const commands = new Commands({
    clock,
    random: { bytes: (length) => new Uint8Array(length), fraction: () => 1 },
    requests,
    api,
    state,
    signal: life.signal,
    strange: () => strangers++,
  });
  const connect = async (): Promise<void> => {
    requests.linked({ inFlight: 16, send: (id, command) => sent.push([id, command]) });
    state.set({ kind: 'live' });
    await settle();
  };
  const cut = (): void => {
    requests.unlinked();
    state.set({ kind: 'waiting', nextAt: 0, cause: { kind: 'unreachable' } });
  };
  return { clock, requests, state, life, sent, byHttp, commands, connect, cut, strangers: () => strangers };
}

describe('a command of a machine', () => {
  it('waits for the server, and goes out under one id with the same bytes until it is answered', async () => {
    const { commands, connect, cut, sent, requests, clock } = sending();
    const done = commands.run(describing);
    await settle();
    expect(sent).toEqual([]);
    await connect();
    cut();
    await clock.advance(20_000);
    await connect();
    // Not answered either: it is asked again by itself.
    await clock.advance(20_000);
    const [[id]] = sent as [[CommandId, Command]];
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.every(([one, command]) => one === id && command === describing)).toBe(true);
    requests.answered(id, { ok: true, result: { seq: 4, n: 5 } });
    expect(await done).toEqual({ seq: 4, n: 5 });
  });

  it('waits as long as a busy server says, looks at the list when the server does not know it, and ends with a refusal for good', async () => {
    const { commands, connect, sent, requests, clock, strangers } = sending();
    await connect();
    const done = commands.run(describing).catch((error: unknown) => error);
    await settle();
    const [[id]] = sent as [[CommandId, Command]];
    requests.answered(id, { ok: false, error: body('rate_limited', 5_000) });
    await clock.advance(4_900);
    expect(sent).toHaveLength(1);
    await clock.advance(200);
    expect(sent).toHaveLength(2);
    requests.answered(id, { ok: false, error: body('no_device') });
    await clock.advance(1_000);
    expect([sent.length, strangers()]).toEqual([3, 1]);
    requests.answered(id, { ok: false, error: body('not_found') });
    expect(await done).toMatchObject({ code: 'not_found' });
  });

  it('is given up with its signal, and when the link is over', async () => {
    const { commands, state, life, clock } = sending();
    const mine = new AbortController();
    const given = commands.run(describing, { signal: mine.signal }).catch((error: unknown) => error);
    mine.abort(new Error('enough'));
    expect(await given).toMatchObject({ message: 'enough' });
    const revoked = commands.run(describing).catch((error: unknown) => error);
    state.set({ kind: 'revoked' });
    expect(await revoked).toMatchObject({ code: 'unavailable' });
    state.set({ kind: 'connecting' });
    const ended = commands.run(describing).catch((error: unknown) => error);
    life.abort(new Error('disposed'));
    expect(await ended).toMatchObject({ code: 'unavailable' });
    expect(clock.waiting).toBe(0);
  });

  it('goes by HTTP when no frame holds it', async () => {
    const { commands, connect, sent, byHttp } = sending();
    await connect();
    const large: Command = { kind: 'machine.describe', info: 'A'.repeat(70_000) };
    expect(await commands.run(large, { id: 'the id' })).toEqual({ seq: 1, n: 2 });
    expect([sent, byHttp]).toEqual([[], [['command', { id: 'the id', command: large }]]]);
  });
});
