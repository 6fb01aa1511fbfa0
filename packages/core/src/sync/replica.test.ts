import { describe, expect, it } from 'vitest';
import { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
import { StoreBroken } from '../stores/stores.ts';
import { settle } from '../testing/manual-clock.ts';
import { Scene } from '../testing/scene.ts';
import { ENTRY_A } from '../testing/sync-rig.ts';
import type { StorageProblem } from '../views.ts';
import { createEntrySync } from './create-entry-sync.ts';
import { digestOfSnapshot } from './snapshot.ts';

const wanted = (scene: Scene): string => digestOfSnapshot(scene.server.snapshot(scene.anna));

describe('the stored copy of a server', () => {
  it('is emptied and loaded anew when it cannot be understood; what is to be sent stays', async () => {
    for (const spoil of [
      { table: 'meta', key: 'entry', value: 'nonsense' },
      { table: 'meta', key: 'entry', value: { format: 99 } },
      { table: 'channels', key: 'x', value: { channel: null } },
      { table: 'accounts', key: 'x', value: [{ id: 7 }] },
    ]) {
      const scene = new Scene({ before: 3 });
      const { rig } = scene;
      await rig.catchUp();
      rig.cut();
      await rig.entry.send({ channel: scene.channel, text: 'still to be sent', replyTo: null });
      {
        await using cache = await rig.mortal.storage.cache(rig.entryId);
        await cache.commit([spoil]);
      }
      await rig.die();
      expect(rig.problems).toEqual([{ where: 'cache', entryId: rig.entryId, what: 'rebuilt' }]);
      expect(rig.entry.counts.get()).toMatchObject({ known: false, waiting: 1 });
      await rig.catchUp();
      expect(await rig.stored()).toBe(wanted(scene));
      expect((await scene.texts()).at(-1)).toBe('still to be sent');
    }
  });

  it('is written anew from memory when a write fails, and the cursor stays right (I5)', async () => {
    const scene = new Scene({ before: 60 });
    const { rig } = scene;
    await rig.catchUp();
    const timeline = rig.entry.timeline(scene.channel);
    await settle();
    rig.mortal.isFull = true;
    scene.say(scene.ben, 'while full');
    await rig.deliver();
    rig.mortal.isFull = false;
    expect(rig.problems).toEqual([{ where: 'cache', entryId: rig.entryId, what: 'full' }]);
    // The device's database takes nothing more, so the session goes on in memory.
    expect(timeline.view.get().messages.at(-1)?.message.text).toBe('while full');
    scene.say(scene.ben, 'after');
    await rig.deliver();
    await timeline.loadOlder();
    expect(timeline.view.get().messages.map(({ message }) => message)).toEqual(scene.server.messages(scene.channel));
    await rig.die();
    await rig.catchUp();
    expect(await rig.stored()).toBe(wanted(scene));
    expect(await scene.texts()).toContain('after');
  });

  it('does without a database that cannot be opened or fails later', async () => {
    const scene = new Scene({ before: 3 });
    const { rig } = scene;
    rig.mortal.isBroken = true;
    await rig.catchUp();
    expect(new Set(rig.problems.map(({ where, what }) => `${where} ${what}`))).toEqual(
      new Set(['cache rebuilt', 'state set_aside']),
    );
    expect(await scene.texts()).toEqual(['before 1', 'before 2', 'before 3']);
    await rig.entry.send({ channel: scene.channel, text: 'from memory', replyTo: null });
    await rig.deliver();
    expect((await scene.texts()).at(-1)).toBe('from memory');

    const later = new Scene({ before: 60 });
    await later.rig.catchUp();
    await later.texts();
    later.rig.mortal.isBroken = true;
    later.say(later.ben, 'after it broke');
    await later.rig.deliver();
    expect((await later.texts()).at(-1)).toBe('after it broke');
    expect(later.rig.problems.map(({ where }) => where)).toContain('cache');
  });

  it('opens a second time what its adapter had to set aside', async () => {
    const disk = new MemoryDisk();
    const whole = createMemoryStorage(disk);
    const opened: string[] = [];
    const problems: StorageProblem[] = [];
    const onceBroken =
      <T>(name: string, open: () => Promise<T>) =>
      (): Promise<T> => {
        opened.push(name);
        return opened.filter((one) => one === name).length === 1 ? Promise.reject(new StoreBroken('damaged')) : open();
      };
    const scene = new Scene();
    const unused = (): Promise<never> => Promise.reject(new Error('not asked'));
    await using entry = createEntrySync({
      entryId: ENTRY_A,
      api: { snapshot: unused, messages: unused, message: unused, members: unused },
      openState: onceBroken('state', () => whole.state(ENTRY_A)),
      openCache: onceBroken('cache', () => whole.cache(ENTRY_A)),
      clock: scene.rig.clock,
      random: { bytes: (length) => new Uint8Array(length), fraction: () => 0 },
      isFocused: () => false,
      onProblem: (problem) => problems.push(problem),
    });
    entry.setDraft(scene.channel, 'kept');
    await entry.ready;
    await scene.rig.clock.advance(1_000);
    expect(opened.sort()).toEqual(['cache', 'cache', 'state', 'state']);
    expect(problems.map(({ where, what }) => [where, what]).sort()).toEqual([['cache', 'rebuilt'], ['state', 'set_aside']]); // prettier-ignore
    await using state = await whole.state(ENTRY_A);
    expect((await state.get('drafts', scene.channel))?.value).toMatchObject({ text: 'kept' });
  });

  it('writes many accounts in few rows, and only those that changed', async () => {
    const scene = new Scene();
    for (let i = 0; i < 1_000; i++) scene.server.account(`user${i}`);
    const { rig } = scene;
    await rig.catchUp();
    await using stored = await rig.mortal.storage.cache(rig.entryId);
    expect(await stored.count('accounts')).toBeLessThanOrEqual(256);
    expect(rig.entry.accounts.get().size).toBe(1_002);
    scene.do(scene.ben, { kind: 'profile.update', displayName: 'Benjamin' });
    await rig.deliver();
    const rows = await stored.range('accounts', {});
    expect(rows.filter(({ version }) => version > 1)).toHaveLength(1);
    expect(rig.entry.accounts.get().get(scene.ben)?.displayName).toBe('Benjamin');
  });
});
