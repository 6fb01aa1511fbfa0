import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LIMITS, type AccountId, type BlobId, type ChannelId, type Envelope, type MessageId } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpoint } from '../db/checkpoint.ts';
import type { Tx } from '../log/tx.ts';
import {
  ciphertext,
  direct,
  directSend,
  envelopesFor,
  GroupChain,
  groupSend,
  KeyedPerson,
  rosterDigest,
} from '../testing/keyed-person.ts';
import { eventsOf, LogFixture, readJson, type Person } from '../testing/log-fixture.ts';
import { readFrames } from '../testing/read-frames.ts';
import { readQueue, readSealed } from './reads.ts';

type Page = {
  head: number;
  messages: { id: string; n: number; body: string | null; erased: boolean }[];
  more: boolean;
};
type Queue = {
  first: number;
  head: number;
  items: { n: number; body: string; message: { id: string; erased: boolean; body: string | null } | null }[];
};

let log: LogFixture;
let ann: KeyedPerson;
let ben: KeyedPerson;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = new KeyedPerson(log, { devices: 2 });
  ben = new KeyedPerson(log);
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});

const queueOf = (person: Person, after = 0): Queue => readJson(readQueue(log.db, { ...person, after })) as Queue;
const pageOf = (person: Person, channel: ChannelId): Page =>
  readJson(readSealed(log.db, { account: person.account, channel, after: 0, limit: 100 })) as Page;
const stateOf = (person: Person, channel: ChannelId) =>
  log.snapshot(person).channels.find((state) => state.channel.id === channel);
/** Everything that anything was written to. */
const dump = (): string =>
  ['sealed', 'queue', 'devices', 'commands', 'events', 'blobs', 'markers', 'streams']
    .map((table) => JSON.stringify(log.db.all(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)))
    .join('\n');

function openDirect(): ChannelId {
  const id = log.newId();
  log.run(ann.person, direct(ben.account), id);
  return id as string as ChannelId;
}

function openGroup(members: readonly KeyedPerson[]): { channel: ChannelId; chain: GroupChain } {
  const id = log.newId();
  const channel = id as string as ChannelId;
  const chain = new GroupChain(channel, log.serverId);
  const block = chain.block((members[0] ?? ann).device(), { add: members.map((member) => member.member()) });
  log.run((members[0] ?? ann).person, { kind: 'group.create', block }, id);
  chain.accepted(block);
  return { channel, chain };
}

function post(channel: ChannelId, parts: Parameters<typeof directSend>[2] = {}): MessageId {
  const id = log.newId();
  log.run(parts.from ?? ann.person, directSend(channel, [ann, ben], parts), id);
  return id as string as MessageId;
}

