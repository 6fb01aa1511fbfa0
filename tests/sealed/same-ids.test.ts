import type { ServerHandle } from '@skerry/core';
import { deriveAccountKeys } from '@skerry/crypto';
import { readPhrase } from '@skerry/crypto/phrase';
import { type ChannelId, fromBase64Url, type MessageId } from '@skerry/protocol';
import { parts } from '@skerry/server';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { general, sendAndSee } from '../harness/member.ts';
import type { RealServer } from '../harness/real-server.ts';
import { until } from '../harness/watch.ts';
import { filesIn, foundIn } from './forms.ts';
import { canReach, idOf, Keyed, lines, messages, ready, say, texts } from './keyed-member.ts';
import { idOfPerson, PASSWORD, SameIds, startTwin } from './same-ids.ts';

/** Said on the one server, and on the other. */
const WORDS = ['CanaryOfCastor4811', 'CanaryOfPollux4812'] as const;
const OPEN = ['CanaryInTheOpenOfCastor', 'CanaryInTheOpenOfPollux'] as const;
const SERVERS = [0, 1] as const;
type Which = (typeof SERVERS)[number];

/** One device of a person, with its account on each server. */
class OnBoth {
  readonly keyed: Keyed;
  readonly ids: SameIds;
  readonly on: readonly [ServerHandle, ServerHandle];

  constructor(keyed: Keyed, parts: { ids: SameIds; on: readonly [ServerHandle, ServerHandle] }) {
    this.keyed = keyed;
    this.ids = parts.ids;
    this.on = parts.on;
  }

  /** Takes a step on each server in turn, with the same ids. @returns what came of it on each */
  async both<T>(step: string, work: (handle: ServerHandle, which: Which) => Promise<T>): Promise<readonly [T, T]> {
    const one = await this.ids.during(step, () => work(this.on[0], 0));
    return [one, await this.ids.during(step, () => work(this.on[1], 1))];
  }
}

type Sent = { readonly kind: string; readonly body: string | null; readonly envelopes: readonly unknown[] };

