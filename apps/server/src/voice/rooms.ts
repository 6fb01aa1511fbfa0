import type { AccountId, ChannelId, CommandId } from '@skerry/protocol';
import type { VoicePerson, VoiceSay, VoiceSayOf } from '@skerry/protocol/voice';

/** A socket of somebody who is told of voice. */
export type Listener = {
  readonly account: AccountId;
  readonly isMember: (channel: ChannelId) => boolean;
  readonly say: (id: CommandId | null, say: VoiceSay) => void;
};

/** What everybody who can see the room knows of a person in it, and the socket they hold on to it with. */
export type Present = Omit<VoicePerson, 'account'> & { listener: Listener | null };

type Room = {
  readonly isPublic: boolean;
  readonly people: Map<AccountId, Present>;
  readonly speaking: Set<AccountId>;
};

/** Changes of this long are told together, so that many people arriving at once are not many frames for many people. */
const TOGETHER_MS = 50;

/** Who is in which room and who speaks there, told to whoever is in it, and to whoever watches and may see it. SPEC V-2. */
export class Rooms {
  readonly #rooms = new Map<ChannelId, Room>();
  readonly #watchers = new Set<Listener>();
  readonly #changed = new Set<ChannelId>();
  readonly #spoken = new Set<ChannelId>();
  #timer: NodeJS.Timeout | undefined;

  get people(): number {
    let people = 0;
    for (const room of this.#rooms.values()) people += room.people.size;
    return people;
  }

  peopleIn(channel: ChannelId): VoicePerson[] {
    return [...(this.#rooms.get(channel)?.people ?? [])].map(([account, { muted, deaf, silenced, away }]) => ({
      account,
      muted,
      deaf,
      silenced,
      away,
    }));
  }

  enter(channel: ChannelId, account: AccountId, { isPublic, present }: { isPublic: boolean; present: Present }): void {
    const room = this.#rooms.get(channel) ?? { isPublic, people: new Map(), speaking: new Set() };
    this.#rooms.set(channel, room);
    room.people.set(account, present);
    this.changed(channel);
  }

  /** @param present as it was entered: another stay of the account is not touched */
  leave(channel: ChannelId, account: AccountId, present: Present): void {
    const room = this.#rooms.get(channel);
    if (room?.people.get(account) !== present) return;
    room.people.delete(account);
    room.speaking.delete(account);
    this.changed(channel);
  }

  changed(channel: ChannelId): void {
    this.#changed.add(channel);
    this.#later();
  }

  speaks(channel: ChannelId, account: AccountId, isSpeaking: boolean): void {
    const room = this.#rooms.get(channel);
    if (room === undefined || !room.people.has(account) || room.speaking.has(account) === isSpeaking) return;
    if (isSpeaking) room.speaking.add(account);
    else room.speaking.delete(account);
    this.#spoken.add(channel);
    this.#later();
  }

  /** From now on the listener is told. @returns how it stands */
  watch(listener: Listener): VoiceSayOf<'rooms'> {
    this.#watchers.add(listener);
    const rooms = [...this.#rooms].filter(([channel, room]) => room.people.size > 0 && sees(listener, channel, room));
    return {
      kind: 'rooms',
      rooms: rooms.map(([channel, { speaking }]) => ({
        channel,
        people: this.peopleIn(channel),
        speaking: [...speaking],
      })),
    };
  }

  unwatch(listener: Listener): void {
    this.#watchers.delete(listener);
  }

  /** The account came into a channel or went out of it, which may hold a room it could not see, or no longer can. */
  memberChanged(channel: ChannelId, account: AccountId, isMember: boolean): void {
    const room = this.#rooms.get(channel);
    if (room === undefined || room.isPublic) return;
    const people = isMember ? this.peopleIn(channel) : [];
    for (const watcher of this.#watchers)
      if (watcher.account === account) watcher.say(null, { kind: 'room', channel, people });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer ??= setTimeout(() => this.#tell(), TOGETHER_MS).unref();
  }

  #tell(): void {
    this.#timer = undefined;
    for (const channel of this.#changed) {
      this.#tellRoom(channel, { kind: 'room', channel, people: this.peopleIn(channel) });
      if (this.#rooms.get(channel)?.people.size === 0) this.#rooms.delete(channel);
    }
    for (const channel of this.#spoken) {
      const room = this.#rooms.get(channel);
      if (room !== undefined) this.#tellRoom(channel, { kind: 'speaking', channel, accounts: [...room.speaking] });
    }
    this.#changed.clear();
    this.#spoken.clear();
  }

  #tellRoom(channel: ChannelId, say: VoiceSay): void {
    const room = this.#rooms.get(channel);
    if (room === undefined) return;
    const told = new Set<Listener>();
    for (const watcher of this.#watchers) if (sees(watcher, channel, room)) told.add(watcher);
    for (const { listener } of room.people.values()) if (listener !== null) told.add(listener);
    for (const listener of told) listener.say(null, say);
  }
}

const sees = (listener: Listener, channel: ChannelId, room: Room): boolean =>
  room.isPublic || listener.isMember(channel);