describe('what is said in a direct conversation', () => {
  it('E-5 is a shell for both and one ciphertext for each device but the sending one', () => {
    const channel = openDirect();
    const start = log.position;
    const command = directSend(channel, [ann, ben]);
    const id = log.newId();
    const result = log.run(ann.person, command, id);
    const shell = {
      id,
      channel,
      n: result.n,
      author: ann.account,
      device: 1,
      at: log.now,
      op: 'post',
      target: null,
      body: null,
      erased: false,
    };
    for (const person of [ann.person, ben.person])
      expect(log.replayed(person, start)).toEqual([{ stream: channel, ...result, kind: 'sealed', message: shell }]);
    const bodyFor = (account: string, device: number) =>
      command.envelopes.find((envelope) => envelope.account === account && envelope.device === device)?.body;
    expect(queueOf(ann.device(0)).items).toEqual([]);
    for (const device of [ann.device(1), ben.device(0)])
      expect(queueOf(device)).toEqual({
        first: 1,
        head: 1,
        items: [
          {
            n: 1,
            from: ann.account,
            fromDevice: 1,
            at: log.now,
            message: shell,
            body: bodyFor(device.account, device.device),
          },
        ],
      });
    expect(pageOf(ben.person, channel)).toMatchObject({ messages: [shell], more: false });
  });

  it('P-21 said again with the same bytes gives the same answer and puts nothing into a queue again', () => {
    const channel = openDirect();
    const id = log.newId();
    const command = directSend(channel, [ann, ben]);
    const first = log.run(ann.person, command, id);
    const before = dump();
    // Even when the people have other devices by now.
    ben.addDevice();
    ben.setList(ben.devices);
    const devices = dump();
    expect(devices).not.toBe(before);
    expect(log.run(ann.person, command, id)).toEqual(first);
    expect(dump()).toBe(devices);
    expect(log.codeOf(ann.person, { ...command, envelopes: envelopesFor([ann, ben], ann.device()) }, id)).toBe(
      'id_conflict',
    );
  });

  it.each<[string, () => Partial<Parameters<typeof directSend>[2]>]>([
    ['a device without an envelope', () => ({ envelopes: envelopesFor([ben], ann.device()) })],
    ['an envelope for the sending device', () => ({ envelopes: envelopesFor([ann, ben], ben.device()) })],
    [
      'two envelopes for one device',
      () => ({ envelopes: [...envelopesFor([ann, ben], ann.device()), ...envelopesFor([ben], ann.device())] }),
    ],
    [
      'an envelope for a device that is not listed',
      () => {
        const unlisted = ben.addDevice();
        return {
          envelopes: [
            ...envelopesFor([ann, ben], ann.device()),
            { account: ben.account, device: unlisted.device, body: ciphertext() },
          ],
        };
      },
    ],
    [
      'an envelope for somebody else',
      () => ({ envelopes: [...envelopesFor([ann, ben, new KeyedPerson(log)], ann.device())] }),
    ],
    [
      'an empty envelope',
      () => ({ envelopes: envelopesFor([ann, ben], ann.device()).map((envelope) => ({ ...envelope, body: '' })) }),
    ],
    ['a body', () => ({ body: ciphertext() })],
    ['a post with a target', () => ({ target: log.newId<MessageId>() })],
    ['a deletion without one', () => ({ op: 'delete' })],
  ])('E-5 is refused with %s, and nothing is recorded', (_what, parts) => {
    const channel = openDirect();
    const command = directSend(channel, [ann, ben], parts());
    const before = dump();
    expect(log.codeOf(ann.person, command)).toBe('bad_request');
    expect(dump()).toBe(before);
  });

  it('E-5 with another roster than the server has is devices_changed and records nothing; the same id may be used then', () => {
    const channel = openDirect();
    const id = log.newId();
    const stale = directSend(channel, [ann, ben]);
    ben.addDevice();
    ben.setList(ben.devices);
    const before = dump();
    expect(log.codeOf(ann.person, stale, id)).toBe('devices_changed');
    expect(log.codeOf(ann.person, { ...stale, roster: rosterDigest(channel, [ann, ben], 1) }, id)).toBe(
      'devices_changed',
    );
    expect(log.codeOf(ann.person, { ...stale, roster: rosterDigest(log.general, [ann, ben]) }, id)).toBe(
      'devices_changed',
    );
    expect(dump()).toBe(before);
    expect(log.codeOf(ann.person, directSend(channel, [ann, ben]), id)).toBe('ok');
    expect(queueOf(ben.device(1)).items).toHaveLength(1);
  });

  it('E-5 of several in one batch, the one for another roster is refused alone and takes no number', () => {
    const channel = openDirect();
    const before = directSend(channel, [ann, ben]);
    const outcomes = log.batch([
      [ann.person, before],
      [ben.person, directSend(channel, [ann, ben], { from: ben.device() })],
      [ann.person, { ...before, roster: rosterDigest(channel, [ann, ben], 7) }],
      [ann.person, directSend(channel, [ann, ben])],
    ]);
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'ok'))).toEqual([
      'ok',
      'ok',
      'devices_changed',
      'ok',
    ]);
    const numbers = pageOf(ben.person, channel).messages.map(({ n }) => n);
    expect(numbers).toEqual([0, 1, 2].map((i) => (numbers[0] ?? 0) + i));
    expect(queueOf(ann.device(1)).items.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  it('E-5 in the batch of a revocation counts from the command on that comes first, and reaches no revoked device (I12, E-10)', () => {
    const channel = openDirect();
    const { command, took } = ann.setCommand([ann.device(0)]);
    const stale = directSend(channel, [ben, ann], { from: ben.device() });
    const outcomes = log.batch([
      [ben.person, stale],
      [ann.person, command],
      [ben.person, stale],
      [ann.device(1), { kind: 'envelopes.send', envelopes: [{ account: ben.account, device: 1, body: ciphertext() }] }],
    ]);
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'ok'))).toEqual([
      'ok',
      'ok',
      'devices_changed',
      'session_revoked',
    ]);
    took();
    expect(log.db.values('SELECT n FROM queue WHERE account_id = ? AND device = 2', ann.account)).toEqual([]);
    const items = log.outputs.at(-1)?.items ?? [];
    // What was said before the end is written before it, and no notice names the session.
    expect(items.filter((item) => item.type !== 'frame')).toEqual([
      { type: 'sessionEnded', session: ann.device(1).session },
      { type: 'toDevice', session: ann.device(0).session, head: 1 },
    ]);
    expect(log.codeOf(ben.person, directSend(channel, [ben, ann], { from: ben.device() }))).toBe('ok');
  });

  it('E-11 comes from a listed device of its session only', () => {
    const channel = openDirect();
    const unlisted = ann.addDevice();
    const command = directSend(channel, [ann, ben]);
    expect(log.codeOf(unlisted, command)).toBe('no_device');
    const withoutDevice = log.newId<Person['session']>();
    log.do((tx) =>
      tx.db.run(
        "INSERT INTO sessions (id, account_id, device, created_at, last_seen_at) VALUES (?, ?, 'x', 0, 0)",
        withoutDevice,
        ann.account,
      ),
    );
    const session = { account: ann.account, session: withoutDevice };
    expect(log.codeOf(session, command)).toBe('no_device');
    expect(log.codeOf(session, { kind: 'envelopes.send', envelopes: command.envelopes })).toBe('no_device');
    expect(log.codeOf(session, direct(new KeyedPerson(log).account))).toBe('no_device');
    ann.setList([ann.device(1)]);
    expect(log.codeOf(ann.device(0), directSend(channel, [ann, ben]))).toBe('session_revoked');
    expect(log.codeOf(ann.device(1), directSend(channel, [ann, ben], { from: ann.device(1) }))).toBe('ok');
  });

  it('is for its two people, and not_found for everybody else', () => {
    const channel = openDirect();
    const cleo = new KeyedPerson(log);
    const owner = log.person('owner');
    expect(log.codeOf(cleo.person, directSend(channel, [ann, ben], { from: cleo.device() }))).toBe('not_found');
    expect(() => pageOf(cleo.person, channel)).toThrow(/not exist/);
    expect(() => pageOf(owner, channel)).toThrow(/not exist/);
    expect(stateOf(cleo.person, channel)).toBeUndefined();
    expect(stateOf(owner, channel)).toBeUndefined();
    const position = log.position;
    post(channel);
    expect(log.replayed(cleo.person, position)).toEqual([]);
  });

  it('an id that names something already is id_conflict', () => {
    const channel = openDirect();
    const message = log.newId();
    log.run(ann.person, { kind: 'message.send', channel: log.general, text: 'x', replyTo: null }, message);
    const said = post(channel, { from: ann.device() });
    for (const id of [message, said, channel, log.general])
      expect(log.codeOf(ben.person, directSend(channel, [ann, ben], { from: ben.device() }), id as never)).toBe(
        'id_conflict',
      );
    const plain = { kind: 'message.send', channel: log.general, text: 'x', replyTo: null } as const;
    expect(log.codeOf(ben.person, plain, said as string as never)).toBe('id_conflict');
    expect(
      log.codeOf(
        ben.person,
        { kind: 'channel.create', name: 'x', topic: '', visibility: 'public', history: 'all' },
        said as string as never,
      ),
    ).toBe('id_conflict');
  });
});

