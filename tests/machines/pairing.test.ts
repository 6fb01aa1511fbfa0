import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { until } from '../harness/watch.ts';
import { Keyed } from '../sealed/keyed-member.ts';
import { Computer } from './computer.ts';
import { stageOf } from './person-side.ts';

/** The person's side of a pairing, against real servers and a computer by hand. */
describe('A code that was read', () => {
  let harbour: RealServer;
  let lighthouse: RealServer;
  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([startReal(['--machines', 'on']), startReal(['--machines', 'on'])]);
    await Promise.all([harbour, lighthouse].map(({ origin, setupCode }) => signUp(origin, 'owner', setupCode)));
  });
  afterAll(async () => {
    await Promise.all([harbour, lighthouse].map((server) => server?.[Symbol.asyncDispose]()));
  });

  it('becomes a machine on the signed list; both screens show one code, and every other device is told (T5, M-4, M-5)', async () => {
    await using anna = await Keyed.create();
    const handle = await anna.register(harbour.origin, 'anna');
    await using phone = await anna.another();
    const there = await phone.signIn(harbour.origin, 'anna');
    const machines = await anna.member.client.machines();
    const onPhone = await phone.member.client.machines();
    await until(machines.view, ({ parts }) => parts[0]?.state === 'fresh');

    using computer = await Computer.at(harbour.origin);
    await computer.ask();
    await using pairing = machines.pair(computer.link, handle.id);
    await computer.taken();
    const { request } = await stageOf(pairing, 'meeting');
    expect(request).toMatchObject({ label: 'studio', system: 'Debian 12', program: 'skerry 0.1.0' });
    expect(request.expiresAt - Date.now()).toBeLessThanOrEqual(121_000);
    await expect(pairing.approve()).rejects.toMatchObject({ code: 'bad_request' });
    await computer.reveal();
    const { words, digits } = await stageOf(pairing, 'comparing');
    expect({ words, digits }).toEqual(await computer.code());
    await pairing.approve();
    const { machine } = await stageOf(pairing, 'approved');
    await computer.redeem();
    expect(computer.number).toBe(machine);
    expect(computer.answer).toMatchObject({ server: harbour.serverId, account: handle.me.get()!.id, device: 1 });
    // The phone hears who let it in, and sees it; it verified the list that names it.
    await until(onPhone.view, ({ notices }) => notices.some(({ state }) => state === 'approved'));
    expect(onPhone.view.get().notices[0]).toMatchObject({ label: 'studio', device: 1, entryId: there.id });
    expect(machines.view.get().notices).toEqual([]);
    await until(onPhone.view, (view) => view.machines[0]?.standing === 'locked');
    onPhone.dismissNotice(onPhone.view.get().notices[0]!);
    expect(onPhone.view.get().notices).toEqual([]);

    await machines.remove({ entry: handle.id, machine });
    await until(onPhone.view, (view) => view.machines.length === 0);
    await expect(computer.run({ kind: 'machine.describe', info: null })).rejects.toMatchObject({ retry: 'auth' });
  });

  it('ends where somebody denies it, withdraws it, took it before, or the server shows another computer (M-3, T6)', async () => {
    await using bea = await Keyed.create();
    const handle = await bea.register(harbour.origin, 'bea');
    await using phone = await bea.another();
    await phone.signIn(harbour.origin, 'bea');
    const [machines, onPhone] = [await bea.member.client.machines(), await phone.member.client.machines()];
    await until(onPhone.view, ({ parts }) => parts[0]?.state === 'fresh');

    using denied = await Computer.at(harbour.origin, 'denied');
    await denied.ask();
    await using one = machines.pair(denied.link, handle.id);
    await stageOf(one, 'meeting');
    await one.deny(true);
    expect(await stageOf(one, 'ended')).toEqual({ kind: 'ended', why: 'denied' });
    await until(onPhone.view, ({ notices }) =>
      notices.some(({ state, label }) => state === 'reported' && label === 'denied'),
    );

    using withdrawn = await Computer.at(harbour.origin, 'withdrawn');
    await withdrawn.ask();
    await using two = machines.pair(withdrawn.link, handle.id);
    await withdrawn.taken();
    await using late = onPhone.pair(withdrawn.link, onPhone.view.get().parts[0]!.entryId);
    expect(await stageOf(late, 'ended')).toEqual({ kind: 'ended', why: 'used' });
    await withdrawn.withdraw();
    expect(await stageOf(two, 'ended')).toEqual({ kind: 'ended', why: 'withdrawn' });
  });

  it('speaks to its own server alone: another entry is refused before anything leaves (T4, S2.34, S2.57)', async () => {
    await using cleo = await Keyed.create();
    const a = await cleo.register(harbour.origin, 'cleo');
    const b = await cleo.register(lighthouse.origin, 'cleo');
    const machines = await cleo.member.client.machines();
    using computer = await Computer.at(lighthouse.origin);
    await computer.ask();
    const before = cleo.member.wire.lines.length;
    await using wrong = machines.pair(computer.link, a.id);
    expect(await stageOf(wrong, 'ended')).toEqual({ kind: 'ended', why: 'other_server' });
    expect(cleo.member.wire.lines.slice(before).filter(({ way }) => way === 'http')).toEqual([]);
    expect(await machines.entryOf(computer.link)).toBe(b.id);
    // S2.34, S2.57
    const { address } = computer.link;
    const bare = { kind: 'terminal', address, key: computer.key, commit: computer.commit } as const;
    await cleo.member.client.setPrimary(b.id);
    expect(await machines.entryOf(bare)).toBe(b.id);
    await cleo.member.client.setPrimary(a.id);
    expect(await machines.entryOf(bare)).toBe(a.id);
    expect(await machines.entryOf({ ...bare, server: lighthouse.origin })).toBe(b.id);
    expect(await machines.entryOf({ ...bare, server: 'https://elsewhere.test' })).toBeUndefined();
  });
});
