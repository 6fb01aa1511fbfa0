import type { AccountId, ChannelId, GroupBlock } from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import { type BlockRefusal, type ChainDeps, type GroupState, membersOf, verifyBlock } from './chain.ts';
import { lineOf } from './rows.ts';
import type { SealedDeps } from './ports.ts';
import type { Draft, SealedStore } from './store.ts';

/** What is kept of a group: its verified chain and its name. */
export type GroupRecord = {
  readonly state: GroupState | null;
  readonly name: { readonly name: string; readonly n: number } | null;
  /** The version the last message named; later ones name no older one. */
  readonly lastChain: number;
};

const NOTHING: GroupRecord = { state: null, name: null, lastChain: 0 };

/** The server shows a membership that does not follow from the verified one. Nothing is sent, and nothing kept changed. */
export class ChainError extends LocalError {
  readonly reason: BlockRefusal | 'withheld';
  constructor(reason: ChainError['reason']) {
    super('forbidden', 'The server shows members of this group that its members have not signed. Nothing was sent.');
    this.name = 'ChainError';
    this.reason = reason;
  }
}

/** The verified membership of every group: kept, extended block by block, never back. E-9 */
export class GroupBook {
  readonly #deps: SealedDeps;
  readonly #store: SealedStore;
  readonly #records = new Map<ChannelId, GroupRecord>();
  readonly #refused = new Map<ChannelId, ChainError['reason']>();
  readonly #loading = new Map<ChannelId, Promise<GroupState>>();
  /** Told when a group's members, name or trouble changed. */
  onChange: () => void = () => undefined;

  constructor(deps: SealedDeps, store: SealedStore) {
    this.#deps = deps;
    this.#store = store;
  }