describe('erasing', () => {
  it('E-6 takes the ciphertexts of the target and of its changes, in the queues too, and leaves everything else', () => {
    const channel = openDirect();
    const kept = post(channel);
    const target = post(channel);
    const change = post(channel, { op: 'change', target });
    const later = post(channel, { from: ben.device() });
    const start = log.position;
    const deletion = post(channel, { op: 'delete', target });
    expect(
      queueOf(ann.device(1)).items.map(({ n, message, body }) => [n, message?.id, message?.erased, body !== '']),
    ).toEqual([
      [1, kept, false, true],
      [2, target, true, false],
      [3, change, true, false],
      [4, later, false, true],
      [5, deletion, false, true],
    ]);
    expect(pageOf(ben.person, channel).messages.map(({ id, erased }) => [id, erased])).toEqual([
      [kept, false],
      [target, true],
      [change, true],
      [later, false],
      [deletion, false],
    ]);
    expect(log.replayed(ben.person, start)).toMatchObject([
      { kind: 'sealed', message: { id: deletion, op: 'delete', target } },
    ]);
  });

  it('E-6 in a group takes the stored body, and who resumes from before gets the shell alone', () => {
    const { channel } = openGroup([ann, ben]);
    const secret = ciphertext(300);
    const edit = ciphertext(301);
    const start = log.position;
    const target = log.newId<MessageId>();
    log.run(ann.person, groupSend(channel, [ann, ben], { body: secret }), target as string as never);
    log.run(ann.person, groupSend(channel, [ann, ben], { body: edit, op: 'change', target }));
    const erasure = ciphertext(302);
    log.run(ann.person, groupSend(channel, [ann, ben], { body: erasure, op: 'delete', target }));
    const told = JSON.stringify(log.replayed(ben.person, start));
    const stored = JSON.stringify([log.db.all('SELECT * FROM sealed'), log.db.all('SELECT * FROM queue')]);
    for (const text of [told, stored]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(edit);
      expect(text).toContain(erasure);
    }
    // A change that comes late does not bring anything back.
    const late = ciphertext(303);
    log.run(ben.person, groupSend(channel, [ann, ben], { body: late, op: 'change', target }));
    expect(JSON.stringify(log.db.all('SELECT * FROM sealed'))).not.toContain(late);
  });

  it('E-6 in the batch of the sending itself, nothing of it is told', () => {
    const { channel } = openGroup([ann, ben]);
    const secret = ciphertext(300);
    const target = log.newId();
    log.outputs.length = 0;
    log.batch([
      [ann.person, groupSend(channel, [ann, ben], { body: secret }), target],
      [ann.person, groupSend(channel, [ann, ben], { op: 'delete', target: target as string as MessageId })],
    ]);
    const bytes = log.outputs.flatMap(({ items }) =>
      items.flatMap((item) => (item.type === 'frame' ? [item.bytes] : [])),
    );
    expect(eventsOf(bytes.flatMap((frame) => readFrames(frame))).map(({ kind }) => kind)).toEqual(['sealed', 'sealed']);
    expect(Buffer.concat(bytes).toString()).not.toContain(secret);
  });

  it('E-6 is for the author of the target alone, whatever their role, and needs a post of that conversation', () => {
    const channel = openDirect();
    const target = post(channel);
    const change = post(channel, { op: 'change', target });
    const other = openGroup([ann, ben]).channel;
    log.do((tx) => tx.db.run("UPDATE accounts SET role = 'owner' WHERE id = ?", ben.account));
    const asBen = (parts: Parameters<typeof directSend>[2]) =>
      log.codeOf(ben.person, directSend(channel, [ann, ben], { from: ben.device(), ...parts }));
    expect(asBen({ op: 'delete', target })).toBe('forbidden');
    expect(asBen({ op: 'change', target })).toBe('ok');
    expect(asBen({ op: 'change' })).toBe('ok');
    expect(asBen({ op: 'change', target: change })).toBe('bad_request');
    expect(asBen({ op: 'change', target: log.newId<MessageId>() })).toBe('not_found');
    expect(log.codeOf(ann.person, groupSend(other, [ann, ben], { op: 'delete', target }))).toBe('not_found');
    expect(pageOf(ben.person, channel).messages.filter(({ erased }) => erased)).toEqual([]);
    // What has been erased already may be named again.
    post(channel, { op: 'delete', target });
    post(channel, { op: 'delete', target });
  });

  it('E-6 leaves no byte of it on the disk once the side file was emptied', () => {
    const { channel } = openGroup([ann, ben]);
    const pair = openDirect();
    const [inGroup, inQueue] = [ciphertext(9_000), ciphertext(9_000)];
    const target = log.newId();
    log.run(ann.person, groupSend(channel, [ann, ben], { body: inGroup }), target);
    const envelopes = envelopesFor([ann, ben], ann.device()).map((envelope) => ({ ...envelope, body: inQueue }));
    const other = post(pair, { envelopes });
    const file = path.join(log.folder, 'skerry.db');
    const holds = () => {
      checkpoint(log.driver);
      const bytes = Buffer.concat([file, `${file}-wal`].map((name) => readFileSync(name)));
      // A long text is spread over pages, so its beginning stands for it.
      return [inGroup, inQueue].map((text) => bytes.includes(text.slice(0, 100)));
    };
    expect(holds()).toEqual([true, true]);
    log.run(ann.person, groupSend(channel, [ann, ben], { op: 'delete', target: target as string as MessageId }));
    post(pair, { op: 'delete', target: other });
    expect(holds()).toEqual([false, false]);
  });

  it('E-12 takes the attachments of the target and of its changes', () => {
    const channel = openDirect();
    const blob = (account: AccountId, where = channel): BlobId => {
      const id = log.newId<BlobId>();
      log.do((tx) => {
        tx.db.run(
          'INSERT INTO blobs (id, channel_id, account_id, bytes, created_at) VALUES (?, ?, ?, 3, 0)',
          id,
          where,
          account,
        );
        tx.db.run("INSERT INTO parts (owner_id, n, bytes, created_at) VALUES (?, 0, x'010203', 0)", id);
      });
      return id;
    };
    const [one, two, stays] = [blob(ann.account), blob(ann.account), blob(ann.account)];
    const target = post(channel, { blobs: [one] });
    post(channel, { op: 'change', target, blobs: [two] });
    const other = post(channel, { blobs: [stays] });
    const code = (blobs: BlobId[], op: 'post' | 'delete' = 'post') =>
      log.codeOf(ann.person, directSend(channel, [ann, ben], { blobs, op, target: op === 'delete' ? other : null }));
    expect(code([one])).toBe('not_found');
    expect(code([blob(ben.account)])).toBe('not_found');
    expect(code([blob(ann.account, log.general)])).toBe('not_found');
    expect(code([log.newId<BlobId>()])).toBe('not_found');
    const twice = blob(ann.account);
    expect(code([twice, twice])).toBe('bad_request');
    expect(code([twice], 'delete')).toBe('bad_request');
    post(channel, { op: 'delete', target });
    expect(log.db.values('SELECT id FROM blobs WHERE id IN (?, ?, ?)', one, two, stays)).toEqual([stays]);
    // Their bytes belong to nobody, which is what housekeeping looks for.
    const loose = 'SELECT owner_id FROM parts WHERE owner_id NOT IN (SELECT id FROM blobs)';
    expect(log.db.values<string>(loose).sort()).toEqual([one, two].sort());
    expect(log.db.value('SELECT message_id FROM blobs WHERE id = ?', stays)).toBe(other);
  });
});

