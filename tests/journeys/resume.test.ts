import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerHandle } from '@skerry/core';
import {
  mentionOf,
  type AccountId,
  type ChannelId,
  type Command,
  type MessageId,
  type ResetReason,
} from '@skerry/protocol';
import { runCommand } from '../harness/lying/commands.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { digestOf, general, Member } from '../harness/member.ts';
import { newId, signUp } from '../harness/raw-client.ts';
import { eventually, until } from '../harness/watch.ts';

describe('A connection that is cut', () => {
  let server: LyingServer;
  let owner: AccountId;
  let anna: Member;
  let handle: ServerHandle;
  let channel: ChannelId;

  beforeEach(async () => {
    server = await LyingServer.start();
    owner = (await signUp(server.origin, 'owner', server.world.setupCode)).account.id;
    anna = await Member.start({ speed: 40 });
    handle = await anna.join(server.origin, 'anna');
    channel = await general(handle);
  });
  afterEach(async () => {
    await anna[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const does = (command: Command): MessageId => {
    const id = newId();
    runCommand(server.world, owner, { id, command });
    return id as string as MessageId;
  };
  /** Something of every kind, told in many frames. */
  const life = (round: number): void => {
    const me = handle.me.get()!.id;
    const first = does({ kind: 'message.send', channel, text: `one ${round}`, replyTo: null });
    const second = does({ kind: 'message.send', channel, text: `two ${round} ${mentionOf(me)}`, replyTo: first });
    does({ kind: 'message.edit', message: first, text: `one ${round}, edited` });
    does({ kind: 'reaction.set', message: second, emoji: '👍', on: true });
    does({ kind: 'message.delete', message: first });
    const made = does({
      kind: 'channel.create',
      name: `room ${round}`,
      topic: '',
      visibility: 'private',
      history: 'all',
    });
    const room = made as string as ChannelId;
    does({ kind: 'channel.add', channel: room, account: me });
    does({ kind: 'message.send', channel: room, text: `inside ${round}`, replyTo: null });
    if (round % 2 === 1) does({ kind: 'channel.remove', channel: room, account: me });
    does({ kind: 'channel.update', channel, name: 'general', topic: `topic ${round}` });
    does({ kind: 'profile.update', displayName: `Owner ${round}` });
  };
  const expectLikeFresh = async (): Promise<void> => {
    await anna.whenLive(handle);
    await using fresh = await Member.start({ speed: 40 });
    const other = await fresh.join(server.origin, 'anna', { signIn: true });
    const wanted = await digestOf(fresh.client, other);
    await eventually(
      'both clients show the same',
      async () => JSON.stringify(await digestOf(anna.client, handle)) === JSON.stringify(wanted),
      5_000,
    ).catch(async () => expect(await digestOf(anna.client, handle)).toEqual(wanted));
  };

  it('I6 leads to the same state wherever it was cut', async () => {
    // As many frames as one round tells: cut after the first, the second, …
    life(0);
    await until(handle.profile, () => true);
    for (let after = 0; after < 24; after++) {
      let left = after;
      anna.wire.letDown = () => left-- > 0;
      life(after + 1);
      await eventually(
        'it was cut or all was told',
        () => left < 0 || handle.accounts.get().get(owner)?.displayName === `Owner ${after + 1}`,
      );
      anna.wire.letDown = () => true;
      handle.tryNow();
      await anna.whenLive(handle);
      await until(handle.accounts, (accounts) => accounts.get(owner)?.displayName === `Owner ${after + 1}`);
    }
    await expectLikeFresh();
    const welcomes = anna.wire.lines.filter((line) => line.way === 'down' && line.frame.includes('"t":"welcome"'));
    expect(welcomes.length).toBeGreaterThan(10);
    // Rarely state was stored that no mark covered yet; then the client asks for everything anew, which is right as well.
    const resumed = welcomes.filter((line) => line.way === 'down' && line.frame.includes('"resumed":true'));
    expect(resumed.length).toBeGreaterThan(0.7 * welcomes.length);
  });

  const reasons: Record<Exclude<ResetReason, 'new'>, (world: LyingServer['world']) => void> = {
    diverged: (world) => {
      world.log = world.log.map((row) => ({ ...row, tag: `other-${row.tag}` }));
    },
    too_far: (world) => {
      world.keptFrom = world.seq;
    },
    unknown: () => {
      server.onDown('welcome', (frame) => ({ ...frame, resumed: false }));
      server.onDown('mark', (frame) => frame);
      server.onUp('auth', async (socket, _frame, usual) => {
        await usual();
        socket.send({ t: 'reset', reason: 'unknown' });
      });
    },
  };
  for (const [reason, bend] of Object.entries(reasons)) {
    it(`I7 reaches the same state by a reset (${reason}), and keeps what was not sent and the drafts`, async () => {
      life(0);
      handle.setDraft(channel, 'half a thought');
      await server.stop();
      await anna.when(handle, 'waiting');
      await handle.send({ channel, text: 'kept over the reset', replyTo: null });
      await server.listen();
      life(1);
      bend(server.world);
      handle.tryNow();
      await anna.whenLive(handle);
      server.repent();
      await eventually('it was sent', () =>
        server.world.messagesOf(channel).some((message) => message.text === 'kept over the reset'),
      );
      expect(handle.draft(channel).get()).toBe('half a thought');
      expect(server.world.messagesOf(channel).filter((message) => message.text === 'kept over the reset')).toHaveLength(
        1,
      );
      await expectLikeFresh();
      expect(anna.wire.lines.some((line) => line.way === 'down' && line.frame.includes(`"reason":"${reason}"`))).toBe(
        true,
      );
    });
  }

  it('I14 is harmless when frames come twice or late', async () => {
    const held: unknown[] = [];
    server.onDown('events', (frame) => {
      held.push(frame);
      return [frame, frame, ...(held.length > 3 ? [held[held.length - 4] as typeof frame] : [])];
    });
    life(1);
    life(2);
    await until(handle.accounts, (accounts) => accounts.get(owner)?.displayName === 'Owner 2');
    server.repent();
    await expectLikeFresh();
  });
});
