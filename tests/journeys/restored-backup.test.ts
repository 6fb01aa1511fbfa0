import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { digestOf, general, Member, sendAndSee, shows } from '../harness/member.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { until } from '../harness/watch.ts';
import { signUp } from '../harness/raw-client.ts';

it('T41 a server put back from a backup resets its clients, and nothing that is gone is merged in', async () => {
  await using server = await SpawnedServer.start({ args: ['--client', 'none'] });
  await signUp(server.origin, 'owner', server.setupCode);
  await using anna = await Member.start({ speed: 20 });
  const handle = await anna.join(server.origin, 'anna');
  const channel = await general(handle);
  await sendAndSee(handle, channel, 'before the backup');
  await server.stop();
  const backup = await mkdtemp(path.join(tmpdir(), 'skerry-backup-'));
  try {
    await cp(server.data, backup, { recursive: true });
    await server.start();
    handle.tryNow();
    await anna.whenLive(handle);
    await sendAndSee(handle, channel, 'after the backup one');
    await sendAndSee(handle, channel, 'after the backup two');
    await server.stop();
    await anna.when(handle, 'waiting');
    await handle.send({ channel, text: 'not sent yet', replyTo: null });
    await rm(server.data, { recursive: true });
    await cp(backup, server.data, { recursive: true });
    await server.start();
    // The log goes on from the backup and reaches the same numbers with other events.
    const bert = await Member.start();
    const bertsHandle = await bert.join(server.origin, 'bert');
    for (let i = 0; i < 6; i++) await sendAndSee(bertsHandle, channel, `another history ${i}`);
    handle.tryNow();
    await anna.whenLive(handle);
    const texts = await shows(
      handle,
      channel,
      (all) => all[0] === 'before the backup' && all.includes('another history 5') && all.includes('not sent yet'),
    );
    expect(texts).not.toContain('after the backup one');
    expect(texts.filter((text) => text === 'not sent yet')).toHaveLength(1);
    expect(anna.wire.lines.some((line) => line.way === 'down' && line.frame.includes('"reason":"diverged"'))).toBe(
      true,
    );
    await using fresh = await Member.start();
    const other = await fresh.join(server.origin, 'anna', { signIn: true });
    await until(anna.client.fleet, (fleet) => fleet.connected === 1);
    expect(await digestOf(anna.client, handle)).toEqual(await digestOf(fresh.client, other));
    await bert[Symbol.asyncDispose]();
  } finally {
    await rm(backup, { recursive: true, force: true });
  }
});
