import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  mentionOf,
  SkerryError,
  type ChannelId,
  type Command,
  type CommandId,
  type MessageId,
  type Position,
} from '@skerry/protocol';
import type { Mirror } from '../harness/mirror.ts';
import { loadInto, loadJoined, PlainClient } from '../harness/plain-client.ts';
import { Mirror as NewMirror } from '../harness/mirror.ts';
import { call, newId, passwordOf, RawSocket, signUp } from '../harness/raw-client.ts';
import type { ContractSubject } from './server-contract.ts';

const RUNS = 3;
const STEPS = 60;

/** I3, I4, I6, I7: what a server tells adds up to what it says when it is asked anew, wherever a connection was cut. */
export function replayContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} tells the whole story`, () => {
    let subject: ContractSubject;
    let clients: PlainClient[];
    let sessions: Awaited<ReturnType<typeof signUp>>[];

    beforeAll(async () => {
      subject = await open();
      sessions = [await signUp(subject.origin, 'olga', subject.setupCode)];
      for (const who of ['mara', 'nils']) sessions.push(await signUp(subject.origin, who));
      clients = sessions.map((session) => new PlainClient(subject.origin, session));
      await Promise.all(clients.map((client) => client.whenLive()));
    });
    afterAll(async () => {
      for (const client of clients ?? []) await client[Symbol.asyncDispose]();
      await subject[Symbol.asyncDispose]();
    });

    // A session has one socket, so each further one needs a sign-in of its own.
    const again = () =>
      call(subject.origin, 'signIn', { body: { username: 'mara', password: passwordOf('mara'), device: 'again' } });

    it('gives every client a state that equals a fresh one, through random commands and cuts', async () => {
      const step = fc.record({
        actor: fc.nat(2),
        act: fc.nat(15),
        pick: fc.nat(1_000),
        cut: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, fc.nat(2)),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: STEPS, maxLength: STEPS }), async (steps) => {
          for (const { actor, act, pick, cut } of steps) {
            const client = clients[actor]!;
            const [command, id] = commandFor(clients, { actor: client, act, pick });
            if (cut >= 0) clients[cut]!.cut();
            await client.do(command, id).catch((error: unknown) => {
              if (!(error instanceof SkerryError)) throw error;
            });
          }
          await expectConverged(clients);
        }),
        { numRuns: RUNS, endOnFailure: true, verbose: 1 },
      );
    });

    it('I6 gives the same state for a cut at any place', async () => {
      const actor = clients[0]!;
      const watcher = await again();
      using socket = await RawSocket.live(subject.origin, watcher.accessToken);
      const mirror = new NewMirror();
      await loadInto(mirror, subject.origin, watcher.accessToken);
      const atMarks: { at: Position; known: Mirror }[] = [];
      let seq = 0;
      for (let i = 0; i < 48; i++) {
        const [command, id] = commandFor(clients, { actor, act: i % 16, pick: i * 7 });
        const result = await actor.do(command, id).catch(() => ({ seq: 0, n: 0 }));
        seq = Math.max(seq, result.seq);
      }
      // Something that surely concerns the watcher, so that its last mark covers everything before.
      const last = await actor.do({ kind: 'profile.update', displayName: `Olga ${Date.now()}` });
      await socket.find((frame) => frame.t === 'mark' && frame.seq >= Math.max(seq, last.seq));
      for (const frame of socket.frames) {
        if (frame.t === 'events') mirror.events(frame);
        if (frame.t !== 'mark') continue;
        mirror.mark(frame);
        atMarks.push({ at: { seq: frame.seq, tag: frame.tag }, known: mirror.copy() });
      }
      await loadJoined(mirror, subject.origin, watcher.accessToken);
      expect(mirror.violations).toEqual([]);
      const fresh = new NewMirror();
      await loadInto(fresh, subject.origin, watcher.accessToken);
      expect(mirror.digest()).toEqual(fresh.digest());
      expect(atMarks.length).toBeGreaterThan(8);
      for (const { at, known } of atMarks) {
        using resumed = await RawSocket.live(subject.origin, (await again()).accessToken, at);
        expect((await resumed.next('welcome')).resumed).toBe(true);
        await resumed.find((frame) => frame.t === 'mark');
        for (const frame of resumed.frames) {
          if (frame.t === 'events') known.events(frame);
          if (frame.t === 'mark') known.mark(frame);
        }
        await loadJoined(known, subject.origin, watcher.accessToken);
        expect(known.violations).toEqual([]);
        expect(known.digest()).toEqual(fresh.digest());
      }
    });
  });
}

/** Waits until nobody has anything outstanding, then compares each with somebody who comes new. */
async function expectConverged(clients: readonly PlainClient[]): Promise<void> {
  await expect.poll(() => clients.reduce((sum, client) => sum + client.unanswered, 0), { timeout: 20_000 }).toBe(0);
  for (const client of clients) {
    await client.whenLive();
    await expect
      .poll(async () => client.mirror.digest(), { timeout: 10_000, interval: 50 })
      .toEqual((await client.fresh()).digest());
    expect(client.mirror.violations).toEqual([]);
  }
}

type Pick = { actor: PlainClient; act: number; pick: number };

/** Some command of each kind over what there is; refusals are part of the game. */
function commandFor(clients: readonly PlainClient[], { actor, act, pick }: Pick): [Command, CommandId] {
  const id = newId();
  const joined = actor.mirror.channelsJoined();
  const channel = joined[pick % joined.length] ?? newId<ChannelId>();
  const messages = actor.mirror.messagesOf(channel);
  const message = messages[pick % Math.max(1, messages.length)]?.id ?? newId<MessageId>();
  const account = clients[pick % clients.length]!.account;
  const text = `text ${pick}`;
  switch (act) {
    case 0:
      return [{ kind: 'message.edit', message, text: `${text} edited ${mentionOf(account)}` }, id];
    case 1:
      return [{ kind: 'message.delete', message }, id];
    case 2:
      return [{ kind: 'reaction.set', message, emoji: pick % 2 === 0 ? '👍' : '🎉', on: pick % 3 !== 0 }, id];
    case 3:
      return [{ kind: 'marker.set', channel, n: pick }, id];
    case 4:
      return [{ kind: 'inbox.set', message, state: pick % 2 === 0 ? 'later' : 'done' }, id];
    case 5:
      return [
        {
          kind: 'channel.create',
          name: `channel ${pick}`,
          topic: '',
          visibility: pick % 2 === 0 ? 'private' : 'public',
          history: pick % 3 === 0 ? 'joined' : 'all',
        },
        id,
      ];
    case 6:
      return [{ kind: 'channel.update', channel, name: `renamed ${pick}`, topic: text }, id];
    case 7:
      return [{ kind: 'channel.archive', channel, archived: pick % 4 === 0 }, id];
    case 8:
      return [{ kind: 'channel.add', channel, account }, id];
    case 9:
      return [{ kind: 'channel.remove', channel, account }, id];
    case 10:
      return [{ kind: 'channel.leave', channel }, id];
    case 11:
      return [{ kind: 'channel.join', channel: clients[0]!.mirror.channelsJoined()[pick % 3] ?? channel }, id];
    case 12:
      return [{ kind: 'profile.update', displayName: `Name ${pick}` }, id];
    case 13:
      return [{ kind: 'message.send', channel, text: `${text} ${mentionOf(account)}`, replyTo: null }, id];
    case 14:
      return [{ kind: 'message.send', channel, text, replyTo: message }, id];
    default:
      return [{ kind: 'message.send', channel, text, replyTo: null }, id];
  }
}
