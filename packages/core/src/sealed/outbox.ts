import { CryptoError } from '@skerry/crypto';
import {
  type AccountId,
  type BlobId,
  type ChannelId,
  type Command,
  type CommandId,
  type CommandResult,
  ERRORS,
  fromBase64Url,
  type MessageId,
  SkerryError,
  uuidv7,
} from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import { type DeviceAddress, TrustError } from '../keys/ports.ts';
import { Lifetime } from '../lifetime.ts';
import type { Queued } from '../messages/send-queue.ts';
import type { Subscribable } from '../subscribable.ts';
import { Value } from '../value.ts';
import { type Content, encodeNote, type Note, opOf, type Said } from './content.ts';
import type { Effects } from './effects.ts';
import { type Attempt, type Audience, encryptMessage, encryptNote, membersIn } from './encrypt.ts';
import { ChainError, type GroupBook } from './group-book.ts';
import type { SealedDeps } from './ports.ts';
import { fits, type Shell } from './rows.ts';
import type { Draft, SealedKey, SealedStore } from './store.ts';

type Intent =
  | { readonly kind: 'said'; readonly content: Omit<Content, 'chain'> }
  | { readonly kind: 'note'; readonly note: Note; readonly to: readonly DeviceAddress[] };

/** Something the person did that the server has not confirmed. Sealed at rest. */
type OutRow = {
  readonly order: number;
  readonly id: CommandId;
  readonly account: AccountId;
  /** Those of one lane go one after the other. */
  readonly lane: string;
  readonly intent: Intent;
  readonly writtenAt: number;
  readonly parked: { readonly code: string; readonly message: string } | null;
  /** What was encrypted, kept with the ratchets it moved, and is sent unchanged until it is answered. */
  readonly attempt: Attempt | null;
  readonly chain: number;
};

const MAX_ROWS = 10_000;
const LANES_AT_ONCE = 6;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;
/** Refusals for an outdated roster, or broken sessions, after which it waits like for any other failure. */
const TRIES = 5;

/**
 * Everything said in encrypted conversations that the server has not confirmed. It is in strict storage, sealed, before
 * it is encrypted; what encrypting moves and the bytes of the command are one commit, and the same bytes leave until they
 * are answered. When the devices or members changed it is encrypted anew under the same id. One lane per channel. C-2, I2, I13
 */
export class Outbox implements AsyncDisposable {
  readonly #deps: SealedDeps;
  readonly #store: SealedStore;
  readonly #effects: Effects;
  readonly #groups: GroupBook;
  readonly #lifetime = new Lifetime();
  readonly #rows = new Map<CommandId, OutRow>();
  readonly #view = new Value<readonly Queued[]>([]);
  readonly #running = new Map<string, CommandId>();
  readonly #notBefore = new Map<CommandId, number>();
  readonly #tries = new Map<CommandId, number>();
  #nextOrder = 1;
  #cancelTimer: () => void = () => undefined;
  #ended = false;

  constructor(deps: SealedDeps, parts: { store: SealedStore; effects: Effects; groups: GroupBook }) {
    this.#deps = deps;
    this.#store = parts.store;
    this.#effects = parts.effects;
    this.#groups = parts.groups;
    this.#lifetime.add(deps.live.subscribe(() => this.#woken()));
    this.#lifetime.add(deps.keys.status.subscribe(() => this.#woken()));
  }

  /** Unconfirmed sends and changes in their order, as other channels have them. */
  get rows(): Subscribable<readonly Queued[]> {
    return this.#view;
  }

