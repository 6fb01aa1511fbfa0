import type { Command, CommandId, MessageId } from '@skerry/protocol';
import { SkerryError } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoreFull } from '../stores/stores.ts';
import { settle } from '../testing/manual-clock.ts';
import { Scene } from '../testing/scene.ts';
import type { PendingMessage } from '../views.ts';
import { afterRefusal, laneOf, supersedes } from './queue-row.ts';

const textsOnServer = (scene: Scene, channel = scene.channel): readonly string[] =>
  scene.server.messages(channel).map(({ text }) => text);

async function online(scene: Scene): Promise<Scene> {
  await scene.rig.catchUp();
  return scene;
}

/** What the person sees below the messages of a channel. */
async function pending(scene: Scene): Promise<readonly PendingMessage[]> {
  const timeline = scene.rig.entry.timeline(scene.channel);
  await settle();
  const list = timeline.view.get().pending;
  timeline[Symbol.dispose]();
  return list;
}

const send = (scene: Scene, text: string, channel = scene.channel): Promise<MessageId> =>
  scene.rig.entry.send({ channel, text, replyTo: null });

describe('the send queue', () => {
  it('sends once, shows the text exactly once all the way, and is empty when its message is stored (I2)', async () => {
    const scene = await online(new Scene());
    const timeline = scene.rig.entry.timeline(scene.channel);
    const seen: string[][] = [];
    timeline.view.subscribe(() => {
      const { messages, pending: waiting } = timeline.view.get();
      seen.push(
        [...messages.map(({ message }) => message.text), ...waiting.map(({ text }) => text)].filter(
          (text) => text === 'hello',
        ),
      );
    });
    const id = await send(scene, 'hello');
    expect(await pending(scene)).toMatchObject([{ id, text: 'hello', state: { kind: 'sending' }, edits: null }]);
    await scene.rig.deliver();
    expect(await pending(scene)).toEqual([]);
    expect(scene.server.messages(scene.channel)).toMatchObject([{ id, text: 'hello', author: scene.anna }]);
    expect(scene.rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 0 });
    expect(seen.filter((texts) => texts.length > 1)).toEqual([]);
    expect(seen.at(-1)).toEqual(['hello']);
    await using state = await scene.rig.mortal.storage.state(scene.rig.entryId);
    expect(await state.count('queue')).toBe(0);
  });

  it('keeps what is written without a server, over a restart, and sends the same bytes under the same id', async () => {
    const scene = await online(new Scene());
    scene.rig.cut();
    const id = await send(scene, 'written offline');
    expect(scene.rig.entry.counts.get()).toMatchObject({ waiting: 1 });
    await scene.rig.die();
    expect(await pending(scene)).toMatchObject([{ id, text: 'written offline', state: { kind: 'waiting' } }]);
    scene.rig.answer = () => 'lost';
    scene.rig.connect();
    await settle();
    scene.rig.cut();
    await scene.rig.die();
    scene.rig.answer = () => undefined;
    await scene.rig.catchUp();
    const bytes = JSON.stringify({
      kind: 'message.send',
      channel: scene.channel,
      text: 'written offline',
      replyTo: null,
    });
    expect(scene.rig.sent).toEqual([{ id, bytes }, { id, bytes }]); // prettier-ignore
    expect(textsOnServer(scene)).toEqual(['written offline']);
    expect(await pending(scene)).toEqual([]);
  });

  it('loses and doubles nothing at whatever write or frame the process dies, and keeps the order (I2, I5, I13)', async () => {
    const script = async (scene: Scene, stored: string[]): Promise<void> => {
      const { rig } = scene;
      const say = async (text: string): Promise<void> => {
        await send(scene, text);
        stored.push(text);
      };
      // Not awaited as a whole: after the death nothing comes back.
      void say('first').then(() => say('second'));
      await settle();
      scene.say(scene.ben, 'from another');
      await rig.deliver(2);
      void say('third');
      rig.entry.setDraft(scene.channel, 'a draft');
      await rig.clock.advance(500);
      await rig.deliver();
    };
    const start = async (isOnline: boolean): Promise<Scene> => {
      const scene = await online(new Scene({ before: 3 }));
      scene.rig.entry.timeline(scene.channel)[Symbol.dispose]();
      await settle();
      if (!isOnline) scene.rig.cut();
      await settle();
      return scene;
    };
    for (const isOnline of [true, false]) {
      const reference = await start(isOnline);
      const before = reference.rig.mortal.commits;
      await script(reference, []);
      const writes = reference.rig.mortal.commits - before;
      expect(writes).toBeGreaterThanOrEqual(isOnline ? 8 : 4);
      for (const [at, written] of Array.from({ length: 2 * writes }, (_, i) => [1 + (i >> 1), i % 2 === 0] as const)) {
        const scene = await start(isOnline);
        scene.rig.mortal.dieAt(scene.rig.mortal.commits + at, written);
        const stored: string[] = [];
        await script(scene, stored);
        expect(scene.rig.mortal.isDead).toBe(true);
        await scene.rig.die();
        const label = `${isOnline} ${at} ${written}`;
        const shownTexts = [...(await scene.texts()), ...(await pending(scene)).map(({ text }) => text)];
        expect([label, shownTexts]).toEqual([label, [...new Set(shownTexts)]]);
        await scene.rig.catchUp();
        const own = scene.server.messages(scene.channel).filter(({ author }) => author === scene.anna);
        const texts = own.map(({ text }) => text);
        // What was said to be stored is there; what was not may be there. Nothing is twice, all is in order.
        expect([label, stored.filter((text) => !texts.includes(text))]).toEqual([label, []]);
        expect([label, texts]).toEqual([label, ['first', 'second', 'third'].filter((text) => texts.includes(text))]);
        const timeline = scene.rig.entry.timeline(scene.channel);
        await settle();
        expect([label, timeline.view.get().messages.map(({ message }) => message)]).toEqual([
          label,
          scene.server.messages(scene.channel),
        ]);
        expect([label, timeline.view.get().pending]).toEqual([label, []]);
        expect(scene.rig.problems).toEqual([]);
      }
    }
  });

  it('keeps the order of each channel whatever is cut, refused for now or answered too late (I13)', async () => {
    type Step = { readonly do: 'send' | 'deliver' | 'cut' | 'connect' | 'die' | 'wait'; readonly n: number };
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.nat(2).map((n): Step => ({ do: 'send', n })) },
      { weight: 3, arbitrary: fc.nat(4).map((n): Step => ({ do: 'deliver', n })) },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Step['do']>('cut', 'connect', 'die', 'wait').map((one): Step => ({ do: one, n: 0 })),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.infiniteStream(fc.constantFrom('ok', 'ok', 'ok', 'lost', 'later', 'limited')),
        async (steps, fates) => {
          const scene = new Scene();
          const channels = [scene.channel, scene.create(scene.anna, 'two'), scene.create(scene.anna, 'three')];
          await online(scene);
          const { rig } = scene;
          rig.answer = () => {
            const fate = fates.next().value;
            if (fate === 'later') return new SkerryError('internal');
            if (fate === 'limited') return new SkerryError('rate_limited', { retryAfterMs: 3_000 });
            return fate === 'lost' ? 'lost' : undefined;
          };
          const written = new Map(channels.map((channel) => [channel, [] as string[]] as const));
          let count = 0;
          for (const one of steps) {
            if (one.do === 'send') {
              const channel = channels[one.n] ?? scene.channel;
              const text = `m${++count}`;
              written.get(channel)?.push(text);
              await send(scene, text, channel);
            } else if (one.do === 'deliver') await rig.deliver(one.n);
            else if (one.do === 'cut') rig.cut();
            else if (one.do === 'connect') rig.connect();
            else if (one.do === 'die') await rig.die();
            else await rig.clock.advance(2_000);
          }
          rig.answer = () => undefined;
          await rig.catchUp();
          for (let i = 0; i < 30; i++) {
            await rig.clock.advance(100_000);
            await rig.deliver();
          }
          for (const channel of channels) expect(textsOnServer(scene, channel)).toEqual(written.get(channel));
          expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 0 });
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('parks what is refused for good with the reason, lets the rest pass, and tries again when asked', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.answer = (_id, command) =>
      command.kind === 'message.send' && command.text === 'bad'
        ? new SkerryError('forbidden', { message: 'You are muted.' })
        : undefined;
    const bad = await send(scene, 'bad');
    await send(scene, 'good');
    await rig.deliver();
    expect(textsOnServer(scene)).toEqual(['good']);
    const parked = { id: bad, text: 'bad', state: { kind: 'parked', code: 'forbidden', message: 'You are muted.' } };
    expect(await pending(scene)).toMatchObject([parked]);
    await rig.die();
    await rig.catchUp();
    expect(await pending(scene)).toMatchObject([parked]);
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 1 });
    rig.answer = () => undefined;
    await rig.entry.retry(bad);
    await rig.deliver();
    expect(textsOnServer(scene)).toEqual(['good', 'bad']);
    expect(rig.sent.filter(({ id }) => id === (bad as string as CommandId))).toHaveLength(2);
    expect(await pending(scene)).toEqual([]);
  });

  it('waits as long as a refusal says, and a limit of the account stops all of its lanes', async () => {
    const scene = new Scene();
    const other = scene.create(scene.anna, 'other');
    await online(scene);
    const { rig } = scene;
    let isLimited = true;
    rig.answer = () => (isLimited ? new SkerryError('rate_limited', { retryAfterMs: 10_000 }) : undefined);
    await send(scene, 'one');
    await rig.deliver();
    isLimited = false;
    await send(scene, 'two', other);
    await rig.clock.advance(9_999);
    expect(rig.sent).toHaveLength(1);
    await rig.clock.advance(5_001);
    await rig.deliver();
    expect([textsOnServer(scene), textsOnServer(scene, other)]).toEqual([['one'], ['two']]);
  });

  it('asks again when no answer comes, and when the sign-in was refused, only over the next connection', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.answer = () => 'lost';
    rig.server.run(scene.ben, scene.server.id(), { kind: 'channel.archive', channel: scene.channel, archived: false });
    await send(scene, 'one');
    rig.wire = [];
    await rig.clock.advance(29_000);
    expect(rig.sent).toHaveLength(1);
    rig.answer = () => new SkerryError('unauthorized');
    await rig.clock.advance(2_000);
    await rig.deliver();
    expect(rig.sent).toHaveLength(2);
    await rig.clock.advance(600_000);
    expect(rig.sent).toHaveLength(2);
    rig.answer = () => undefined;
    rig.cut();
    await rig.catchUp();
    expect(textsOnServer(scene)).toEqual(['one']);
    expect(await pending(scene)).toEqual([]);
  });

  it('has at most sixteen on their way, and one of each channel', async () => {
    const scene = new Scene();
    const channels = Array.from({ length: 20 }, (_, i) => scene.create(scene.anna, `c${i}`));
    await online(scene);
    scene.rig.cut();
    for (const channel of channels) for (const text of ['a', 'b']) await send(scene, text, channel);
    const open = new Set<string>();
    let most = 0;
    scene.rig.answer = (id) => {
      open.add(id);
      most = Math.max(most, open.size);
      return undefined;
    };
    const { answered } = scene.rig.entry.sync;
    scene.rig.entry.sync.answered = (id, answer) => {
      open.delete(id);
      answered.call(scene.rig.entry.sync, id, answer);
    };
    await scene.rig.catchUp();
    expect(most).toBe(16);
    for (const channel of channels) expect(textsOnServer(scene, channel)).toEqual(['a', 'b']);
  });

  it('tries again soon when the socket was busy with other commands', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.isBusy = true;
    await send(scene, 'soon');
    expect(rig.sent).toEqual([]);
    rig.isBusy = false;
    await rig.clock.advance(1_000);
    await rig.deliver();
    expect(textsOnServer(scene)).toEqual(['soon']);
  });

  it('takes back what is not on its way, with what was queued about it', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.cut();
    const id = await send(scene, 'not so');
    await rig.entry.react(id, '👍', true);
    expect(await rig.entry.takeBack(id)).toBe('not so');
    expect(await rig.entry.takeBack(id)).toBeUndefined();
    await rig.die();
    await rig.catchUp();
    expect(rig.sent).toEqual([]);
    expect(textsOnServer(scene)).toEqual([]);
  });

  it('takes a message back at once from a socket that answers no more, and has the server delete what it may have got', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const got = await send(scene, 'got there');
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 1 });
    // Nothing comes back: the socket is half open.
    rig.wire = [];
    expect(await rig.entry.takeBack(got)).toBe('got there');
    // The delete waits in its place.
    expect((await rig.entry.holdings()).unsent).toBe(0);
    rig.cut();
    await rig.catchUp();
    expect(scene.server.messages(scene.channel)).toMatchObject([{ id: got, deleted: true, text: '' }]);
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 0 });
  });

  it('takes a message back that never got there, and the delete that follows harms nothing', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const run = scene.server.run.bind(scene.server);
    scene.server.run = () => {
      throw new SkerryError('unavailable');
    };
    rig.answer = () => 'lost';
    const id = await send(scene, 'never there');
    rig.wire = [];
    expect(await pending(scene)).toMatchObject([{ id, mayBeThere: true, state: { kind: 'sending' } }]);
    expect(await rig.entry.takeBack(id)).toBe('never there');
    rig.cut();
    scene.server.run = run;
    rig.answer = () => undefined;
    await rig.catchUp();
    await rig.deliver();
    expect(scene.server.messages(scene.channel)).toEqual([]);
    expect(await pending(scene)).toEqual([]);
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 0 });
  });

  it('says that a server did not keep what it confirmed, and sends the same again when asked to', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const run = scene.server.run.bind(scene.server);
    const head = scene.server.head.seq;
    // It says yes, counts on, and keeps nothing.
    scene.server.run = () => {
      run(scene.ben, scene.server.id(), { kind: 'message.send', channel: scene.channel, text: 'other', replyTo: null });
      return { seq: head + 1, n: 0 };
    };
    const asked: string[] = [];
    const { message } = rig.api;
    rig.api.message = (id, signal) => {
      asked.push(id);
      return message(id, signal);
    };
    const id = await send(scene, 'lost on the way');
    for (let round = 0; round < 4; round++) await rig.deliver();
    expect(await pending(scene)).toMatchObject([{ id, state: { kind: 'parked', code: 'not_kept' } }]);
    expect(asked).toEqual([id]);
    scene.server.run = run;
    await rig.entry.retry(id);
    for (let round = 0; round < 2; round++) await rig.deliver();
    expect(textsOnServer(scene)).toContain('lost on the way');
    expect(await pending(scene)).toEqual([]);
  });

  it('asks for a message whose event never comes, and is done when the server has it', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    await send(scene, 'kept, not told');
    rig.wire = rig.wire.filter(({ what }) => what.t === 'answer');
    await rig.deliver();
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 1 });
    await rig.clock.advance(61_000);
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 0 });
    expect(await pending(scene)).toEqual([]);
  });

  it('deletes what it takes back where the server may have got it already', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.answer = () => 'lost';
    const id = await send(scene, 'regretted');
    rig.cut();
    expect(textsOnServer(scene)).toEqual(['regretted']);
    expect(await rig.entry.takeBack(id)).toBe('regretted');
    rig.answer = () => undefined;
    await rig.catchUp();
    expect(scene.server.messages(scene.channel)).toMatchObject([{ id, deleted: true, text: '' }]);
    expect(await pending(scene)).toEqual([]);
  });

  it('shows edits, deletes and reactions before they are confirmed, and undoes what is refused', async () => {
    const scene = new Scene();
    const own = scene.say(scene.anna, 'mine');
    const his = scene.say(scene.ben, 'his');
    await online(scene);
    const { rig } = scene;
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    rig.cut();
    await rig.entry.edit(own, 'mine, better');
    await rig.entry.react(his, '🎉', true);
    await rig.entry.delete(his);
    const shown = (): unknown =>
      timeline.view.get().messages.map(({ message, pendingEdit }) => [message.text, message.deleted, pendingEdit]);
    expect(shown()).toEqual([['mine, better', false, true], ['', true, true]]); // prettier-ignore
    await rig.catchUp();
    // Nobody deletes the message of another here; the refusal gives it back, with the reaction that passed.
    expect(shown()).toEqual([['mine, better', false, false], ['his', false, false]]); // prettier-ignore
    expect(timeline.view.get().messages[1]?.message.reactions).toEqual([{ emoji: '🎉', accounts: [scene.anna] }]);
    expect(timeline.view.get().pending).toEqual([]);
  });

  it('keeps the text of an edit that is refused', async () => {
    const scene = new Scene();
    const own = scene.say(scene.anna, 'mine');
    await online(scene);
    const { rig } = scene;
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    rig.answer = () => new SkerryError('archived');
    await rig.entry.edit(own, 'written with care');
    await rig.deliver();
    expect(timeline.view.get().messages.map(({ message }) => message.text)).toEqual(['mine']);
    const [parked] = timeline.view.get().pending;
    expect(parked).toMatchObject({
      text: 'written with care',
      edits: own,
      state: { kind: 'parked', code: 'archived' },
    });
    expect(parked && (await rig.entry.takeBack(parked.id))).toBe('written with care');
    expect(timeline.view.get().pending).toEqual([]);
  });

  it('sends the last of several edits, marks and inbox states that waited, and only that', async () => {
    const scene = new Scene();
    const own = scene.say(scene.anna, 'mine');
    const asked = scene.say(scene.ben, `<@${scene.anna}> please`);
    await online(scene);
    const { rig } = scene;
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    rig.cut();
    for (const text of ['a', 'b', 'c']) await rig.entry.edit(own, text);
    for (const state of ['later', 'open', 'done'] as const) await rig.entry.setInbox(asked, state);
    for (const n of [1, 2, 4]) {
      timeline.markRead(n);
      await rig.clock.advance(1_000);
    }
    expect(rig.entry.inbox.get().rows).toMatchObject([{ pending: 'done', needsYou: false }]);
    await rig.catchUp();
    const commands = rig.sent.map(({ bytes }) => JSON.parse(bytes) as Command);
    expect(commands).toHaveLength(3);
    expect(commands).toContainEqual({ kind: 'message.edit', message: own, text: 'c' });
    expect(commands).toContainEqual({ kind: 'inbox.set', message: asked, state: 'done' });
    expect(commands).toContainEqual({ kind: 'marker.set', channel: scene.channel, n: 4 });
    expect(rig.entry.inbox.get().rows).toMatchObject([{ pending: null, item: { state: 'done' } }]);
  });

  it('never sends as one account what another wrote', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.cut();
    const id = await send(scene, 'as anna');
    rig.entry.sync.welcomed(
      { command: () => expect.unreachable(), typing: () => undefined },
      { ...rig.welcome(true), account: scene.ben },
    );
    await settle();
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 0, parked: 1 });
    rig.entry.sync.unlinked();
    await rig.entry.retry(id);
    await rig.catchUp();
    expect(textsOnServer(scene)).toEqual(['as anna']);
  });

  it('sends again what a server confirmed and then lost to a restored backup', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    const backup = scene.server.backup();
    await send(scene, 'once more');
    // The answer came, the event did not.
    rig.wire = rig.wire.filter(({ what }) => what.t === 'answer');
    await rig.deliver();
    expect(rig.entry.counts.get()).toMatchObject({ waiting: 1 });
    rig.cut();
    scene.server.restore(backup);
    scene.say(scene.ben, 'another history');
    await rig.catchUp();
    await rig.die();
    await rig.catchUp();
    expect(textsOnServer(scene)).toEqual(['another history', 'once more']);
    expect(await pending(scene)).toEqual([]);
  });

  it('refuses at once what no server would take, and says so when the device is full', async () => {
    const scene = new Scene();
    await scene.rig.entry.ready;
    await expect(send(scene, 'nobody signed in')).rejects.toMatchObject({ code: 'unauthorized' });
    await online(scene);
    await expect(send(scene, '')).rejects.toMatchObject({ code: 'bad_request' });
    await expect(send(scene, 'x'.repeat(8_001))).rejects.toMatchObject({ code: 'too_large' });
    scene.rig.mortal.isFull = true;
    await expect(send(scene, 'no room')).rejects.toThrow(StoreFull);
    expect(scene.rig.problems).toEqual([{ where: 'state', entryId: scene.rig.entryId, what: 'full' }]);
    expect(await pending(scene)).toEqual([]);
    scene.rig.mortal.isFull = false;
    await send(scene, 'room again');
    await scene.rig.deliver();
    expect(textsOnServer(scene)).toEqual(['room again']);
  });

  it('leaves stored rows it does not understand where they are', async () => {
    const scene = await online(new Scene());
    const { rig } = scene;
    rig.cut();
    const id = await send(scene, 'good');
    {
      await using state = await rig.mortal.storage.state(rig.entryId);
      await state.commit([{ table: 'queue', key: 99, value: { id, command: { kind: 'from.the.future' } } }]);
    }
    await rig.die();
    expect(rig.problems).toEqual([{ where: 'state', entryId: rig.entryId, what: 'set_aside' }]);
    await rig.catchUp();
    await send(scene, 'after');
    await rig.deliver();
    expect(textsOnServer(scene)).toEqual(['good', 'after']);
    await using state = await rig.mortal.storage.state(rig.entryId);
    expect((await state.range('queue', {})).map(({ key }) => key)).toEqual([99]);
  });
});

