import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelId } from '@skerry/protocol';
import { FaultProxy } from '../harness/fault-proxy.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { general, Member, shows } from '../harness/member.ts';
import { signUp } from '../harness/raw-client.ts';
import { eventually, until } from '../harness/watch.ts';

/** C-2, I13: what was written is sent once and in order, whatever happens to the connection. */
describe('What is written while the server cannot be reached', () => {
  let server: LyingServer;
  let proxy: FaultProxy;
  let anna: Member;
  let channel: ChannelId;

  beforeEach(async () => {
    server = await LyingServer.start();
    await signUp(server.origin, 'owner', server.world.setupCode);
    proxy = await FaultProxy.open(server.port);
    anna = await Member.start({ speed: 20 });
    channel = await general(await anna.join(proxy.origin, 'anna'));
  });
  afterEach(async () => {
    await anna[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const sent = (): string[] => server.world.messagesOf(channel).map((message) => message.text);
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
  const write = async (count: number): Promise<void> => {
    const handle = anna.at(proxy.origin);
    for (const text of numbered(count)) await handle.send({ channel, text, replyTo: null });
  };

  it('is shown as waiting, sent in order when it returns, and then shown once', async () => {
    await proxy.refuse();
    proxy.cut();
    const handle = anna.at(proxy.origin);
    await anna.when(handle, 'waiting');
    await write(10);
    using timeline = handle.timeline(channel);
    const { pending } = await until(timeline.view, (view) => view.pending.length === 10);
    expect(pending.map((one) => one.text)).toEqual(numbered(10));
    expect(anna.client.servers.get()[0]).toMatchObject({ waiting: 10, parked: 0 });
    await proxy.accept();
    handle.tryNow();
    const view = await until(timeline.view, (now) => now.pending.length === 0 && now.messages.length === 10);
    expect(view.messages.map(({ message }) => message.text)).toEqual(numbered(10));
    expect(sent()).toEqual(numbered(10));
  });

  it('survives a restart of the client in between', async () => {
    await proxy.refuse();
    proxy.cut();
    await write(5);
    anna = await anna.restart();
    expect(anna.client.servers.get()[0]?.waiting ?? 0).toBeGreaterThanOrEqual(0);
    await proxy.accept();
    await eventually('it was sent', () => sent().length === 5);
    expect(sent()).toEqual(numbered(5));
  });

  it('is sent once and in order while the connection is cut again and again', async () => {
    const handle = anna.at(proxy.origin);
    await write(40);
    for (let cuts = 0; cuts < 15; cuts++) {
      await anna.whenLive(handle);
      await new Promise((resolve) => setTimeout(resolve, cuts % 5));
      proxy.cut();
      handle.tryNow();
    }
    await eventually('all of it was sent', () => sent().length === 40, 30_000);
    expect(sent()).toEqual(numbered(40));
    expect(await shows(anna.at(proxy.origin), channel, (texts) => texts.length === 40)).toEqual(numbered(40));
  });

  it('is sent once when every answer is lost', async () => {
    server.onDown('ok', () => []);
    server.onDown('events', () => []);
    await write(3);
    // One at a time per channel: the next leaves when the one before was answered.
    await eventually('the first came', () => sent().length === 1);
    server.repent();
    proxy.cut();
    using timeline = anna.at(proxy.origin).timeline(channel);
    await until(timeline.view, (view) => view.pending.length === 0 && view.messages.length === 3);
    expect(sent()).toEqual(numbered(3));
    expect(anna.wire.sentTo(proxy.origin).filter((frame) => frame.t === 'cmd').length).toBeGreaterThan(3);
  });

  it('notices a connection that is only half there, and goes on with a new one', async () => {
    proxy.set({ stalled: ['down'] });
    await write(2);
    const handle = anna.at(proxy.origin);
    await anna.when(handle, 'waiting', 20_000);
    proxy.cut();
    proxy.heal();
    await eventually('it was sent', () => sent().length === 2);
    await anna.whenLive(handle);
    expect(sent()).toEqual(numbered(2));
  });

  it('arrives the same when every byte comes alone', async () => {
    proxy.set({ sliceBytes: 1 });
    await write(3);
    await eventually('it was sent', () => sent().length === 3);
    expect(await shows(anna.at(proxy.origin), channel, (texts) => texts.length === 3)).toEqual(numbered(3));
  });

  it('is parked with its reason when it is refused for good, and blocks nothing', async () => {
    const handle = anna.at(proxy.origin);
    server.onUp('cmd', async (socket, frame, usual) => {
      if (frame.t !== 'cmd' || frame.command.kind !== 'message.send' || frame.command.text !== 'line 1') return usual();
      socket.send({
        t: 'fail',
        id: frame.id,
        error: { code: 'forbidden', message: 'Your role does not allow this.', retry: 'no' },
      });
    });
    await write(3);
    using timeline = handle.timeline(channel);
    const { pending } = await until(timeline.view, (view) => view.messages.length === 2 && view.pending.length === 1);
    expect(pending[0]).toMatchObject({ text: 'line 1', state: { kind: 'parked', code: 'forbidden' } });
    expect(sent()).toEqual(['line 0', 'line 2']);
    server.repent();
    await handle.retry(pending[0]!.id);
    await until(timeline.view, (view) => view.pending.length === 0 && view.messages.length === 3);
  });
});