  async load(): Promise<void> {
    for (const { value } of await this.#store.all<OutRow>('out')) this.#rows.set(value.id, value);
    this.#nextOrder = Math.max(0, ...[...this.#rows.values()].map(({ order }) => order)) + 1;
    this.#changed();
    this.#pump();
  }

  has(id: string): boolean {
    return this.#rows.has(id as CommandId);
  }

  /**
   * Keeps something said and sends it as soon as possible. Resolves when it is kept.
   * @returns its id
   */
  async say(channel: ChannelId, said: Said, target: MessageId | null = null): Promise<MessageId> {
    const id = this.#newId();
    const content = {
      server: this.#deps.keys.serverId,
      channel,
      id: id as string as MessageId,
      op: opOf(said),
      target,
      said,
    };
    const outdated = [...this.#rows.values()].filter((row) => this.#isOutdated(row, content));
    await this.#add(id, { lane: channel, intent: { kind: 'said', content }, without: outdated });
    return content.id;
  }

  /** Keeps an envelope that belongs to no message, for these devices. */
  async note(to: readonly DeviceAddress[], note: Note): Promise<void> {
    if (to.length === 0) return;
    const lane = `note ${to.map(({ name, device }) => `${name}.${String(device)}`).join(' ')}`;
    await this.#add(this.#newId(), { lane, intent: { kind: 'note', note, to }, without: [] });
  }

  /** As `SendQueue.takeBack`: if the server may have got it after all, an erasure follows it. */
  async takeBack(id: string): Promise<string | undefined> {
    const row = this.#rows.get(id as CommandId);
    if (row?.intent.kind !== 'said' || this.#isRunning(row)) return undefined;
    const { content } = row.intent;
    if (content.said.what !== 'post' && content.said.what !== 'edit') return undefined;
    const { text } = content.said;
    const related = [...this.#rows.values()].filter(
      (one) =>
        one !== row && one.intent.kind === 'said' && one.intent.content.target === content.id && !this.#isRunning(one),
    );
    const gone = [row, ...related];
    await this.#store.commit((draft) => gone.forEach(({ order }) => draft.set(['out', order], undefined)));
    gone.forEach((one) => this.#forget(one));
    this.#changed();
    const isSent = row.attempt !== null && row.parked === null && content.said.what === 'post';
    if (isSent) await this.say(content.channel, { what: 'erase' }, content.id);
    return text;
  }

  async retry(id: string): Promise<void> {
    const row = this.#rows.get(id as CommandId);
    if (row?.parked == null) return;
    this.#tries.delete(row.id);
    this.#notBefore.delete(row.id);
    await this.#write({ ...row, parked: null, attempt: null });
    this.#pump();
  }

  /** Tries again what was stopped for want of trust. */
  async trustChanged(): Promise<void> {
    for (const row of [...this.#rows.values()])
      if (row.parked?.code === 'keys_changed' || row.parked?.code === 'keys_refused') await this.retry(row.id);
  }

  /**
   * The server says that it has it: its effects are kept and it leaves the queue, in one commit. Not where it names another
   * conversation than it was said in: whoever is in that one could ask for it.
   */
  async echo(shell: Shell): Promise<boolean> {
    const row = this.#rows.get(shell.id as string as CommandId);
    if (row?.intent.kind !== 'said' || !fits(row.intent.content, shell)) return false;
    await this.#done(row, shell);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#cancelTimer();
    await this.#lifetime[Symbol.asyncDispose]();
  }

  #newId(): CommandId {
    return uuidv7(this.#deps.clock.now(), this.#deps.random.bytes(10));
  }

  async #add(
    id: CommandId,
    { lane, intent, without }: { lane: string; intent: Intent; without: readonly OutRow[] },
  ): Promise<void> {
    if (this.#rows.size >= MAX_ROWS) throw new LocalError('limit_reached', 'Too much is waiting to be sent.');
    const row: OutRow = {
      order: this.#nextOrder++,
      id,
      account: this.#deps.keys.self.name,
      lane,
      intent,
      writtenAt: this.#deps.clock.now(),
      parked: null,
      attempt: null,
      chain: 0,
    };
    await this.#store.commit((draft) => {
      draft.set(keyOf(row), row);
      for (const one of without) draft.set(keyOf(one), undefined);
    });
    for (const one of without) if (!this.#isRunning(one)) this.#forget(one);
    this.#rows.set(id, row);
    this.#changed();
    this.#pump();
  }

  /** A later edit, or reaction with the same emoji, makes one pointless that was not tried yet. */
  #isOutdated(row: OutRow, by: Omit<Content, 'chain'>): boolean {
    if (row.intent.kind !== 'said' || row.attempt !== null || row.parked !== null || this.#isRunning(row)) return false;
    const { said, target } = row.intent.content;
    if (target === null || target !== by.target || said.what !== by.said.what) return false;
    return said.what === 'edit' || (said.what === 'react' && by.said.what === 'react' && said.emoji === by.said.emoji);
  }

  #isRunning({ lane, id }: OutRow): boolean {
    return this.#running.get(lane) === id;
  }

  #woken(): void {
    if (this.#deps.live.get()) this.#notBefore.clear();
    this.#pump();
  }

  #canSend(): boolean {
    return !this.#ended && this.#deps.live.get() && this.#deps.keys.status.get().kind === 'ready';
  }

  /** Starts every lane that has something to do and isn't busy. */
  #pump(): void {
    this.#cancelTimer();
    if (!this.#canSend()) return;
    const now = this.#deps.clock.now();
    const seen = new Set<string>();
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const row of this.#inOrder()) {
      if (row.parked !== null || seen.has(row.lane)) continue;
      seen.add(row.lane);
      if (this.#running.has(row.lane)) continue;
      const at = this.#notBefore.get(row.id) ?? 0;
      if (at > now) wakeAt = Math.min(wakeAt, at);
      else if (this.#running.size < LANES_AT_ONCE) this.#start(row);
    }
    if (wakeAt < Number.POSITIVE_INFINITY) this.#cancelTimer = this.#deps.clock.after(wakeAt - now, () => this.#pump());
  }

  #start(row: OutRow): void {
    this.#running.set(row.lane, row.id);
    this.#changed();
    const work = this.#send(row)
      .catch((error: unknown) => this.#failed(this.#rows.get(row.id), error))
      // Looking anew may show why it must not be sent.
      .catch((error: unknown) => this.#failed(this.#rows.get(row.id), error))
      .catch(() => this.#later(row.id, undefined))
      .finally(() => {
        this.#running.delete(row.lane);
        this.#changed();
        this.#pump();
      });
    this.#lifetime.run(work);
  }

  async #send(given: OutRow): Promise<void> {
    const { signal } = this.#lifetime;
    const row = given.attempt === null ? await this.#encrypted(given, signal) : given;
    if (row.attempt === null) return;
    const result = await this.#deps.api.command(row.id, row.attempt.command, signal);
    const { distributed } = row.attempt;
    if (distributed !== null && row.intent.kind === 'said') {
      const body = fromBase64Url(distributed.body) ?? new Uint8Array();
      await this.#deps.keys.groups.confirm(row.intent.content.channel, body, distributed.to);
    }
    // The stream may have told of it meanwhile.
    const now = this.#rows.get(row.id);
    if (now !== undefined) await this.#done(now, this.#shellOf(now, result));
  }

  async #encrypted(row: OutRow, signal: AbortSignal): Promise<OutRow> {
    const { keys } = this.#deps;
    const { intent } = row;
    let next = row;
    const chain = { version: 0 };
    const commit = async (attempt: Attempt, changes: Parameters<SealedStore['commit']>[1]): Promise<void> => {
      next = { ...row, attempt, chain: chain.version };
      await this.#store.commit((draft) => draft.set(keyOf(row), next), changes);
      this.#rows.set(row.id, next);
    };
    if (intent.kind === 'note') {
      await encryptNote(keys, { plain: encodeNote(intent.note), to: intent.to }, { signal, commit });
      return next;
    }
    const audience = await this.#audience(intent.content.channel, signal);
    if (audience.kind === 'group') chain.version = audience.group.version;
    await encryptMessage(
      keys,
      { content: intent.content, audience, blobs: blobsOf(intent.content.said) },
      { signal, commit },
    );
    return next;
  }

  /** @throws SkerryError `not_found` when this is no conversation one is in; ChainError */
  async #audience(channel: ChannelId, signal: AbortSignal): Promise<Audience> {
    const row = this.#deps.told.channel(channel);
    if (row?.member !== true) throw new SkerryError('not_found');
    const { sealed, pair } = row.channel;
    // One between two others is none of this device's, whoever says so.
    if (sealed === 'direct' && pair?.includes(this.#deps.keys.self.name) !== true) throw new SkerryError('not_found');
    if (sealed === 'direct' && pair !== undefined) return { kind: 'direct', members: pair };
    return { kind: 'group', group: await this.#groups.upTo(channel, 1, signal) };
  }

  #shellOf(row: OutRow, { n }: CommandResult): Shell {
    const { keys, clock, skew } = this.#deps;
    const { channel, id, op, target } = row.intent.kind === 'said' ? row.intent.content : NO_CONTENT;
    const at = clock.now() + (skew.get() ?? 0);
    return { channel, id, op, target, n, author: keys.self.name, device: keys.self.device, at };
  }

  async #done(row: OutRow, shell: Shell): Promise<void> {
    const { intent } = row;
    let then = (): void => undefined;
    await this.#store.commit(async (draft: Draft) => {
      draft.set(keyOf(row), undefined);
      if (intent.kind === 'note') return;
      const content: Content = { ...intent.content, chain: row.chain };
      then = await this.#effects.apply(draft, shell, content);
      await this.#effects.keepOwn(draft, shell, content);
    });
    this.#forget(row);
    then();
    this.#changed();
  }

  async #failed(row: OutRow | undefined, error: unknown): Promise<void> {
    if (row === undefined || this.#lifetime.signal.aborted) return;
    if (error instanceof TrustError) return this.#park(row, trustCode(error), error.message);
    if (error instanceof ChainError) return this.#park(row, 'chain_refused', error.message);
    if (error instanceof CryptoError) return this.#again(row, () => this.#park(row, 'no_session', NO_SESSION));
    if (!(error instanceof SkerryError)) return this.#later(row.id, undefined);
    if (error.code === 'devices_changed' || error.code === 'chain_conflict') {
      await this.#lookAnew(row);
      return this.#again(row, () => this.#later(row.id, undefined));
    }
    if (error.code === 'no_device') return this.#later(row.id, 30_000);
    switch (ERRORS[error.code].retry) {
      case 'later':
        return this.#later(row.id, error.retryAfterMs);
      case 'auth':
        return this.#later(row.id, MAX_BACKOFF_MS);
      case 'no':
      case 'change':
        return isText(row) ? this.#park(row, error.code, error.message) : this.#drop(row);
    }
  }

  /** Encrypts it anew at once, a few times; after that `otherwise`. */
  async #again(row: OutRow, otherwise: () => Promise<void> | void): Promise<void> {
    const tries = (this.#tries.get(row.id) ?? 0) + 1;
    this.#tries.set(row.id, tries);
    await this.#write({ ...row, attempt: null });
    if (tries >= TRIES) await otherwise();
  }

  /** Somebody has other devices, or is in or out: what the server says of it now is fetched and verified. */
  async #lookAnew(row: OutRow): Promise<void> {
    const { signal } = this.#lifetime;
    const { intent } = row;
    if (intent.kind === 'note') {
      await this.#deps.keys.refresh([...new Set(intent.to.map(({ name }) => name))], signal);
      return;
    }
    const { channel } = intent.content;
    if (this.#deps.told.channel(channel)?.channel.sealed === 'group') await this.#groups.fetch(channel, signal);
    await this.#deps.keys.refresh(membersIn(await this.#audience(channel, signal)), signal);
  }

  async #park(row: OutRow, code: string, message: string): Promise<void> {
    if (row.intent.kind === 'note') return this.#drop(row);
    await this.#write({ ...row, attempt: null, parked: { code, message } });
  }

  async #drop(row: OutRow): Promise<void> {
    await this.#store.commit((draft) => draft.set(keyOf(row), undefined));
    this.#forget(row);
    this.#changed();
  }

