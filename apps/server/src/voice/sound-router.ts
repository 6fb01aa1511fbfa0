import type { ChannelId } from '@skerry/protocol';
import { VOICE_LIMITS, type Slots } from '@skerry/protocol/voice';
import type { EngineEvents, Rights, Stay } from './engine.ts';
import { SlotStream, type Place } from './slot-stream.ts';
import { Speech } from './speech.ts';

/** One Opus frame, as it came: the router never looks inside, so it may be encrypted. */
export type Sound = Place & {
  /** Decibels below the loudest, as the sender says; 127 is silence. */
  readonly level: number;
  readonly payload: Uint8Array;
};

/** Where a listener's sound goes. */
export interface Outlet {
  /** Names of the slots, in order; they only become more. */
  readonly slots: readonly string[];
  /** Whether something sent now would arrive. */
  readonly isOpen: boolean;
  send(slot: string, sound: Sound & { readonly marker: boolean }): void;
}

type Member = {
  readonly stay: Stay;
  readonly outlet: Outlet;
  rights: Rights;
  /** Another object after each pause in what of them is forwarded. */
  stretch: object;
  readonly speech: Speech;
  /** Whom they hear where. */
  readonly ears: Map<Member, Ear>;
  /** Packets of the running second. */
  second: number;
  packets: number;
  askedToGrow: number;
  /** Their last packet was forwarded. */
  hasFloor: boolean;
};
type Ear = { readonly slot: string; readonly stream: SlotStream };

/** In a room with more people than this, silence is not forwarded, and of those who speak so many are. SPEC V-9. */
const SMALL_ROOM = 12;
const MOST_SPEAKERS = 6;
/** Packets a second one person may send: Opus makes 50, or 100 of 10 ms. */
const MOST_PACKETS = 130;

/** Hands each sound to the others in the room, whatever it came by. */
export class SoundRouter {
  readonly #events: Pick<EngineEvents, 'speaking' | 'slots' | 'grow'>;
  readonly #now: () => number;
  readonly #rooms = new Map<ChannelId, Set<Member>>();
  readonly #members = new Map<Stay, Member>();
  /** A slot keeps its numbers when another person takes it. */
  readonly #streams = new WeakMap<Member, Map<string, SlotStream>>();

  constructor(events: Pick<EngineEvents, 'speaking' | 'slots' | 'grow'>, now: () => number) {
    this.#events = events;
    this.#now = now;
  }