/** T33: the same people, names, and ids of accounts, devices, channels and messages on two real servers. */
describe('Encrypted conversations on two servers with identical ids', () => {
  let folder: string;
  let servers: readonly RealServer[] = [];
  let anna: OnBoth;
  let annaToo: OnBoth;
  let ben: OnBoth;
  let benToo: OnBoth;
  let cleo: OnBoth;
  let direct: ChannelId;
  let group: ChannelId;
  const everybody = (): readonly OnBoth[] => [anna, annaToo, ben, benToo, cleo];

  const past = vi.fn(() => {
    throw new Error('asked past the parts of a context');
  });

  beforeAll(async () => {
    for (const name of ['fetch', 'WebSocket']) vi.stubGlobal(name, past);
    folder = await mkdtemp(path.join(tmpdir(), 'skerry-test-'));
    servers = await Promise.all(SERVERS.map(() => startTwin()));
    const origin = (which: Which): string => servers[which]!.origin;

    const first = async (name: string, where?: string): Promise<OnBoth> => {
      const ids = new SameIds(`${name}/1`);
      const keyed = await Keyed.create({ platform: ids.around, ...(where === undefined ? {} : { folder: where }) });
      const credentials = { kind: 'signIn', username: name, password: PASSWORD, withKey: true } as const;
      const join = async (which: Which): Promise<ServerHandle> => {
        const handle = await keyed.member.join(origin(which), name, { credentials });
        await ready(handle);
        return handle;
      };
      return new OnBoth(keyed, { ids, on: [await join(0), await join(1)] });
    };
    const second = async (name: string, of: OnBoth): Promise<OnBoth> => {
      const ids = new SameIds(`${name}/2`);
      const keyed = await of.keyed.another({ platform: ids.around });
      return new OnBoth(keyed, { ids, on: [await keyed.signIn(origin(0), name), await keyed.signIn(origin(1), name)] });
    };
    [anna, ben, cleo] = await Promise.all([first('anna', path.join(folder, 'anna')), first('ben'), first('cleo')]);
    [annaToo, benToo] = await Promise.all([second('anna', anna), second('ben', ben)]);
  });
  afterAll(async () => {
    vi.unstubAllGlobals();
    for (const one of everybody()) await one?.keyed[Symbol.asyncDispose]();
    for (const server of servers) await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Everyone's list is known where it is needed. */
  const listed = async (): Promise<void> => {
    for (const which of SERVERS) {
      await canReach(anna.on[which], idOfPerson('ben'), 2);
      await canReach(anna.on[which], idOfPerson('cleo'));
      await canReach(ben.on[which], idOfPerson('anna'), 2);
    }
  };
  /** Says it on both servers, in the words of each. */
  const tell = async (from: OnBoth, channel: ChannelId, what: string): Promise<MessageId> => {
    const [one, other] = await from.both(what, (handle, which) => say(handle, channel, `${WORDS[which]} ${what}`));
    expect(one).toBe(other);
    return one;
  };
  const inWordsOf = (which: Which, all: readonly string[]): string[] => all.map((what) => `${WORDS[which]} ${what}`);
  const shown = async (by: readonly OnBoth[], channel: ChannelId, all: readonly string[]): Promise<void> => {
    for (const one of by) for (const which of SERVERS) await texts(one.on[which], channel, inWordsOf(which, all));
  };

  it('S4.30, S4.32, S4.33: show on each server what was said there, to two devices of each person', async () => {
    await listed();
    for (const one of everybody()) expect(idOf(one.on[0])).toBe(idOf(one.on[1]));
    for (const [one, device] of [
      [anna, 1],
      [annaToo, 2],
      [ben, 1],
      [benToo, 2],
    ] as const)
      // prettier-ignore
      for (const handle of one.on) expect(handle.keys.state.get()).toEqual({ kind: 'ready', device });
    const directs = await anna.both('direct', (handle) => handle.sealed.startDirect(idOfPerson('ben')));
    const members = [idOfPerson('ben'), idOfPerson('cleo')];
    const groups = await anna.both('group', (handle) => handle.sealed.createGroup({ name: 'Crew', members }));
    expect(new Set(directs).size).toBe(1);
    expect(new Set(groups).size).toBe(1);
    [direct] = directs;
    [group] = groups;

    const first = await tell(anna, direct, 'from anna');
    await shown([ben, benToo, annaToo], direct, ['from anna']);
    await tell(benToo, direct, 'from ben');
    await shown([anna, annaToo, ben, benToo], direct, ['from anna', 'from ben']);
    await tell(anna, group, 'to the crew');
    await shown(everybody(), group, ['to the crew']);
    await tell(cleo, group, 'from cleo');
    await shown(everybody(), group, ['to the crew', 'from cleo']);

    // What is done to the one is not done to the other, although it has the same id in the same channel.
    await anna.on[0].edit(first, `${WORDS[0]} edited`);
    await ben.on[1].react(first, '👍', true);
    await messages(benToo.on[0], direct, ([one]) => one?.message.text === `${WORDS[0]} edited`);
    await messages(annaToo.on[1], direct, ([one]) => one?.message.reactions.length === 1);
    const [[onCastor], [onPollux]] = await Promise.all([
      messages(annaToo.on[0], direct, (all) => all.length === 2),
      messages(benToo.on[1], direct, (all) => all.length === 2),
    ]);
    expect(onCastor?.message).toMatchObject({ id: first, text: `${WORDS[0]} edited`, reactions: [] });
    expect(onPollux?.message).toMatchObject({ id: first, text: `${WORDS[1]} from anna`, editedAt: null });
  });

  it('S4.11, S4.12, S4.14, S4.15, S4.16, S4.17, S4.27, S4.28, S4.34: each have a socket of their own, which neither the other one nor switching moves', async () => {
    const { client, wire } = anna.keyed.member;
    const [castor, pollux] = servers.map(({ origin }) => origin);
    const dials = (): number[] =>
      [castor, pollux].map(
        (origin) =>
          wire.lines.filter(({ way, url }) => way === 'dial' && url.startsWith(origin!.replace(/^http/, 'ws'))).length,
      );
    const before = dials();
    expect(before).toEqual([1, 1]);
    wire.cut(castor);
    await say(anna.on[1], direct, `${WORDS[1]} meanwhile`);
    await messages(ben.on[1], direct, (all) => all.at(-1)?.message.text === `${WORDS[1]} meanwhile`);
    await anna.keyed.member.whenLive(anna.on[0]);
    for (const { id } of [...anna.on, ...anna.on]) {
      client.focus(id);
      expect(client.focused.get()).toBe(id);
      for (const handle of anna.on) expect(handle.state.get().kind).toBe('live');
    }
    const sent = SERVERS.map((which) => sentBy(anna, which, direct).length);
    await say(anna.on[0], direct, `${WORDS[0]} meanwhile`);
    await messages(ben.on[0], direct, (all) => all.at(-1)?.message.text === `${WORDS[0]} meanwhile`);
    expect(SERVERS.map((which) => sentBy(anna, which, direct).length)).toEqual([sent[0]! + 1, sent[1]]);
    expect(dials()).toEqual([before[0]! + 1, before[1]]);
    // Nothing goes past the parts that a context was made of.
    expect(past).not.toHaveBeenCalled();
  });

  it('E-9: begin new sender keys on the server where a member left, and on no other', async () => {
    await tell(anna, group, 'before');
    await cleo.on[0].sealed.leaveGroup(group);
    for (const one of [anna, annaToo, ben, benToo])
      await until(one.on[0].sealed.conversation(group), (view) => view?.members.length === 2);
    await tell(anna, group, 'after');
    for (const one of [annaToo, ben, benToo])
      await shown([one], group, ['to the crew', 'from cleo', 'before', 'after']);
    // The last two that anna sent: of which chain, and how many devices were brought that chain with it.
    const [castor, pollux] = SERVERS.map((which) =>
      sentBy(anna, which, group)
        .slice(-2)
        .map(({ body, envelopes }) => ({ chain: chainOf(body ?? ''), brought: envelopes.length })),
    );
    expect(castor!.map(({ brought }) => brought)).toEqual([0, 3]);
    expect(castor![1]!.chain).not.toBe(castor![0]!.chain);
    expect(pollux!.map(({ brought }) => brought)).toEqual([0, 0]);
    expect(pollux![1]!.chain).toBe(pollux![0]!.chain);
    // Whoever left reads on where they are still in.
    await messages(cleo.on[1], group, (all) => all.at(-1)?.message.text === `${WORDS[1]} after`);
    await until(cleo.on[0].channels, (all) => all.every(({ channel }) => channel.id !== group));
    expect(received(cleo, 0)).not.toContain(sentBy(anna, 0, group).at(-1)?.body);
    expect(received(cleo, 1)).toContain(sentBy(anna, 1, group).at(-1)?.body);
  });

  it('I12: send a revoked device nothing from two seconds on, where it was revoked', async () => {
    await anna.on[0].keys.reload();
    await anna.on[0].keys.revoke(2);
    await until(annaToo.on[0].state, ({ kind }) => kind === 'signedOut', 2_000);
    const heard = annaToo.keyed.member.wire.lines.length;
    await canReach(ben.on[0], idOfPerson('anna'), 3);
    await tell(ben, direct, 'to one device');
    await tell(ben, group, 'to the rest');
    await messages(anna.on[0], direct, (all) => all.at(-1)?.message.text === `${WORDS[0]} to one device`);
    for (const which of SERVERS)
      await messages(anna.on[which], group, (all) => all.at(-1)?.message.text === `${WORDS[which]} to the rest`);
    await messages(annaToo.on[1], direct, (all) => all.at(-1)?.message.text === `${WORDS[1]} to one device`);
    const since = annaToo.keyed.member.wire.lines.slice(heard);
    const hosts = servers.map(({ origin }) => new URL(origin).host);
    const down = (host: string): number =>
      since.filter(({ way, url }) => way === 'down' && new URL(url).host === host).length;
    expect(down(hosts[0]!)).toBe(0);
    expect(down(hosts[1]!)).toBeGreaterThan(0);
    const waiting = await Promise.all(servers.map(waitingFor));
    expect(waiting[0]).not.toContain(`${idOfPerson('anna')} 2`);
    expect(annaToo.on[1].keys.state.get()).toEqual({ kind: 'ready', device: 2 });
  });

  it('E-4: warn of a changed identity on the server where it changed, and on no other', async () => {
    const numbers = (): Promise<(readonly string[] | undefined)[]> =>
      Promise.all(anna.on.map(async (handle) => (await handle.sealed.safetyNumber(idOfPerson('ben')))?.digits));
    const before = await numbers();
    expect(before[0]).not.toEqual(before[1]);
    await ben.on[0].keys.reload();
    await ben.on[0].keys.revokeAsStolen(2);
    await canReach(anna.on[0], idOfPerson('ben'), 3);
    await tell(anna, direct, 'to another key');
    for (const which of SERVERS)
      await messages(ben.on[which], direct, (all) => all.at(-1)?.message.text === `${WORDS[which]} to another key`);
    expect(await lines(anna.on[0], direct, (kinds) => kinds.includes('keysChanged'))).toContain('keysChanged');
    expect(await lines(anna.on[1], direct, () => true)).not.toContain('keysChanged');
    const after = await numbers();
    expect(after[0]).not.toEqual(before[0]);
    expect(after[1]).toEqual(before[1]);
    await messages(benToo.on[1], direct, (all) => all.at(-1)?.message.text === `${WORDS[1]} to another key`);
  });

  it('S4.8, S4.31, T33: have nothing of one another in the files of a device', async () => {
    for (const which of SERVERS) await sendAndSee(anna.on[which], await general(anna.on[which]), OPEN[which]);
    const keys = await Promise.all(SERVERS.map((which) => keysOn(servers[which]!, [anna, ben, cleo])));
    const entries = anna.on.map(({ id }) => id);
    await anna.keyed[Symbol.asyncDispose]();
    const files = await filesIn(folder);
    const named = (which: Which): readonly string[] => files.filter((file) => file.includes(entries[which]!));
    const read = (all: readonly string[]): Promise<Buffer> =>
      Promise.all(all.map((one) => readFile(one))).then(Buffer.concat);
    const [castor, pollux] = await Promise.all(SERVERS.map((which) => read(named(which))));
    const rest = await read(files.filter((file) => entries.every((entry) => !file.includes(entry))));
    for (const [which, own, other] of [
      [0, castor!, pollux!],
      [1, pollux!, castor!],
    ] as const) {
      // prettier-ignore
      // The control: what is said in the open, and where, is found in its own files, and in no other.
      expect(foundIn(own, [OPEN[which], group]), 'control').toEqual([OPEN[which], group]);
      expect(foundIn(other, [OPEN[which], WORDS[which], ...keys[which]!])).toEqual([]);
      expect(foundIn(own, [WORDS[which]]), 'sealed').toEqual([]);
      expect(foundIn(rest, [OPEN[which], WORDS[which], ...keys[which]!])).toEqual([]);
    }
    // Every secret that this device ever drew, of whichever server.
    expect(anna.ids.secrets.length).toBeGreaterThan(200);
    const all = Buffer.concat([castor!, pollux!, rest]);
    expect(anna.ids.secrets.filter((one) => all.includes(Buffer.from(one)))).toEqual([]);
  });

  /** Messages of a channel as they left a device for a server. */
  function sentBy({ keyed }: OnBoth, which: Which, channel: ChannelId): Sent[] {
    return keyed.member.wire
      .sentTo(servers[which]!.origin)
      .map(({ command }) => command as (Sent & { channel: ChannelId }) | undefined)
      .filter((command) => command?.kind === 'sealed.send' && command.channel === channel) as Sent[];
  }

  /** All that came to a device from a server. */
  function received({ keyed }: OnBoth, which: Which): string {
    const { host } = new URL(servers[which]!.origin);
    return keyed.member.wire.lines
      .flatMap((line) => (line.way === 'down' && new URL(line.url).host === host ? [line.frame] : []))
      .join('\n');
  }
});

/** Which chain of its sender a group's message belongs to: version, distribution id, then this number. */
function chainOf(body: string): number {
  const bytes = Buffer.from(fromBase64Url(body) ?? []);
  expect([bytes[0], bytes[1], bytes[2], bytes[19]]).toEqual([0x33, 0x0a, 16, 0x10]);
  let chain = 0;
  for (let at = 20, shift = 1; ; at += 1, shift *= 128) {
    chain += (bytes[at]! & 127) * shift;
    if (bytes[at]! < 128) return chain;
  }
}

/** For which devices something waits. */
async function waitingFor({ data }: RealServer): Promise<readonly string[]> {
  const driver = await parts.openDriver(path.join(data, 'skerry.db'), 'read');
  const rows = driver.prepare('SELECT DISTINCT account_id, device FROM queue').all([]);
  driver.close();
  return rows.map(([account, device]) => `${String(account)} ${String(device)}`);
}

/** Every key of these people on a server: of their accounts, both halves, and what the server knows of their devices. */
async function keysOn(server: RealServer, people: readonly OnBoth[]): Promise<readonly Uint8Array[]> {
  const derived = await Promise.all(
    people.map(async ({ keyed }) => {
      const read = readPhrase((await keyed.member.client.person.words()).join(' '));
      if (!read.ok) throw new Error('the words are not right');
      return [0, 1].flatMap((index) => {
        const { sign, box, vault, backup } = deriveAccountKeys(read.master, { serverId: server.serverId, index });
        return [sign.publicKey, sign.secret, box.publicKey, box.secret, vault, backup];
      });
    }),
  );
  const driver = await parts.openDriver(path.join(server.data, 'skerry.db'), 'read');
  const rows = [
    ...driver.prepare('SELECT sign_key, identity_key FROM devices').all([]),
    ...driver.prepare('SELECT public_key, public_key FROM prekeys WHERE claimed_at IS NOT NULL').all([]),
  ].flat();
  driver.close();
  // Those of devices without the byte that says their kind.
  return [...derived.flat(), ...rows.map((key) => (fromBase64Url(String(key)) ?? new Uint8Array()).slice(-32))];
}
