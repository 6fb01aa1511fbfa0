import type { AccountId, DeviceList, ListedDevice } from '@skerry/protocol';
import { expect, test } from 'vitest';
import { ListMaker, testCheck, testDevice, testKey } from '../testing/signed-lists.ts';
import { followList, type KeptList } from './list-chain.ts';

const SERVER = '0197f3f4-0000-7000-8000-0000000000aa';
const BEN = '0197f3f4-0000-7000-8000-0000000000b1' as AccountId;
const EVE = '0197f3f4-0000-7000-8000-0000000000e1' as AccountId;

const check = (accepted: string | null = null) => ({ serverId: SERVER, account: BEN, accepted, ...testCheck });
const ben = () => new ListMaker(SERVER, BEN);

async function following(lists: readonly DeviceList[]): Promise<KeptList> {
  let kept: KeptList | undefined;
  for (const list of lists) {
    const step = await followList(kept, list, check());
    if (!step.ok) throw new Error(step.refusal);
    kept = step.kept;
  }
  if (kept === undefined) throw new Error('no list');
  return kept;
}

async function refusalOf(kept: KeptList | undefined, list: DeviceList): Promise<string> {
  const step = await followList(kept, list, check());
  return step.ok ? 'taken' : step.refusal;
}

test('E-3: a chain of lists is followed to its newest, and remembers every device that was ever on it, and until when', async () => {
  const maker = ben();
  const [one, two, three] = [testDevice(1), testDevice(2), testDevice(3)];
  await maker.next([one]);
  await maker.next([one, two]);
  await maker.next([two], { at: 30 });
  await maker.next([two, three], { at: 40 });
  const kept = await following(maker.lists);
  expect(kept).toMatchObject({ version: 4, accountKey: maker.key.publicKey, devices: [two, three] });
  expect(kept.ever).toEqual([{ ...one, removedAt: 30 }, two, three]);
});

test('E-4: another account key is followed by the old one’s word alone', async () => {
  const maker = ben();
  const one = testDevice(1);
  const before = maker.key.publicKey;
  const kept = await following([await maker.next([one])]);
  const step = await followList(kept, await maker.succeed([one]), check());
  expect(step).toMatchObject({ ok: true, moved: { from: before, to: maker.key.publicKey, by: 'succession' } });
});

test('T35: a key without succession is offered to the person, and taken once that very key was accepted', async () => {
  const maker = ben();
  const one = testDevice(1);
  const kept = await following([await maker.next([one])]);
  const stranger = testKey();
  const list = await maker.make([one], { by: stranger });
  expect(await followList(kept, list, check())).toEqual({
    ok: false,
    refusal: 'key_without_succession',
    offered: stranger.publicKey,
  });
  expect(await followList(kept, list, check(testKey().publicKey))).toMatchObject({ ok: false });
  expect(await followList(kept, list, check(stranger.publicKey))).toMatchObject({
    ok: true,
    moved: { to: stranger.publicKey, by: 'accepted' },
  });
});

test('T35: every other way in which a list fails to follow is refused by its name', async () => {
  const maker = ben();
  const [one, two] = [testDevice(1), testDevice(2)];
  await maker.next([one]);
  await maker.next([one, two]);
  await maker.next([two]);
  const kept = await following(maker.lists);
  const three = testDevice(3);
  const good = await maker.make([two, three]);
  const stranger = testKey();
  const lying: readonly [string, DeviceList][] = [
    ['wrong_account', await maker.make([two], { account: EVE })],
    ['wrong_version', await maker.make([two], { version: 3 })],
    ['wrong_version', await maker.make([two], { version: 5 })],
    ['wrong_version', maker.lists[0] as DeviceList],
    ['forked', await maker.make([two], { previous: await testCheck.digest(Uint8Array.of(1)) })],
    ['forked', await maker.make([two], { previous: null })],
    ['signature_wrong', { ...good, devices: [two, testDevice(4)] }],
    ['signature_wrong', { ...good, at: good.at + 1 }],
    ['signature_wrong', { ...good, signature: stranger.sign(Uint8Array.of(1)) }],
    ['devices_malformed', await maker.make([three, two])],
    ['devices_malformed', await maker.make([two, two])],
    ['devices_malformed', await maker.make([two, { ...three, signKey: two.signKey }])],
    ['devices_malformed', await maker.make([two, { ...three, identityKey: two.identityKey }])],
    ['device_swapped', await maker.make([{ ...testDevice(2) }])],
    ['device_swapped', await maker.make([two, { ...three, identityKey: one.identityKey }])],
    ['device_returned', await maker.make([one, two])],
    [
      'succession_wrong',
      await maker.make([two], { succession: { from: maker.key.publicKey, signature: good.signature } }),
    ],
    [
      'succession_wrong',
      await maker.make([two], { by: stranger, succession: { from: maker.key.publicKey, signature: good.signature } }),
    ],
    [
      'succession_wrong',
      await maker.make([two], { by: stranger, succession: { from: stranger.publicKey, signature: good.signature } }),
    ],
  ];
  for (const [refusal, list] of lying) expect(await refusalOf(kept, list)).toBe(refusal);
  expect(await refusalOf(kept, good)).toBe('taken');
});

