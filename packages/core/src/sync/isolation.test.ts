import type { CommandId, MessageId } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
import { ModelServer } from '../testing/model-server.ts';
import { Scene } from '../testing/scene.ts';
import { ENTRY_A, ENTRY_B } from '../testing/sync-rig.ts';
import { digestOfSnapshot } from './snapshot.ts';

/** Two servers that gave everything the same ids, on one device. */
async function twins(): Promise<{ a: Scene; b: Scene; disk: MemoryDisk }> {
  const disk = new MemoryDisk();
  const a = new Scene({ server: new ModelServer(), disk, entryId: ENTRY_A });
  const b = new Scene({ server: new ModelServer(), disk, entryId: ENTRY_B });
  expect([a.anna, a.ben, a.channel]).toEqual([b.anna, b.ben, b.channel]);
  await a.rig.catchUp();
  await b.rig.catchUp();
  return { a, b, disk };
}

const dumpOf = (disk: MemoryDisk, entry: string): unknown =>
  ['state', 'cache'].map((kind) => disk.databases.get(`skerry-${entry}-${kind}`)?.dump());

describe('two servers with identical ids (T33)', () => {
  it('stay apart in memory and in storage, whatever happens on one of them', async () => {
    const act = fc.record({
      kind: fc.constantFrom('say', 'edit', 'delete', 'send', 'draft', 'read', 'inbox', 'cut', 'catchUp'),
      n: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
        const { a, b, disk } = await twins();
        const bBefore = JSON.stringify(dumpOf(disk, ENTRY_B));
        const shownBefore = [
          b.rig.entry.channels.get(),
          b.rig.entry.inbox.get().rows,
          b.rig.entry.counts.get(),
          b.rig.entry.draft(b.channel).get(),
        ];
        let last = 'none' as MessageId;
        for (const { kind, n } of acts) {
          const { entry } = a.rig;
          if (kind === 'say') last = a.say(a.ben, n % 2 === 0 ? `<@${a.anna}> ${n}` : `text ${n}`);
          else if (kind === 'edit') await entry.edit(last, `edit ${n}`);
          else if (kind === 'delete') await entry.delete(last);
          else if (kind === 'send') await entry.send({ channel: a.channel, text: `send ${n}`, replyTo: null });
          else if (kind === 'draft') entry.setDraft(a.channel, `draft ${n}`);
          else if (kind === 'read') entry.timeline(a.channel).markRead(n);
          else if (kind === 'inbox') await entry.setInbox(last, 'done');
          else if (kind === 'cut') a.rig.cut();
          else await a.rig.catchUp();
          await a.rig.clock.advance(500);
        }
        await a.rig.catchUp();
        expect(await a.rig.stored()).toBe(digestOfSnapshot(a.server.snapshot(a.anna)));
        expect(await b.rig.stored()).toBe(digestOfSnapshot(b.server.snapshot(b.anna)));
        expect(JSON.stringify(dumpOf(disk, ENTRY_B))).toBe(bBefore);
        expect([
          b.rig.entry.channels.get(),
          b.rig.entry.inbox.get().rows,
          b.rig.entry.counts.get(),
          b.rig.entry.draft(b.channel).get(),
        ]).toEqual(shownBefore);
        expect(b.rig.sent).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('leaves one byte-equal when the other is removed', async () => {
    const { a, b, disk } = await twins();
    for (const scene of [a, b]) {
      scene.rig.cut();
      await scene.rig.entry.send({ channel: scene.channel, text: 'waits', replyTo: null });
      scene.rig.entry.setDraft(scene.channel, 'a draft');
      await scene.rig.clock.advance(500);
    }
    const before = JSON.stringify(dumpOf(disk, ENTRY_B));
    expect(before).toContain('waits');
    await a.rig.entry[Symbol.asyncDispose]();
    await createMemoryStorage(disk).destroy(ENTRY_A);
    expect(dumpOf(disk, ENTRY_A)).toEqual([undefined, undefined]);
    expect(JSON.stringify(dumpOf(disk, ENTRY_B))).toBe(before);
    await b.rig.die();
    await b.rig.catchUp();
    expect((await b.texts()).at(-1)).toBe('waits');
    expect(a.server.messages(a.channel)).toEqual([]);
  });

  it('answer only for their own commands', async () => {
    const { a, b } = await twins();
    const id = (await a.rig.entry.send({ channel: a.channel, text: 'to a', replyTo: null })) as string as CommandId;
    a.rig.wire = [];
    b.rig.entry.sync.answered(id, { ok: true, result: { seq: 1, n: 1 } });
    expect(a.rig.entry.counts.get()).toMatchObject({ waiting: 1 });
    expect(b.server.messages(b.channel)).toEqual([]);
  });
});
