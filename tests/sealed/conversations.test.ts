import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { canReach, idOf, Keyed, say, texts } from './keyed-member.ts';

describe('Encrypted conversations on a real server', () => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startReal();
    await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('two people with two devices each read what is said, on all four (E-5)', async () => {
    await using anna1 = await Keyed.create();
    await using ben1 = await Keyed.create();
    const a1 = await anna1.register(server.origin, 'anna');
    const b1 = await ben1.register(server.origin, 'ben');
    await using anna2 = await anna1.another();
    await using ben2 = await ben1.another();
    const a2 = await anna2.signIn(server.origin, 'anna');
    const b2 = await ben2.signIn(server.origin, 'ben');
    const [anna, ben] = [idOf(a1), idOf(b1)];
    await canReach(a1, ben, 2);
    const channel = await a1.sealed.startDirect(ben);
    await say(a1, channel, 'hello ben');
    await texts(b1, channel, ['hello ben']);
    await texts(b2, channel, ['hello ben']);
    await texts(a2, channel, ['hello ben']);
    await say(b2, channel, 'hello anna');
    for (const handle of [a1, a2, b1, b2]) await texts(handle, channel, ['hello ben', 'hello anna']);
    expect(b1.channels.get().find((one) => one.channel.id === channel)).toMatchObject({
      channel: { name: 'anna', sealed: 'direct' },
      peer: anna,
    });
  });
});
