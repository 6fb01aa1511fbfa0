import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerHandle } from '@skerry/core';
import type { ChannelId } from '@skerry/protocol';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { general, Member, sendAndSee } from '../harness/member.ts';
import { signUp } from '../harness/raw-client.ts';
import { eventually } from '../harness/watch.ts';

/** S0.56: what ends a sign-in on one server is nothing to the other. */
describe('While a sign-in on one server ends', () => {
  let a: LyingServer;
  let b: LyingServer;
  let anna: Member;
  let onA: ServerHandle;
  let onB: ServerHandle;
  let channelB: ChannelId;
  let seenByB: number;

  beforeEach(async () => {
    [a, b] = [await LyingServer.start({ name: 'A' }), await LyingServer.start({ name: 'B' })];
    for (const server of [a, b]) await signUp(server.origin, 'owner', server.world.setupCode);
    anna = await Member.start({ speed: 20 });
    onA = await anna.join(a.origin, 'anna');
    onB = await anna.join(b.origin, 'anna');
    channelB = await general(onB);
    await sendAndSee(onB, channelB, 'before');
    seenByB = b.requests.length;
  });
  afterEach(async () => {
    await anna[Symbol.asyncDispose]();
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  });

  /** B stayed live on the same socket, got no request it would not have had, and works. */
  const expectUnnoticed = async (): Promise<void> => {
    expect(onB.state.get().kind).toBe('live');
    expect(onB.history.get().filter((event) => event.what === 'live')).toHaveLength(1);
    expect(b.requests.slice(seenByB).filter((one) => one.route !== 'messages' && one.route !== 'proof')).toEqual([]);
    await sendAndSee(onB, channelB, 'after');
  };

  it('signing out of A leaves B as it was', async () => {
    expect(await onA.signOut('keep')).toEqual({ toldServer: true });
    expect(onA.state.get()).toMatchObject({ kind: 'signedOut', why: 'person' });
    expect([...a.world.sessions.values()].filter((session) => session.ended)).toHaveLength(1);
    await expectUnnoticed();
  });

  it('a session that A ended leaves B as it was', async () => {
    for (const session of a.world.sessions.values()) session.ended = true;
    for (const socket of a.sockets) socket.close(4401);
    await anna.when(onA, 'signedOut');
    await expectUnnoticed();
  });

  it('401 to everything on A leaves B as it was, and A is not asked for ever', async () => {
    a.onRoute('*', ({ route, usual }) =>
      route === 'proof' || route === 'health' || route === 'info'
        ? usual()
        : { kind: 'json', status: 401, body: { error: { code: 'unauthorized', message: 'no', retry: 'auth' } } },
    );
    a.onUp('auth', (socket) => socket.close(4401));
    for (const socket of a.sockets) socket.close(4401);
    await anna.when(onA, 'signedOut');
    const asked = a.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(a.requests.length).toBe(asked);
    await expectUnnoticed();
  });

  it('S0.24: signing in again on A brings it back, with what was stored', async () => {
    const channelA = await general(onA);
    await onA.signOut('keep');
    await onA.send({ channel: channelA, text: 'written while signed out', replyTo: null });
    await onA.signIn({ kind: 'signIn', username: 'anna', password: 'anna and a long password' });
    await anna.whenLive(onA);
    await eventually('it was sent', () =>
      [...a.world.messages.values()].some((message) => message.text === 'written while signed out'),
    );
    await expectUnnoticed();
  });
});
