import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerHandle } from '@skerry/core';
import { mentionOf, type AccountId, type ChannelId, type MessageId, type ServerId } from '@skerry/protocol';
import { runCommand } from '../harness/lying/commands.ts';
import { makeIdentity } from '../harness/lying/identity.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { general, Member, sendAndSee, shows } from '../harness/member.ts';
import { newId, passwordOf, signUp } from '../harness/raw-client.ts';
import { eventually, until } from '../harness/watch.ts';

const RUNS = 6;

type Twin = { server: LyingServer; owner: AccountId; word: string };

/** T33: two servers that use the same ids for everything. Only what a client itself calls them tells them apart. */
describe('Two servers with identical ids, names and tokens', () => {
  it('are refused as one when the second takes the id of the first and has another key', async () => {
    await using one = await LyingServer.start({ seed: 'twin', name: 'Twin' });
    await using copy = await LyingServer.start({
      seed: 'twin',
      name: 'Twin',
      identity: makeIdentity(one.identity.serverId),
    });
    for (const server of [one, copy]) await signUp(server.origin, 'owner', server.world.setupCode);
    await using anna = await Member.start({ speed: 20 });
    const handle = await anna.join(one.origin, 'anna');
    const stored = JSON.stringify([...anna.disk.secrets]);
    await expect(anna.join(copy.origin, 'anna')).rejects.toThrow();
    expect(copy.wasTold(passwordOf('anna'))).toBe(false);
    expect(JSON.stringify([...anna.disk.secrets])).toBe(stored);
    expect(anna.client.servers.get().map((view) => view.entry.addresses.map(({ origin }) => origin))).toEqual([
      [one.origin],
    ]);
    await sendAndSee(handle, await general(handle), 'undisturbed');
  });

  it('S1.27, S2.17: stay apart in all that is shown and stored, and removing one leaves the other byte-equal', async () => {
    const act = fc.record({ twin: fc.nat(1), what: fc.constantFrom('post', 'mention', 'read', 'draft', 'send') });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 6, maxLength: 14 }), async (acts) => {
        const [one, two] = await startTwins();
        await using _one = one;
        await using _two = two;
        const twins: Twin[] = [];
        for (const [i, server] of [one, two].entries())
          twins.push({
            server,
            owner: (await signUp(server.origin, 'owner', server.world.setupCode)).account.id,
            word: `only${i}`,
          });
        await using anna = await Member.start({ speed: 20 });
        const handles = [await anna.join(one.origin, 'anna'), await anna.join(two.origin, 'anna')] as const;
        expect(handles[0].me.get()?.id).toBe(handles[1].me.get()?.id);
        const channel = await general(handles[0]);
        expect(await general(handles[1])).toBe(channel);

        const expected = [0, 1].map(() => ({ texts: [] as string[], mentions: 0, unread: 0, draft: '' }));
        for (const [i, { twin, what }] of acts.entries()) {
          const { server, owner, word } = twins[twin]!;
          const wanted = expected[twin]!;
          const handle = handles[twin]!;
          // The same id on both servers for what has the same number.
          const id = `0190b${String(i).padStart(3, '0')}-0000-7000-8000-000000000000` as MessageId;
          if (what === 'post' || what === 'mention') {
            const text = `${word} ${i}${what === 'mention' ? ` ${mentionOf(handle.me.get()!.id)}` : ''}`;
            runCommand(server.world, owner, {
              id: id as never,
              command: { kind: 'message.send', channel, text, replyTo: null },
            });
            wanted.texts.push(text);
            wanted.unread += 1;
            wanted.mentions += what === 'mention' ? 1 : 0;
          } else if (what === 'read') {
            await settled(handle, channel, wanted);
            await handle.markAllRead();
            wanted.unread = 0;
            wanted.mentions = 0;
          } else if (what === 'draft') {
            wanted.draft = `${word} draft ${i}`;
            handle.setDraft(channel, wanted.draft);
          } else {
            const text = `${word} sent ${i}`;
            await handle.send({ channel, text, replyTo: null });
            await eventually('it was sent', () =>
              server.world.messagesOf(channel).some((message) => message.text === text),
            );
            wanted.texts.push(text);
          }
        }
        for (const twin of [0, 1] as const) {
          await settled(handles[twin], channel, expected[twin]!);
          expect(await shows(handles[twin], channel, (texts) => texts.length === expected[twin]!.texts.length)).toEqual(
            expected[twin]!.texts,
          );
          expect(handles[twin].draft(channel).get()).toBe(expected[twin]!.draft);
          const rows = anna.client.inbox.get().rows.filter((row) => row.entryId === handles[twin].id);
          for (const row of rows) expect(row.item.message.text).toContain(twins[twin]!.word);
        }

        // What is stored of each holds nothing of the other.
        const restarted = await anna.restart();
        await restarted[Symbol.asyncDispose]();
        for (const twin of [0, 1] as const) {
          const dump = dumpOf(anna, handles[twin].id);
          for (const text of expected[twin]!.texts) expect(dump).toContain(text);
          expect(dump).not.toContain(twins[1 - twin]!.word);
        }
        await using last = await Member.start({ speed: 20, disk: anna.disk });
        await one.stop();
        await two.stop();
        await eventually('nothing is connected', () => last.client.fleet.get().connected === 0);
        await new Promise((resolve) => setTimeout(resolve, 100));
        const before = dumpOf(last, handles[1].id);
        await last.handle(handles[0].id).remove({ signOutThere: false });
        expect(dumpOf(last, handles[1].id)).toBe(before);
        expect(dumpOf(last, handles[0].id)).toBe('[]');
      }),
      { numRuns: RUNS, verbose: 1, endOnFailure: true },
    );
  });
});

/** Equal in every id, token and tag, but each its own server: an id alone would make them one (see below). */
async function startTwins(): Promise<[LyingServer, LyingServer]> {
  const start = (): Promise<LyingServer> =>
    LyingServer.start({ seed: 'twin', name: 'Twin', identity: makeIdentity(newId<ServerId>()) });
  return [await start(), await start()];
}

async function settled(handle: ServerHandle, channel: ChannelId, wanted: { unread: number }): Promise<void> {
  await until(handle.channels, (all) => all.find((one) => one.channel.id === channel)?.unread === wanted.unread);
}

/** Every database and secret of one entry, as text. */
function dumpOf({ disk }: Member, entry: string): string {
  const databases = [...disk.databases].flatMap(([name, database]) =>
    name.includes(entry) ? [[name, database.dump()] as const] : [],
  );
  const secrets = [...disk.secrets].filter(([name]) => name.includes(entry));
  return JSON.stringify([...databases, ...secrets].sort(([one], [two]) => (one < two ? -1 : 1)));
}