describe('what is said in a group', () => {
  it('E-5 is one ciphertext for all in the stream, and envelopes for those devices that need keys', () => {
    const { channel } = openGroup([ann, ben]);
    const start = log.position;
    const body = ciphertext(500);
    const keys: Envelope = { account: ben.account, device: 1, body: ciphertext() };
    log.run(ann.person, groupSend(channel, [ann, ben], { body, envelopes: [keys] }));
    expect(log.replayed(ben.person, start)).toMatchObject([{ kind: 'sealed', message: { body, erased: false } }]);
    expect(queueOf(ben.device())).toMatchObject({ items: [{ n: 1, message: null, body: keys.body }] });
    expect(queueOf(ann.device(1)).items).toEqual([]);
  });

  it('E-6 keys that came with a message stay when it is erased', () => {
    const { channel } = openGroup([ann, ben]);
    const target = log.newId();
    const keys: Envelope = { account: ben.account, device: 1, body: ciphertext() };
    log.run(ann.person, groupSend(channel, [ann, ben], { envelopes: [keys] }), target);
    log.run(ann.person, groupSend(channel, [ann, ben], { op: 'delete', target: target as string as MessageId }));
    expect(queueOf(ben.device()).items).toMatchObject([{ body: keys.body }]);
  });

  it('E-5 needs a body, the version of the chain, and envelopes for listed devices of members only', () => {
    const cleo = new KeyedPerson(log);
    const { channel } = openGroup([ann, ben]);
    const before = dump();
    const code = (parts: Parameters<typeof groupSend>[2]) =>
      log.codeOf(ann.person, groupSend(channel, [ann, ben], parts));
    const to = (account: AccountId, device: number) => ({ envelopes: [{ account, device, body: ciphertext() }] });
    expect(code({ body: null })).toBe('bad_request');
    expect(code({ body: '' })).toBe('bad_request');
    expect(code({ op: 'change', body: null })).toBe('bad_request');
    expect(code({ chain: 0 })).toBe('devices_changed');
    expect(code({ chain: 2 })).toBe('devices_changed');
    expect(code(to(cleo.account, 1))).toBe('bad_request');
    expect(code(to(ben.account, 2))).toBe('bad_request');
    expect(code(to(ann.account, 1))).toBe('bad_request');
    expect(log.codeOf(ann.person, groupSend(log.general, [ann, ben], { chain: 0 }))).toBe('bad_request');
    expect(dump()).toBe(before);
    expect(code(to(ann.account, 2))).toBe('ok');
  });
});