  #later(id: CommandId, wanted: number | undefined): void {
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    const own = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(tries - 1, 16));
    const wait = Math.max(own, Math.min(wanted ?? 0, 10 * MAX_BACKOFF_MS)) * (1 + 0.5 * this.#deps.random.fraction());
    this.#notBefore.set(id, this.#deps.clock.now() + wait);
  }

  async #write(row: OutRow): Promise<void> {
    if (!this.#rows.has(row.id)) return;
    await this.#store.commit((draft) => draft.set(keyOf(row), row));
    this.#rows.set(row.id, row);
    this.#changed();
  }

  #forget({ id }: OutRow): void {
    this.#rows.delete(id);
    this.#notBefore.delete(id);
    this.#tries.delete(id);
  }

  #inOrder(): readonly OutRow[] {
    return [...this.#rows.values()].sort((a, b) => a.order - b.order);
  }

  #changed(): void {
    const old = new Map(this.#view.get().map((row) => [row.id, row] as const));
    const rows = this.#inOrder().flatMap((row): Queued[] => {
      const command = shownAs(row);
      if (command === undefined) return [];
      const isSending = this.#isRunning(row);
      const before = old.get(row.id);
      if (before !== undefined && before.isSending === isSending && before.parked === row.parked) return [before];
      const { order, id, account, lane, writtenAt, parked } = row;
      const files = attachmentsOf(row);
      return [
        {
          order,
          id,
          account,
          lane,
          command,
          writtenAt,
          parked,
          isSending,
          ...(files.length > 0 ? { attachments: files } : {}),
        },
      ];
    });
    const was = this.#view.get();
    if (rows.length !== was.length || rows.some((row, index) => row !== was[index])) this.#view.set(rows);
  }
}