describe('a row of the queue', () => {
  const message = 'm' as MessageId;
  const channel = 'c' as never;

  it('is parked or dropped by what the list of codes says, not by what the server claims', () => {
    const sent: Command = { kind: 'message.send', channel, text: 'x', replyTo: null };
    expect(afterRefusal(sent, { code: 'forbidden', message: '', retry: 'later' })).toBe('park');
    expect(afterRefusal(sent, { code: 'disk_full', message: '', retry: 'no' })).toBe('again');
    expect(afterRefusal(sent, { code: 'session_revoked', message: '', retry: 'no' })).toBe('whenSignedIn');
    expect(afterRefusal({ kind: 'marker.set', channel, n: 1 }, { code: 'not_found', message: '', retry: 'no' })).toBe(
      'drop',
    );
  });

  it('stands in the lane of its channel, and is replaced only by one of the same thing', () => {
    expect(laneOf({ kind: 'reaction.set', message, emoji: 'x', on: true }, channel)).toBe('c');
    expect(laneOf({ kind: 'reaction.set', message, emoji: 'x', on: true }, undefined)).toBe('m');
    expect(
      supersedes(
        { kind: 'reaction.set', message, emoji: 'x', on: false },
        { kind: 'reaction.set', message, emoji: 'x', on: true },
      ),
    ).toBe(true);
    expect(
      supersedes(
        { kind: 'reaction.set', message, emoji: 'y', on: false },
        { kind: 'reaction.set', message, emoji: 'x', on: true },
      ),
    ).toBe(false);
    expect(supersedes({ kind: 'marker.set', channel, n: 3 }, { kind: 'marker.set', channel, n: 5 })).toBe(false);
    expect(
      supersedes(
        { kind: 'message.send', channel, text: 'x', replyTo: null },
        { kind: 'message.send', channel, text: 'x', replyTo: null },
      ),
    ).toBe(false);
  });
});