describe('what a conversation counts', () => {
  it('L-12 posts of others after the marker, not changes, not deletions, erased ones included', () => {
    const channel = openDirect();
    const first = post(channel);
    post(channel, { op: 'change', target: first });
    const second = post(channel);
    post(channel, { op: 'delete', target: second });
    log.now += 1_000;
    const lastPost = log.now;
    post(channel, { from: ben.device() });
    log.now += 1_000;
    const end = post(channel, { op: 'change', target: first });
    expect(end).toBeTypeOf('string');
    expect(stateOf(ben.person, channel)).toMatchObject({ unread: 2, lastAt: lastPost, member: true });
    expect(stateOf(ann.person, channel)).toMatchObject({ unread: 1, lastAt: lastPost });
  });

  it('L-12 agrees with counting, wherever the marker is put', () => {
    const channel = openDirect();
    let target: MessageId | null = null;
    const numbers: number[] = [];
    for (let i = 0; i < 40; i++) {
      const from = i % 3 === 0 ? ben.device() : ann.device();
      const isChange = i % 4 === 1 && target !== null;
      const id = post(channel, isChange ? { from, op: 'change', target } : { from });
      if (!isChange) target = id;
      numbers.push(log.db.value<number>('SELECT n FROM sealed WHERE id = ?', id) ?? 0);
    }
    for (const n of [1, 2, 9, 10, 30, 38].map((i) => numbers[i] ?? 0)) {
      log.run(ben.person, { kind: 'marker.set', channel, n });
      const counted = log.db.value<number>(
        "SELECT count(*) FROM sealed WHERE channel_id = ? AND n > ? AND author <> ? AND op = 'post'",
        channel,
        n,
        ben.account,
      );
      expect(stateOf(ben.person, channel)).toMatchObject({ readN: n, unread: counted });
    }
    expect(log.replayed(ben.person, log.position)).toEqual([]);
  });
});