test('T33, T35: a list of the same account id on another server says nothing here', async () => {
  const elsewhere = new ListMaker('0197f3f4-0000-7000-8000-0000000000ab', BEN);
  expect(await refusalOf(undefined, await elsewhere.next([testDevice(1)]))).toBe('signature_wrong');
});

test('T35: a first list begins at version 1 and comes without a history', async () => {
  const maker = ben();
  const one = testDevice(1);
  expect(await refusalOf(undefined, await maker.make([one], { version: 2 }))).toBe('wrong_version');
  expect(
    await refusalOf(undefined, await maker.make([one], { previous: await testCheck.digest(Uint8Array.of(1)) })),
  ).toBe('forked');
  const succession = { from: testKey().publicKey, signature: maker.key.sign(Uint8Array.of(1)) };
  expect(await refusalOf(undefined, await maker.make([one], { succession }))).toBe('succession_wrong');
});

test('M-2: machines are kept beside the devices, in what is signed and in no roster', async () => {
  const maker = ben();
  const [one, two] = [testDevice(1), testDevice(2)];
  const list = await maker.make([one], { machines: [two] });
  const kept = await following([list]);
  expect([kept.devices, kept.machines]).toEqual([[one], [two]]);
  const { machines: _machines, ...without } = list;
  expect(await refusalOf(undefined, without)).toBe('signature_wrong');
});

test('M-2: machines of a list are followed apart from its devices, and remembered apart', async () => {
  const maker = ben();
  const [one, two, three, four] = [testDevice(1), testDevice(2), testDevice(3), testDevice(4)];
  await maker.next([one]);
  await maker.next([one], { machines: [two] });
  await maker.next([one, three], { machines: [two, four], at: 30 });
  await maker.next([one, three], { machines: [four], at: 40 });
  const kept = await following(maker.lists);
  expect(kept).toMatchObject({ devices: [one, three], machines: [four] });
  expect(kept.ever).toEqual([one, three]);
  expect(kept.everMachines).toEqual([{ ...two, removedAt: 40 }, four]);
});

test('M-2, E-2: a machine is one number and its own keys for good, and never a device', async () => {
  const maker = ben();
  const [one, two, three] = [testDevice(1), testDevice(2), testDevice(3)];
  const gone = testDevice(9);
  await maker.next([one], { machines: [two, gone] });
  await maker.next([one], { machines: [two] });
  const kept = await following(maker.lists);
  const refusals: readonly (readonly [string, readonly ListedDevice[], readonly ListedDevice[]])[] = [
    ['taken', [one], [two, three]],
    ['taken', [one], []],
    ['devices_malformed', [one], [three, two]],
    ['devices_malformed', [one], [two, two]],
    // The same number, or a key, as a device of the very list.
    ['devices_malformed', [one, two], [two]],
    ['devices_malformed', [one], [two, { ...three, signKey: one.signKey }]],
    ['devices_malformed', [one], [two, { ...three, identityKey: two.identityKey }]],
    // Other keys under its number; its keys under another one.
    ['device_swapped', [one], [{ ...two, signKey: three.signKey }]],
    ['device_swapped', [one], [{ ...two, identityKey: three.identityKey }]],
    ['device_swapped', [one], [{ ...two, device: 5 }]],
    // Back after it was taken off.
    ['device_returned', [one], [two, gone]],
    // What was a machine turns up as a device, by number or by key; and a device as a machine.
    ['device_swapped', [one, two], []],
    ['device_swapped', [one, { ...three, signKey: gone.signKey }], [two]],
    ['device_swapped', [three], [one, two]],
  ];
  for (const [refusal, devices, machines] of refusals) {
    const list = await maker.make(devices, machines.length === 0 ? {} : { machines: [...machines] });
    expect(await refusalOf(kept, list), JSON.stringify([devices, machines])).toBe(refusal);
  }
  // What was kept before machines were remembered knows those of its newest list.
  const { everMachines: _, ...before } = kept;
  expect(await refusalOf(before, await maker.make([one, two]))).toBe('device_swapped');
});
