import { parts } from '@skerry/server';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { until } from '../harness/watch.ts';
import { canReach, idOf, isIn, Keyed, lines, say, texts } from './keyed-member.ts';

const TABLES = ['accounts', 'devices', 'prekeys', 'device_lists', 'group_blocks', 'sealed', 'queue', 'channels'];
/** As long as an id at least: names, labels and counts may be alike. */
const LEAST = 22;

/** Every id, key and ciphertext that a server keeps of people and what they said. */
async function valuesOf({ data }: RealServer): Promise<ReadonlySet<string>> {
  const driver = await parts.openDriver(path.join(data, 'skerry.db'), 'read');
  const values = TABLES.flatMap((table) => driver.prepare(`SELECT * FROM ${table}`).all([]).flat());
  driver.close();
  const texts = values.flatMap((value) =>
    typeof value === 'string' ? [value] : value instanceof Uint8Array ? [Buffer.from(value).toString('hex')] : [],
  );
  return new Set(texts.filter(({ length }) => length >= LEAST));
}

/** S4.30 to S4.34, T33: two servers, the same people, names and device numbers. */
describe('Encrypted conversations on two servers at once', () => {
  let servers: readonly RealServer[];
  beforeAll(async () => {
    servers = await Promise.all([startReal(['--name', 'Twin']), startReal(['--name', 'Twin'])]);
    for (const server of servers) await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  it('stay apart in keys, messages, groups and storage, and removing one leaves the other (S4.26, S4.29, S4.33)', async () => {
    await using anna = await Keyed.create();
    await using ben = await Keyed.create();
    const [a1, a2] = await Promise.all(servers.map(({ origin }) => anna.register(origin, 'anna')));
    const [b1, b2] = await Promise.all(servers.map(({ origin }) => ben.register(origin, 'ben')));
    if (a1 === undefined || a2 === undefined || b1 === undefined || b2 === undefined) throw new Error('no handles');
    for (const [a, b] of [[a1, b1], [a2, b2]] as const) await canReach(a, idOf(b)); // prettier-ignore
    const [d1, d2] = await Promise.all([a1.sealed.startDirect(idOf(b1)), a2.sealed.startDirect(idOf(b2))]);
    const [g1, g2] = await Promise.all([
      a1.sealed.createGroup({ name: 'Same', members: [idOf(b1)] }),
      a2.sealed.createGroup({ name: 'Same', members: [idOf(b2)] }),
    ]);
    await Promise.all([
      say(a1, d1, 'only one'),
      say(a2, d2, 'only two'),
      say(a1, g1, 'group one'),
      say(a2, g2, 'group two'),
    ]);
    await texts(b1, d1, ['only one']);
    await texts(b2, d2, ['only two']);
    await texts(b1, g1, ['group one']);
    await texts(b2, g2, ['group two']);

    // The same person on both, and nothing by which the servers could tell: no key, id or ciphertext is on both.
    const [kept1, kept2] = await Promise.all(servers.map(valuesOf));
    expect(kept1!.size).toBeGreaterThan(200);
    expect([...kept1!].filter((value) => kept2!.has(value))).toEqual([]);

    const [n1, n2] = await Promise.all([a1.sealed.safetyNumber(idOf(b1)), a2.sealed.safetyNumber(idOf(b2))]);
    expect(n1?.digits).toHaveLength(12);
    expect(n1?.digits).not.toEqual(n2?.digits);
    expect((await b1.sealed.safetyNumber(idOf(a1)))?.digits).toEqual(n1?.digits);
    const scanned = await b1.sealed.safetyNumber(idOf(a1));
    expect(await a1.sealed.compareScanned(idOf(b1), scanned!.scannable)).toBe('match');
    expect(await a2.sealed.compareScanned(idOf(b2), scanned!.scannable)).toBe('other_people');
    expect(await a2.sealed.compareScanned(idOf(b2), new Uint8Array([1, 2, 3]))).toBe('malformed');
    await until(a1.sealed.conversation(d1), (view) => view?.members.some(({ trust }) => trust === 'verified') === true);
    expect(
      a2.sealed
        .conversation(d2)
        .get()
        ?.members.some(({ trust }) => trust === 'verified'),
    ).toBe(false);

    const database = `skerry-${a2.id}-state`;
    const before = JSON.stringify(anna.member.disk.databases.get(database)?.dump()['sealed']);
    await a1.remove({ signOutThere: true });
    expect(anna.member.disk.databases.has(`skerry-${a1.id}-state`)).toBe(false);
    expect(JSON.stringify(anna.member.disk.databases.get(database)?.dump()['sealed'])).toBe(before);
    await say(a2, d2, 'still here');
    await texts(b2, d2, ['only two', 'still here']);
  });

  it('a stolen device moves the account to another key, which the conversation says and goes on with (E-4)', async () => {
    const [server] = servers as [RealServer];
    await using cleo = await Keyed.create();
    await using dora1 = await Keyed.create();
    const c = await cleo.register(server.origin, 'cleo');
    const d1 = await dora1.register(server.origin, 'dora');
    await using dora2 = await dora1.another();
    const d2 = await dora2.signIn(server.origin, 'dora');
    await canReach(c, idOf(d1), 2);
    const channel = await c.sealed.startDirect(idOf(d1));
    await say(c, channel, 'to both');
    await texts(d2, channel, ['to both']);
    const before = await c.sealed.safetyNumber(idOf(d1));
    await d1.keys.reload();
    await d1.keys.revokeAsStolen(2);
    await canReach(c, idOf(d1), 3);
    await say(c, channel, 'to one');
    await texts(d1, channel, ['to both', 'to one']);
    expect(await lines(c, channel, (kinds) => kinds.includes('keysChanged'))).toBeDefined();
    expect((await c.sealed.safetyNumber(idOf(d1)))?.digits).not.toEqual(before?.digits);
    await isIn(d1, channel);
    await say(d1, channel, 'and back');
    await texts(c, channel, ['to both', 'to one', 'and back']);
  });
});