describe('envelopes that belong to no message', () => {
  const send = (from: Person, to: { account: AccountId; device: number }[]) =>
    log.codeOf(from, {
      kind: 'envelopes.send',
      envelopes: to.map(({ account, device }) => ({ account, device, body: ciphertext() })),
    });

  it('reach listed devices of those one shares a channel with, and own ones that are signed in', () => {
    const own = ann.addDevice();
    expect(send(ann.person, [ben.device(), ben.device(), ann.device(1), own])).toBe('ok');
    expect(queueOf(ben.device()).items).toMatchObject([
      { n: 1, message: null, fromDevice: 1 },
      { n: 2, message: null },
    ]);
    expect(queueOf(own).items).toHaveLength(1);
    expect(log.outputs.at(-1)?.items).toEqual([
      { type: 'toDevice', session: ben.device().session, head: 2 },
      { type: 'toDevice', session: ann.device(1).session, head: 1 },
      { type: 'toDevice', session: own.session, head: 1 },
    ]);
  });

  it('reach nobody else, and of several either all or none is sent', () => {
    const cleo = new KeyedPerson(log);
    log.run(cleo.person, { kind: 'channel.leave', channel: log.general });
    const unlisted = ben.addDevice();
    const before = dump();
    expect(send(ann.person, [ben.device(), cleo.device()])).toBe('not_found');
    expect(send(ann.person, [ben.device(), { account: log.newId<AccountId>(), device: 1 }])).toBe('not_found');
    expect(send(ann.person, [ben.device(), unlisted])).toBe('devices_changed');
    expect(send(ann.person, [ben.device(), { account: ann.account, device: 99 }])).toBe('devices_changed');
    expect(send(ann.person, [ben.device(), ann.device()])).toBe('bad_request');
    expect(
      log.codeOf(ann.person, {
        kind: 'envelopes.send',
        envelopes: [{ account: ben.account, device: 1, body: '' }],
      }),
    ).toBe('bad_request');
    expect(send(unlisted, [ann.device()])).toBe('no_device');
    expect(dump()).toBe(before);
  });

  it('P-21 sent again put nothing into a queue again', () => {
    const id = log.newId();
    const command = {
      kind: 'envelopes.send',
      envelopes: [{ account: ben.account, device: 1, body: ciphertext() }],
    } as const;
    const command2 = { ...command, envelopes: [...command.envelopes] };
    expect(log.run(ann.person, command2, id)).toEqual({ seq: 0, n: 0 });
    expect(log.run(ann.person, command2, id)).toEqual({ seq: 0, n: 0 });
    expect(queueOf(ben.device())).toMatchObject({ head: 1, items: [{ n: 1 }] });
  });
});