  async load(): Promise<void> {
    for (const { key, value } of await this.#store.all<GroupRecord>('group'))
      this.#records.set(key[1] as ChannelId, value);
  }

  record(channel: ChannelId): GroupRecord {
    return this.#records.get(channel) ?? NOTHING;
  }

  /** Decrypted names. */
  names(): ReadonlyMap<ChannelId, string> {
    return new Map([...this.#records].flatMap(([channel, { name }]) => (name === null ? [] : [[channel, name.name]])));
  }

  /** Why the last answer of the server about this group was not taken. */
  refused(channel: ChannelId): ChainError['reason'] | undefined {
    return this.#refused.get(channel);
  }

  /** Changes what is kept, as part of a commit. Call {@link kept} once that is done. */
  put(draft: Draft, channel: ChannelId, record: GroupRecord): void {
    draft.set(['group', channel], record);
  }

  kept(channel: ChannelId, record: GroupRecord): void {
    this.#records.set(channel, record);
    this.onChange();
  }

  /**
   * The membership at least at that version, fetched and verified where it isn't here.
   * @throws ChainError; what the server or the key side throws
   */
  async upTo(channel: ChannelId, version: number, signal: AbortSignal): Promise<GroupState> {
    const { state } = this.record(channel);
    if (state !== null && state.version >= version) return state;
    const state2 = await this.fetch(channel, signal);
    if (state2.version < version) throw this.#refuse(channel, 'withheld');
    return state2;
  }

  /** Asks for what follows the kept chain, and takes it. Asked for several times at once, it asks once. */
  fetch(channel: ChannelId, signal: AbortSignal): Promise<GroupState> {
    const running = this.#loading.get(channel);
    if (running !== undefined) return running;
    const fetching = this.#fetch(channel, signal).finally(() => this.#loading.delete(channel));
    this.#loading.set(channel, fetching);
    return fetching;
  }

  async #fetch(channel: ChannelId, signal: AbortSignal): Promise<GroupState> {
    let state = this.record(channel).state ?? undefined;
    for (let more = true; more;) {
      const answer = await this.#deps.api.groupChain(channel, state?.version ?? 0, signal);
      more = answer.more && answer.blocks.length > 0;
      if (answer.blocks.length > 0) state = await this.#take(channel, state, { blocks: answer.blocks, signal });
    }
    if (state === undefined) throw this.#refuse(channel, 'withheld');
    if (this.#refused.delete(channel)) this.onChange();
    return state;
  }

  async #take(
    channel: ChannelId,
    before: GroupState | undefined,
    { blocks, signal }: { blocks: readonly GroupBlock[]; signal: AbortSignal },
  ): Promise<GroupState | undefined> {
    const people = new Set(blocks.flatMap(({ author, add }) => [author, ...add.map(({ account }) => account)]));
    // Those who cannot be trusted now were trusted when they were added, or the block is refused below.
    await this.#deps.keys.devicesOf([...people], signal).catch(async (error: unknown) => {
      for (const one of people) await this.#deps.keys.devicesOf([one], signal).catch(() => undefined);
      if (signal.aborted) throw error;
    });
    const deps = { ...this.#chainDeps(blocks), channel };
    let state = before;
    const taken: GroupBlock[] = [];
    for (const block of blocks) {
      const verdict = await verifyBlock(state, block, deps);
      if (!verdict.ok) throw this.#refuse(channel, verdict.reason);
      state = verdict.state;
      taken.push(block);
    }
    if (state !== undefined) await this.#keep(channel, state, taken);
    return state;
  }

  async #keep(channel: ChannelId, state: GroupState, blocks: readonly GroupBlock[]): Promise<void> {
    const record = { ...this.record(channel), state };
    await this.#store.commit(async (draft) => {
      this.put(draft, channel, record);
      const read = (await draft.get<number>('read', channel)) ?? this.#deps.told.channel(channel)?.head ?? 0;
      for (const row of blocks.flatMap((block) => linesOf(block, read))) draft.put(row);
    });
    this.kept(channel, record);
  }

  #chainDeps(blocks: readonly GroupBlock[]): ChainDeps {
    const { keys } = this.#deps;
    return {
      serverId: keys.serverId,
      digest: (bytes) => keys.digest(bytes),
      verify: (signed) => keys.verifySignature(signed),
      signKeyOf: (account, device) => keys.everListed(account).find((one) => one.device === device)?.signKey,
      accountKeysOf: (account) => {
        const now = keys.known(account)?.accountKey;
        // A succession moves an account to another key: what an old block names was right then.
        const named = blocks.flatMap(({ add }) => add.filter((one) => one.account === account));
        const trust = keys.trustOf(account).get();
        const before = trust.kind === 'known' && trust.change !== null ? [trust.change.from] : [];
        return [
          ...(now === undefined ? [] : [now]),
          ...before.filter((key) => named.some((one) => one.accountKey === key)),
        ];
      },
    };
  }

  #refuse(channel: ChannelId, reason: ChainError['reason']): ChainError {
    if (this.#refused.get(channel) !== reason) {
      this.#refused.set(channel, reason);
      this.onChange();
    }
    return new ChainError(reason);
  }
}

/** Who came and went by a block, between what was said before and after. */
function linesOf(block: GroupBlock, after: number): ReturnType<typeof lineOf>[] {
  const { channel, version, author: by, at } = block;
  const founded = version === 1;
  const lines = [
    ...(founded ? [{ kind: 'founded', by } as const] : []),
    ...block.add
      .filter(({ account }) => !(founded && account === by))
      .map(({ account }) => ({ kind: 'joined', account, by }) as const),
    ...block.remove.map((account) =>
      account === by ? ({ kind: 'left', account } as const) : ({ kind: 'removed', account, by } as const),
    ),
  ];
  return lines.map((line, index) => {
    const place = after + 0.5 + Math.min(version, 99_999) / 1e6 + Math.min(index, 127) / 1e9;
    return lineOf(line, { id: `line ${channel} ${version} ${index}`, channel, n: place, at });
  });
}

export function accountsOf(state: GroupState): readonly AccountId[] {
  return membersOf(state).map(({ account }) => account);
}