  /** Streams that would be forwarded if everybody spoke. */
  get streams(): number {
    let streams = 0;
    for (const { ears } of this.#members.values()) streams += ears.size;
    return streams;
  }

  enter(stay: Stay, outlet: Outlet, rights: Rights): void {
    const room = this.#rooms.get(stay.room) ?? new Set<Member>();
    this.#rooms.set(stay.room, room);
    const member: Member = {
      stay,
      outlet,
      rights,
      stretch: {},
      speech: new Speech(),
      ears: new Map(),
      second: 0,
      packets: 0,
      askedToGrow: 0,
      hasFloor: true,
    };
    room.add(member);
    this.#members.set(stay, member);
    for (const other of room) this.#listen(other, other === member ? 'told in the answer' : 'tell');
  }

  leave(stay: Stay): void {
    const member = this.#members.get(stay);
    if (member === undefined) return;
    this.#members.delete(stay);
    if (member.speech.stop()) this.#events.speaking(stay, false);
    const room = this.#rooms.get(stay.room);
    room?.delete(member);
    if (room?.size === 0) this.#rooms.delete(stay.room);
    for (const other of room ?? []) {
      if (other.ears.delete(member)) this.#listen(other, 'tell', true);
    }
  }

  setRights(stay: Stay, rights: Rights): void {
    const member = this.#members.get(stay);
    if (member === undefined) return;
    // What follows a pause is another stretch, to those who were without it.
    if (rights.speaks && !member.rights.speaks) member.stretch = {};
    if (rights.hears && !member.rights.hears) for (const ear of member.ears.values()) ear.stream.cut();
    member.rights = rights;
    if (!rights.speaks && member.speech.stop()) this.#events.speaking(stay, false);
  }

  slotsOf(stay: Stay): Slots {
    const member = this.#members.get(stay);
    return member === undefined ? [] : slotsOf(member);
  }

  /** The listener has more slots than before. */
  grown(stay: Stay): void {
    const member = this.#members.get(stay);
    if (member !== undefined) this.#listen(member, 'told in the answer');
  }

  /** Something came from the person. It counts only while they may speak. */
  sound(stay: Stay, sound: Sound): void {
    const member = this.#members.get(stay);
    if (member === undefined || !member.rights.speaks) return;
    if (sound.payload.length === 0 || sound.payload.length > VOICE_LIMITS.packetBytes) return;
    const now = this.#now();
    if (this.#isFlooding(member, now)) return;
    if (member.speech.heard(sound.level, now)) this.#events.speaking(stay, member.speech.isSpeaking);
    const room = this.#rooms.get(stay.room) ?? new Set();
    if (!this.#mayBeHeard(member, room)) return;
    for (const listener of room) {
      const ear = listener.ears.get(member);
      if (ear === undefined || !listener.rights.hears || !listener.outlet.isOpen) continue;
      const placed = ear.stream.next(member.stretch, sound, now);
      if (placed === null) continue;
      listener.outlet.send(ear.slot, { ...placed, level: sound.level, payload: sound.payload });
    }
  }

  /** Called a few times a second. */
  tick(): void {
    const now = this.#now();
    for (const { stay, speech } of this.#members.values()) if (speech.tick(now)) this.#events.speaking(stay, false);
  }

  /** Who speaks while there is room for one more has the floor until they stop. */
  #mayBeHeard(member: Member, room: ReadonlySet<Member>): boolean {
    const had = member.hasFloor;
    if (room.size <= SMALL_ROOM) member.hasFloor = true;
    else if (!member.speech.isSpeaking) member.hasFloor = false;
    else if (!had)
      member.hasFloor =
        [...room].filter(({ hasFloor, speech }) => hasFloor && speech.isSpeaking).length < MOST_SPEAKERS;
    if (member.hasFloor && !had) member.stretch = {};
    return member.hasFloor;
  }

  #isFlooding(member: Member, now: number): boolean {
    const second = Math.floor(now / 1_000);
    if (second !== member.second) [member.second, member.packets] = [second, 0];
    member.packets += 1;
    return member.packets > MOST_PACKETS;
  }

  /** Gives everybody who is not heard yet a free slot of the listener. */
  #listen(listener: Member, how: 'tell' | 'told in the answer', hasChanged = false): void {
    const taken = new Set([...listener.ears.values()].map(({ slot }) => slot));
    const free = listener.outlet.slots.filter((slot) => !taken.has(slot));
    const others = [...(this.#rooms.get(listener.stay.room) ?? [])].filter((other) => other !== listener);
    let changed = hasChanged;
    for (const other of others) {
      if (listener.ears.has(other)) continue;
      const slot = free.shift();
      if (slot === undefined) break;
      listener.ears.set(other, { slot, stream: this.#streamOf(listener, slot) });
      changed = true;
    }
    if (changed && how === 'tell') this.#events.slots(listener.stay, slotsOf(listener));
    if (listener.ears.size < others.length) this.#askToGrow(listener, others.length);
  }

  /** Once for each number: who does not grow stays as they are. */
  #askToGrow(listener: Member, people: number): void {
    const wanted = Math.min(VOICE_LIMITS.slots, Math.max(people, 2 * listener.outlet.slots.length));
    if (wanted <= listener.askedToGrow) return;
    listener.askedToGrow = wanted;
    this.#events.grow(listener.stay, wanted);
  }

  #streamOf(listener: Member, slot: string): SlotStream {
    const streams = this.#streams.get(listener) ?? new Map<string, SlotStream>();
    this.#streams.set(listener, streams);
    const stream = streams.get(slot) ?? new SlotStream();
    streams.set(slot, stream);
    return stream;
  }
}

const slotsOf = ({ ears }: Member): Slots => [...ears].map(([{ stay }, { slot }]) => [slot, stay.account]);
