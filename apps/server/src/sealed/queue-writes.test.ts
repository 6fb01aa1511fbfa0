import { TIMES } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { READ_PROCEDURES } from '../db/read-procedures.ts';
import { WRITE_PROCEDURES } from '../db/write-procedures.ts';
import { Housekeeping } from '../housekeeping.ts';
import { ciphertext, KeyedPerson, type KeyedDevice } from '../testing/keyed-person.ts';
import { LogFixture, readJson } from '../testing/log-fixture.ts';
import { ackQueue, dropOldItems } from './queue-writes.ts';
import { readQueue } from './reads.ts';

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

const send = (many: number, to: KeyedDevice) => {
  for (let i = 0; i < many; i++)
    log.run(ann.person, {
      kind: 'envelopes.send',
      envelopes: [{ account: to.account, device: to.device, body: ciphertext() }],
    });
};
const endsOf = (device: KeyedDevice): [number, number, number[]] => {
  const { first, head, items } = readJson(readQueue(log.db, { ...device, after: 0 })) as {
    first: number;
    head: number;
    items: { n: number }[];
  };
  return [first, head, items.map(({ n }) => n)];
};

describe('what waits for a device too long (E-8)', () => {
  it('is dropped some at a time, and the device is told by `first`', () => {
    send(5, ben.device());
    send(2, ann.device(1));
    log.now += 1_000;
    send(2, ben.device());
    log.do((tx) => ackQueue(tx, { ...ben.device(), n: 1 }));
    const drop = (most: number) => log.do((tx) => dropOldItems(tx, { before: log.now, most }));
    expect(drop(3)).toBe(3);
    expect(drop(3)).toBe(3);
    expect(endsOf(ben.device())).toEqual([6, 7, [6, 7]]);
    expect(endsOf(ann.device(1))).toEqual([3, 2, []]);
    expect(drop(3)).toBe(0);
    send(1, ben.device());
    send(1, ann.device(1));
    expect(endsOf(ben.device())).toEqual([6, 8, [6, 7, 8]]);
    expect(endsOf(ann.device(1))).toEqual([3, 3, [3]]);
  });

  it('goes in the rounds of a running server, after 30 days', async () => {
    send(1_200, ben.device());
    let round = () => {};
    const faults: unknown[] = [];
    await using rounds = new Housekeeping({
      db: {
        write: async (name, args) => log.do((tx) => WRITE_PROCEDURES[name](tx, args as never)) as never,
        read: async (name, args) => READ_PROCEDURES[name](log.db, args as never) as never,
      },
      clock: { now: () => log.now },
      every: (_ms, task) => ((round = task), () => {}),
      onFault: (error) => faults.push(error),
    });
    const waiting = async () => {
      round();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return log.db.value('SELECT count(*) FROM queue');
    };
    log.now += TIMES.queueMs;
    expect(await waiting()).toBe(1_200);
    log.now += 1;
    expect(await waiting()).toBe(0);
    expect(endsOf(ben.device())).toEqual([1_201, 1_200, []]);
    expect(faults).toEqual([]);
    expect(rounds).toBeInstanceOf(Housekeeping);
  });
});

describe('an acknowledgement', () => {
  it('is taken from a session that lives, of its own device, up to what is there', () => {
    send(3, ben.device());
    const ack = (who: { account: KeyedDevice['account']; session: KeyedDevice['session'] }, n: number) =>
      log.do((tx) => ackQueue(tx, { ...who, n }));
    expect(() => ack({ ...ben.device(), account: ann.account }, 3)).toThrow(/ended/);
    expect(() => ack(log.person(), 3)).toThrow(/not on the list/);
    expect(endsOf(ben.device())).toEqual([1, 3, [1, 2, 3]]);
    ack(ben.device(), 0);
    expect(endsOf(ben.device())).toEqual([1, 3, [1, 2, 3]]);
    ack(ben.device(), 99);
    expect(endsOf(ben.device())).toEqual([4, 3, []]);
    log.run(log.person('owner'), { kind: 'account.disable', account: ben.account, disabled: true });
    expect(() => ack(ben.device(), 99)).toThrow(/ended/);
  });
});
