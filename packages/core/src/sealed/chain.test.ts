import {
  type AccountId,
  type ChannelId,
  encodeGroupBlock,
  fromBase64Url,
  type GroupBlock,
  toBase64Url,
} from '@skerry/protocol';
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type BlockRefusal,
  type ChainDeps,
  founderOf,
  type GroupState,
  membersOf,
  verifyBlock,
  wasMember,
} from './chain.ts';

const SERVER = '0197f3f4-0000-7000-8000-000000000099';
const CHANNEL = '0197f3f4-0000-7000-8000-000000000100' as ChannelId;
const [ANNA, BEN, CLEO, DORA] = [1, 2, 3, 4].map((n) => `0197f3f4-0000-7000-8000-00000000000${n}` as AccountId) as [
  AccountId,
  AccountId,
  AccountId,
  AccountId,
];

class Person {
  readonly account: AccountId;
  readonly accountKey: string;
  readonly device: { publicKey: KeyObject; privateKey: KeyObject };
  constructor(account: AccountId) {
    this.account = account;
    this.accountKey = createHash('sha256').update(account).digest('base64url');
    this.device = generateKeyPairSync('ed25519');
  }
  get signKey(): string {
    return this.device.publicKey.export({ format: 'jwk' }).x ?? '';
  }
}

const people = new Map([ANNA, BEN, CLEO, DORA].map((account) => [account, new Person(account)] as const));
const person = (account: AccountId): Person => people.get(account) as Person;
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');

const deps: ChainDeps & { channel: ChannelId } = {
  channel: CHANNEL,
  serverId: SERVER,
  digest: async (bytes) => sha(bytes),
  verify: async ({ bytes, signature, publicKey }) => {
    const one = [...people.values()].find(({ signKey }) => signKey === publicKey);
    return one !== undefined && verify(null, bytes, one.device.publicKey, fromBase64Url(signature) as Uint8Array);
  },
  signKeyOf: (account, device) => (device === 1 ? people.get(account)?.signKey : undefined),
  accountKeysOf: (account) => [people.get(account)?.accountKey ?? ''],
};

type Change = { author: AccountId; add?: AccountId[]; remove?: AccountId[] };

function block(
  state: GroupState | undefined,
  { author, add = [], remove = [] }: Change,
  changes: Partial<GroupBlock> = {},
): GroupBlock {
  const made: GroupBlock = {
    channel: CHANNEL,
    version: (state?.version ?? 0) + 1,
    previous: state?.digest ?? null,
    at: 1,
    author,
    device: 1,
    add: add.map((account) => ({ account, accountKey: person(account).accountKey })),
    remove,
    signature: '',
    ...changes,
  };
  return {
    ...made,
    signature: toBase64Url(sign(null, encodeGroupBlock(SERVER, made), person(author).device.privateKey)),
  };
}

async function grown(state: GroupState | undefined, ...changes: readonly Change[]): Promise<GroupState> {
  let now = state;
  for (const change of changes) {
    const verdict = await verifyBlock(now, block(now, change), deps);
    if (!verdict.ok) throw new Error(verdict.reason);
    now = verdict.state;
  }
  return now as GroupState;
}

async function refusal(state: GroupState | undefined, given: GroupBlock): Promise<BlockRefusal | undefined> {
  const verdict = await verifyBlock(state, given, deps);
  return verdict.ok ? undefined : verdict.reason;
}

describe('a chain of membership', () => {
  const founded = { author: ANNA, add: [ANNA, BEN, CLEO] };

  it('says who is in, since when, and who founded it (E-9)', async () => {
    const state = await grown(undefined, founded, { author: BEN, add: [DORA] }, { author: ANNA, remove: [BEN] });
    expect(membersOf(state).map(({ account }) => account)).toEqual([ANNA, CLEO, DORA]);
    expect([1, 2, 3].map((version) => wasMember(state, BEN, version))).toEqual([true, true, false]);
    expect([1, 2, 3].map((version) => wasMember(state, DORA, version))).toEqual([false, true, true]);
  });

  it('goes to the one who has been in longest when the founder leaves (E-9)', async () => {
    const left = await grown(undefined, founded, { author: ANNA, remove: [ANNA] });
    expect(founderOf(left)).toBe(BEN);
    const back = await grown(left, { author: CLEO, add: [ANNA] });
    expect(founderOf(back)).toBe(BEN);
    expect(await refusal(back, block(back, { author: ANNA, remove: [CLEO] }))).toBe('not_the_founder');
    expect(await refusal(back, block(back, { author: BEN, remove: [ANNA] }))).toBeUndefined();
  });

  it('refuses what a server or a member makes up, and says why (E-9, T35)', async () => {
    const state = await grown(undefined, founded);
    const cases: [BlockRefusal, GroupBlock][] = [
      ['wrong_channel', block(state, { author: ANNA, add: [DORA] }, { channel: ANNA as string as ChannelId })],
      ['wrong_version', block(state, { author: ANNA, add: [DORA] }, { version: 3 })],
      ['wrong_version', block(undefined, founded)],
      ['forked', block(state, { author: ANNA, add: [DORA] }, { previous: sha(Uint8Array.of(1)) })],
      ['not_a_member', block(state, { author: DORA, add: [DORA] })],
      ['unknown_device', block(state, { author: ANNA, add: [DORA] }, { device: 2 })],
      ['signature_wrong', { ...block(state, { author: ANNA, add: [DORA] }), at: 2 }],
      ['added_twice', block(state, { author: ANNA, add: [BEN] })],
      ['added_twice', block(state, { author: ANNA, add: [DORA, DORA] })],
      ['added_twice', block(state, { author: BEN, add: [BEN], remove: [BEN] })],
      ['other_key', block(state, { author: ANNA }, { add: [{ account: DORA, accountKey: person(BEN).accountKey }] })],
      ['not_there', block(state, { author: ANNA, remove: [DORA] })],
      ['not_there', block(state, { author: ANNA, remove: [BEN, BEN] })],
      ['not_the_founder', block(state, { author: BEN, remove: [CLEO] })],
      ['changes_nothing', block(state, { author: BEN })],
    ];
    for (const [reason, given] of cases) expect(await refusal(state, given), reason).toBe(reason);
  });

  it('begins with its author and nobody else may say so', async () => {
    expect(await refusal(undefined, block(undefined, { author: ANNA, add: [BEN, CLEO] }))).toBe('no_beginning');
    expect(founderOf(await grown(undefined, { author: ANNA, add: [BEN, ANNA] }))).toBe(ANNA);
    expect(await refusal(undefined, block(undefined, { author: ANNA, add: [] }))).toBe('no_beginning');
    expect(await refusal(undefined, block(undefined, { author: ANNA, add: [ANNA], remove: [ANNA] }))).toBe(
      'no_beginning',
    );
  });

  it('takes no more members than a group may have', async () => {
    const more = Array.from(
      { length: 63 },
      (_, i) => `0197f3f4-0000-7000-9000-${String(i).padStart(12, '0')}` as AccountId,
    );
    for (const account of more) people.set(account, new Person(account));
    const full = await grown(undefined, { author: ANNA, add: [ANNA, ...more] });
    expect(await refusal(full, block(full, { author: ANNA, add: [BEN] }))).toBe('too_many');
    expect(
      await refusal(full, block(full, { author: ANNA, add: [BEN], remove: [more[0] as AccountId] })),
    ).toBeUndefined();
  });
});