describe('a batch in which something else fails after it has written', () => {
  it('is done again without it: numbers of streams and queues have no gap, and nothing is told twice', () => {
    const channel = openDirect();
    log.outputs.length = 0;
    const failing = {
      name: 'fixture.do',
      args: (tx: Tx) => {
        tx.db.run('UPDATE devices SET queue_head = queue_head + 5 WHERE account_id = ?', ben.account);
        tx.db.run('DELETE FROM device_lists WHERE account_id = ?', ben.account);
        tx.queueGrown({ account: ben.account, device: 1, head: 6 });
        throw new Error('and then it failed');
      },
    };
    const send = () => log.op(ann.person, directSend(channel, [ann, ben]), log.newId());
    const { outcomes, output } = log.batches.run([send(), failing, send()]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(log.bugs.splice(0)).toHaveLength(1);
    expect(queueOf(ben.device())).toMatchObject({ first: 1, head: 2, items: [{ n: 1 }, { n: 2 }] });
    expect(output?.items.filter((item) => item.type === 'toDevice')).toEqual([
      { type: 'toDevice', session: ann.device(1).session, head: 2 },
      { type: 'toDevice', session: ben.device().session, head: 2 },
    ]);
    const told = (output?.items ?? []).flatMap((item) =>
      item.type === 'frame' ? eventsOf(readFrames(item.bytes)).map(({ n }) => n) : [],
    );
    expect(told).toEqual(pageOf(ben.person, channel).messages.map(({ n }) => n));
  });
});

describe('a queue', () => {
  const fill = (many: number, bytes = 24) => {
    for (let left = many; left > 0; left -= 1_000)
      log.run(ann.person, {
        kind: 'envelopes.send',
        envelopes: Array.from({ length: Math.min(1_000, left) }, () => ({
          account: ben.account,
          device: 1,
          body: ciphertext(bytes),
        })),
      });
  };

  it('E-8 has gap-free numbers whatever is refused in between, and each device its own', () => {
    const channel = openDirect();
    for (let i = 0; i < 5; i++) {
      post(channel);
      expect(log.codeOf(ann.person, directSend(channel, [ann, ben], { envelopes: [] }))).toBe('bad_request');
      log.batch([
        [ann.person, directSend(channel, [ann, ben])],
        [ann.person, directSend(channel, [ann, ben])],
        [ann.person, directSend(channel, [ann, ben], { roster: rosterDigest(channel, [ann, ben], 9) })],
      ]);
    }
    const numbers = Array.from({ length: 15 }, (_, i) => i + 1);
    expect(queueOf(ann.device(1)).items.map(({ n }) => n)).toEqual(numbers);
    expect(queueOf(ben.device()).items.map(({ n }) => n)).toEqual(numbers);
    expect(queueOf(ben.device(), 12).items.map(({ n }) => n)).toEqual([13, 14, 15]);
  });

  it('E-8 is answered in pages of as many items and bytes as an answer holds', () => {
    fill(250);
    expect(queueOf(ben.device()).items).toHaveLength(LIMITS.page);
    expect(queueOf(ben.device(), 200).items.map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, i) => 201 + i));
    fill(20, LIMITS.sealedBytes);
    const large = readQueue(log.db, { ...ben.device(), after: 250 });
    expect(large.length).toBeLessThan(512 * 1_024);
    expect((readJson(large) as Queue).items.length).toBeGreaterThan(3);
    const read: number[] = [];
    for (let after = 0; ;) {
      const { items } = queueOf(ben.device(), after);
      if (items.length === 0) break;
      read.push(...items.map(({ n }) => n));
      after = read.at(-1) ?? 0;
    }
    expect(read).toEqual(Array.from({ length: 270 }, (_, i) => i + 1));
  });

  it('E-8 keeps the newest when it is full, and says what is the first', () => {
    fill(LIMITS.queueItems);
    expect(queueOf(ben.device())).toMatchObject({ first: 1, head: LIMITS.queueItems });
    fill(3);
    expect(queueOf(ben.device())).toMatchObject({ first: 4, head: LIMITS.queueItems + 3 });
    expect(queueOf(ben.device()).items[0]?.n).toBe(4);
    expect(log.db.value('SELECT count(*) FROM queue')).toBe(LIMITS.queueItems);
  });
});
