import { expect, it } from 'vitest';
import { FaultProxy } from '../harness/fault-proxy.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { Member } from '../harness/member.ts';
import { signUp } from '../harness/raw-client.ts';
import { eventually } from '../harness/watch.ts';

const CLIENTS = 60;
const SPEED = 10;
const OUTAGE_MS = 20_000;

it('T25 clients that lost their server do not come back all at once', async () => {
  await using server = await LyingServer.start();
  await signUp(server.origin, 'owner', server.world.setupCode);
  await using proxy = await FaultProxy.open(server.port);
  const members: Member[] = [];
  try {
    for (let i = 0; i < CLIENTS; i++) {
      const member = await Member.start({ speed: SPEED });
      members.push(member);
      await member.join(proxy.origin, `person${i}`);
    }
    await proxy.refuse();
    proxy.cut();
    await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS / SPEED));
    const before = proxy.accepted.length;
    const tries =
      members.reduce((sum, member) => sum + member.wire.lines.filter((line) => line.way === 'dial').length, 0) -
      CLIENTS;
    // Full jitter over a doubling span: a handful of tries each in twenty seconds, not one a second.
    expect(tries).toBeLessThan(CLIENTS * 9);
    await proxy.accept();
    await eventually('all are back', () => server.sockets.size === CLIENTS, 20_000);
    const returns = proxy.accepted.slice(before);
    // In the clients' time.
    const perSecond = mostWithin(returns, 1_000 / SPEED);
    expect(perSecond).toBeLessThan(CLIENTS * 0.6);
  } finally {
    for (const member of members) await member[Symbol.asyncDispose]();
  }
});

function mostWithin(times: readonly number[], ms: number): number {
  let most = 0;
  for (const from of times) most = Math.max(most, times.filter((time) => time >= from && time < from + ms).length);
  return most;
}