const NO_SESSION = 'No encrypted session could be made with one of the devices.';
const NO_CONTENT = { channel: '' as ChannelId, id: '' as MessageId, op: 'post', target: null } as const;

function keyOf({ order }: OutRow): SealedKey {
  return ['out', order];
}

function isText({ intent }: OutRow): boolean {
  return intent.kind === 'said' && (intent.content.said.what === 'post' || intent.content.said.what === 'edit');
}

function blobsOf(said: Said): BlobId[] {
  return said.what === 'post' ? said.attachments.map(({ blob }) => blob) : [];
}

function attachmentsOf({ intent }: OutRow): NonNullable<Queued['attachments']> {
  const said = intent.kind === 'said' ? intent.content.said : undefined;
  return said?.what === 'post'
    ? said.attachments.map(({ blob, name, type, size }) => ({ blob, name, type, size }))
    : [];
}

/** What it would be in a channel that isn't encrypted: so the same timelines show it. */
function shownAs({ intent }: OutRow): Command | undefined {
  if (intent.kind === 'note') return undefined;
  const { channel, target, said } = intent.content;
  const message = target as MessageId;
  switch (said.what) {
    case 'post':
      return { kind: 'message.send', channel, text: said.text, replyTo: said.replyTo };
    case 'edit':
      return { kind: 'message.edit', message, text: said.text };
    case 'react':
      return { kind: 'reaction.set', message, emoji: said.emoji, on: said.on };
    case 'erase':
      return { kind: 'message.delete', message };
    case 'name':
      return undefined;
  }
}

function trustCode({ reason }: TrustError): string {
  if (reason === 'no_keys') return 'peer_without_keys';
  return reason === 'held_back' || reason === 'key_without_succession' ? 'keys_changed' : 'keys_refused';
}
