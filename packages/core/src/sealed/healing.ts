import type { ChannelId, MessageId } from '@skerry/protocol';
import type { DeviceAddress } from '../keys/ports.ts';
import { MAX_HEALED, type Note } from './content.ts';
import type { Effects } from './effects.ts';
import { wasMember } from './chain.ts';
import type { GroupBook } from './group-book.ts';
import type { Outbox } from './outbox.ts';
import type { SealedDeps } from './ports.ts';
import { placeOf, type Shell } from './rows.ts';
import type { Draft, SealedStore } from './store.ts';

/** Something that came and cannot be read: asked for again a few times, then given up. */
export type Waiting = { readonly shell: Shell; readonly since: number; readonly asked: number; readonly tries: number };

const ASK_AGAIN_MS = 6 * 3_600_000;
const TRIES = 3;
/** A session is begun anew at most this often, and as often a chain on one device's request. */
const RENEW_MS = 10 * 60_000;
/** Requests of one device that are answered within that time. */
const ANSWERS = 20;

/** Gets back what could not be read, and gives others what they could not read. */
export class Healing {
  readonly #deps: SealedDeps;
  readonly #store: SealedStore;
  readonly #outbox: Outbox;
  readonly #effects: Effects;
  readonly #groups: GroupBook;
  /** Devices whose session could not read something. */
  readonly #broken = new Map<string, DeviceAddress>();
  readonly #renewed = new Map<string, number>();
  readonly #answered = new Map<string, { count: number; since: number }>();
  #isDirty = true;

  constructor(deps: SealedDeps, parts: { store: SealedStore; outbox: Outbox; effects: Effects; groups: GroupBook }) {
    this.#deps = deps;
    this.#store = parts.store;
    this.#outbox = parts.outbox;
    this.#effects = parts.effects;
    this.#groups = parts.groups;
  }

  /** Puts a message that cannot be read into its place, as part of a commit. */
  async miss(draft: Draft, shell: Shell): Promise<void> {
    if ((await draft.get<Waiting>('wait', shell.id)) !== undefined) return;
    draft.set(['wait', shell.id], { shell, since: this.#deps.clock.now(), asked: 0, tries: 0 } satisfies Waiting);
    this.#isDirty = true;
    if (shell.op === 'post' && (await draft.row(shell.id)) === undefined)
      await this.#effects.place(draft, placeOf(shell, 'waitingForKeys'));
  }

  /** A session with this device could not read what it sent. */
  broken(address: DeviceAddress): void {
    this.#broken.set(nameOf(address), address);
    this.#isDirty = true;
  }

  waiting(draft: Draft, id: MessageId): Promise<Waiting | undefined> {
    return draft.get<Waiting>('wait', id);
  }

  /** It cannot be had back, as part of a commit. */
  async lose(draft: Draft, id: MessageId): Promise<void> {
    draft.set(['wait', id], undefined);
    const row = await draft.row(id);
    if (row !== undefined && row.post === null) draft.put({ ...row, mark: 'lost' });
  }

  /** Asks for what is missing, each device for its own. */
  async ask(signal: AbortSignal): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const { clock, keys } = this.#deps;
    const now = clock.now();
    const wanted = new Map<string, { to: DeviceAddress; channel: ChannelId; ids: MessageId[] }>();
    for (const { value } of await this.#store.all<Waiting>('wait')) {
      const { shell, asked, tries } = value;
      if (asked > 0 && now - asked < ASK_AGAIN_MS) continue;
      const to: DeviceAddress = { name: shell.author, device: shell.device };
      const isSelf = to.name === keys.self.name && to.device === keys.self.device;
      const isListed = keys.known(to.name)?.devices.some(({ device }) => device === to.device) ?? true;
      if (isSelf || !isListed || tries >= TRIES) {
        await this.#store.commit((draft) => this.lose(draft, shell.id));
        continue;
      }
      const name = `${nameOf(to)} ${shell.channel}`;
      const one = wanted.get(name) ?? { to, channel: shell.channel, ids: [] };
      if (one.ids.length < MAX_HEALED) one.ids.push(shell.id);
      wanted.set(name, one);
    }
    for (const address of this.#broken.values()) await this.#renew(address, signal);
    this.#broken.clear();
    for (const { to, channel, ids } of wanted.values()) {
      await this.#outbox.note([to], { server: keys.serverId, what: 'heal', channel, ids });
      await this.#store.commit(async (draft) => {
        for (const id of ids) {
          const waiting = await this.waiting(draft, id);
          if (waiting !== undefined) draft.set(['wait', id], { ...waiting, asked: now, tries: waiting.tries + 1 });
        }
      });
    }
  }

  /** On a new connection: what nobody answered is asked for once more, when it is time. */
  lookAgain(): void {
    this.#isDirty = true;
  }

  /**
   * Sends again what that device could not read, if it was meant for it: own messages, as far as they are kept.
   * @throws what the key side or the server throws
   */
  async answer(
    from: DeviceAddress,
    { channel, ids }: { channel: ChannelId; ids: readonly MessageId[] },
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#mayAnswer(from)) return;
    const { keys, told } = this.#deps;
    const row = told.channel(channel);
    const listed = (await keys.devicesOf([from.name], signal)).get(from.name)?.devices;
    const device = listed?.find((one) => one.device === from.device);
    const isGroup = row?.channel.sealed === 'group';
    const state = isGroup ? await this.#groups.upTo(channel, 1, signal) : null;
    const isPeer = row?.channel.pair?.includes(from.name) === true;
    if (row?.member !== true || device === undefined || (state === null && !isPeer)) return;
    const own = await this.#effects.own(channel);
    const gone: MessageId[] = [];
    const again: Note[] = [];
    for (const id of ids) {
      const kept = own.get(id);
      const isHere = kept?.content.channel === channel;
      const wasIn = isHere && (state === null || wasMember(state, from.name, kept.content.chain));
      if (!wasIn || device.addedAt > kept.at + RENEW_MS) gone.push(id);
      else again.push({ server: keys.serverId, what: 'again', content: kept.content });
    }
    if (gone.length > 0) again.push({ server: keys.serverId, what: 'gone', channel, ids: gone });
    for (const note of again) await this.#outbox.note([from], note);
    // It lacks the chain: the next message begins a new one, which everybody gets.
    if (state !== null) await keys.groups.rotate(channel);
  }

  async #renew(address: DeviceAddress, signal: AbortSignal): Promise<void> {
    const { clock, keys } = this.#deps;
    const name = nameOf(address);
    const now = clock.now();
    if (now - (this.#renewed.get(name) ?? Number.NEGATIVE_INFINITY) < RENEW_MS) return;
    this.#renewed.set(name, now);
    await keys.renewSession(address, signal);
  }

  #mayAnswer(from: DeviceAddress): boolean {
    const name = nameOf(from);
    const now = this.#deps.clock.now();
    const row = this.#answered.get(name);
    const next =
      row === undefined || now - row.since > RENEW_MS ? { count: 1, since: now } : { ...row, count: row.count + 1 };
    this.#answered.set(name, next);
    return next.count <= ANSWERS;
  }
}

function nameOf({ name, device }: DeviceAddress): string {
  return `${name}.${String(device)}`;
}
