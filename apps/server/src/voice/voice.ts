import { SkerryError, type AccountId, type ChannelId, type CommandId, type SessionId } from '@skerry/protocol';
import { VOICE_TIMES, type VoiceAsk, type VoiceEndedWhy } from '@skerry/protocol/voice';
import type { Database } from '../db/database.ts';
import type { Handlers } from '../http/router.ts';
import type { Done } from '../log/commands.ts';
import type { OutputItem } from '../log/output.ts';
import { unreachable } from '../log/unreachable.ts';
import type { Clock, RateLimits } from '../rate-limits.ts';
import type { EngineEvents, Rights, Stay, VoiceEngine } from './engine.ts';
import type { VoiceRoute } from './off.ts';
import { relayFor, type RelayConfig } from './relay.ts';
import { Rooms, type Listener, type Present } from './rooms.ts';

/** A socket that may ask. */
export type Link = Listener & {
  readonly session: SessionId;
  readonly fail: (id: CommandId, error: SkerryError) => void;
};

export type VoiceDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly relay: RelayConfig | null;
  readonly engine: (events: EngineEvents) => VoiceEngine;
  readonly onFault: (error: unknown) => void;
  /** How long somebody without socket or sound keeps their place, in milliseconds. */
  readonly graceMs?: number;
};

type Held = { readonly stay: Stay; readonly present: Present; timer: NodeJS.Timeout | undefined; isIn: boolean };
type Asked<Kind extends VoiceAsk['kind']> = Extract<VoiceAsk, { kind: Kind }>;

/** What one account may have asked and not been answered yet. */
const MOST_WAITING = 8;

/**
 * Who talks where. Membership, muting and permission are decided here, before the engine; of one account everything is done in
 * order, and its last wish counts. Nothing of it is kept, but who was muted by a moderator. SPEC V-1 to V-7.
 */
export class Voice implements AsyncDisposable {
  readonly handlers: Pick<Handlers, VoiceRoute>;
  readonly #deps: VoiceDeps;
  readonly #engine: VoiceEngine;
  readonly #rooms = new Rooms();
  /** One for each account: whoever joins again leaves where they were. */
  readonly #held = new Map<AccountId, Held>();
  readonly #byStay = new Map<Stay, Held>();
  readonly #turns = new Map<AccountId, { last: Promise<void>; waiting: number }>();
  #isStopping = false;

  constructor(deps: VoiceDeps) {
    this.#deps = deps;
    this.#engine = deps.engine({
      connected: (stay, isConnected) => this.#connected(stay, isConnected),
      speaking: (stay, isSpeaking) => this.#rooms.speaks(stay.room, stay.account, isSpeaking),
      slots: (stay, slots) =>
        this.#tell(stay, (listener) => listener.say(null, { kind: 'slots', stay: stay.id, slots })),
      grow: (stay, slots) => this.#tell(stay, (listener) => listener.say(null, { kind: 'grow', stay: stay.id, slots })),
    });
    this.handlers = {
      voiceStatus: async ({ caller }) => {
        await deps.db.read('voice.mayLookAfter', { account: caller.account });
        return { ...(await this.#engine.status()), people: this.#rooms.people, relay: deps.relay !== null };
      },
    };
  }

  /** A socket asks something. The answer, or why there is none, goes to it. */
  receive(link: Link, { id, ask }: { readonly id: CommandId; readonly ask: VoiceAsk }): void {
    const turn = this.#turns.get(link.account) ?? { last: Promise.resolve(), waiting: 0 };
    const wait =
      turn.waiting >= MOST_WAITING
        ? 1_000
        : this.#deps.limits.wait(ask.kind === 'join' ? 'voiceJoin' : 'voice', link.account);
    if (wait > 0) return link.fail(id, new SkerryError('rate_limited', { retryAfterMs: wait }));
    this.#turns.set(link.account, turn);
    turn.waiting += 1;
    turn.last = turn.last
      .then(() => this.#answer(link, id, ask))
      .catch((error: unknown) => {
        if (!(error instanceof SkerryError)) this.#deps.onFault(error);
        link.fail(id, error instanceof SkerryError ? error : new SkerryError('internal'));
      })
      .finally(() => {
        turn.waiting -= 1;
        if (turn.waiting === 0) this.#turns.delete(link.account);
      });
  }

  /** The socket is gone. Whoever talked by it has a while to come back. */
  gone(link: Link): void {
    this.#rooms.unwatch(link);
    const held = this.#held.get(link.account);
    if (held?.present.listener !== link) return;
    held.present.listener = null;
    this.#watchOver(held);
  }

  /** Something was committed that may concern who can be where. */
  committed(items: readonly OutputItem[]): void {
    for (const item of items) {
      if (item.type === 'sessionEnded') {
        for (const held of [...this.#held.values()])
          if (held.stay.session === item.session) this.#endSoon(held, 'forbidden');
      } else if (item.type === 'member') {
        this.#rooms.memberChanged(item.channel, item.account, item.joined);
        const held = this.#held.get(item.account);
        if (!item.joined && held?.stay.room === item.channel) this.#check(held);
      }
    }
  }

  /** A command was done and is on the disk. */
  done({ command }: Pick<Done, 'command'>): void {
    if (command.kind !== 'channel.archive') return;
    for (const held of [...this.#held.values()]) if (held.stay.room === command.channel) this.#check(held);
  }

  /** Takes nobody in any more and says so to all who are here. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#held.values()].map((held) => this.#end(held, 'stopped')));
    await Promise.all([...this.#turns.values()].map(({ last }) => last));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#rooms.stop();
    await this.#engine[Symbol.asyncDispose]();
  }

  async #answer(link: Link, id: CommandId, ask: VoiceAsk): Promise<void> {
    if (this.#isStopping) throw new SkerryError('unavailable', { retryAfterMs: 2_000 });
    switch (ask.kind) {
      case 'watch':
        if (ask.on) return link.say(id, this.#rooms.watch(link));
        this.#rooms.unwatch(link);
        break;
      case 'join':
        return this.#join(link, id, ask);
      case 'resume':
        return this.#resume(link, id, ask);
      case 'offer': {
        const { stay } = this.#own(link, ask.stay);
        return link.say(id, { kind: 'answer', ...(await this.#engine.renegotiate(stay, ask.sdp)) });
      }
      case 'state':
        this.#setState(this.#own(link, ask.stay), ask);
        break;
      case 'leave':
        await this.#end(this.#own(link, ask.stay), null);
        break;
      case 'silence':
        await this.#silence(link, ask);
        break;
      case 'kick':
        await this.#takeOut(link, ask.account, null);
        break;
      case 'move':
        await this.#takeOut(link, ask.account, ask.to);
        break;
      default:
        return unreachable(ask);
    }
    link.say(id, { kind: 'done' });
  }

  async #join(link: Link, id: CommandId, ask: Asked<'join'>): Promise<void> {
    const { channel, muted, deaf, sdp } = ask;
    const { account, session } = link;
    const access = await this.#access(account, channel);
    const held: Held = {
      stay: { id, room: channel, account, session },
      present: { muted: muted || deaf, deaf, silenced: access.isSilenced, away: true, listener: link },
      timer: undefined,
      isIn: false,
    };
    const older = this.#held.get(account);
    this.#held.set(account, held);
    this.#byStay.set(held.stay, held);
    try {
      if (older !== undefined) await this.#end(older, 'displaced');
      const grant = await this.#engine.join(held.stay, { sdp: sdp ?? null, rights: rightsOf(held.present) });
      // Meanwhile the account may have been taken out of the channel.
      await this.#deps.db.read('voice.access', { account, channel });
      if (this.#held.get(account) !== held) throw new SkerryError('forbidden');
      held.isIn = true;
      this.#rooms.enter(channel, account, { isPublic: access.isPublic, present: held.present });
      this.#watchOver(held);
      const iceServers = relayFor(this.#deps.relay, account, this.#deps.clock.now());
      link.say(id, { kind: 'joined', channel, people: this.#rooms.peopleIn(channel), grant, iceServers });
    } catch (error) {
      await this.#end(held, null);
      throw error;
    }
  }

  #resume(link: Link, id: CommandId, { stay: wanted }: Asked<'resume'>): void {
    const held = this.#own(link, wanted);
    held.present.listener = link;
    this.#watchOver(held);
    const { stay } = held;
    const people = this.#rooms.peopleIn(stay.room);
    link.say(id, { kind: 'resumed', channel: stay.room, people, slots: this.#engine.slotsOf(stay) });
  }

  #setState(held: Held, { muted, deaf }: Asked<'state'>): void {
    Object.assign(held.present, { muted: muted || deaf, deaf });
    this.#applyRights(held);
  }

  async #silence(link: Link, { account, on }: Asked<'silence'>): Promise<void> {
    await this.#deps.db.write('voice.silence', { actor: link.account, account, on });
    const held = this.#held.get(account);
    if (held === undefined) return;
    held.present.silenced = on;
    this.#applyRights(held);
  }

  /** Somebody else's stay ends; with `to` they are told where to join. */
  async #takeOut(link: Link, account: AccountId, to: ChannelId | null): Promise<void> {
    const held = this.#held.get(account);
    if (held === undefined) throw new SkerryError('not_found', { field: 'account' });
    const actor = link.account;
    await this.#deps.db.read('voice.mayRemove', { actor, account, channel: held.stay.room });
    if (to !== null) {
      await this.#deps.db.read('voice.access', { account: actor, channel: to });
      await this.#access(account, to);
    }
    if (to === null) await this.#end(held, 'kicked');
    else await this.#end(held, 'moved', to);
  }

  /** @throws SkerryError why the account may not join the channel now */
  async #access(account: AccountId, channel: ChannelId) {
    const access = await this.#deps.db.read('voice.access', { account, channel });
    const others = [...this.#held.values()].filter(({ stay }) => stay.room === channel && stay.account !== account);
    if (access.people > 0 && others.length >= access.people)
      throw new SkerryError('limit_reached', { field: 'channel', message: 'This voice channel is full.' });
    return access;
  }

  /** @throws SkerryError not_found when this session has no such stay */
  #own(link: Link, id: CommandId): Held {
    const held = this.#held.get(link.account);
    if (held === undefined || held.stay.id !== id || held.stay.session !== link.session || !held.isIn)
      throw new SkerryError('not_found', { field: 'stay' });
    return held;
  }

  #applyRights({ stay, present }: Held): void {
    this.#engine.setRights(stay, rightsOf(present));
    this.#rooms.changed(stay.room);
  }

  #connected(stay: Stay, isConnected: boolean): void {
    const held = this.#byStay.get(stay);
    if (held === undefined || held.present.away !== isConnected) return;
    held.present.away = !isConnected;
    if (!held.isIn) return;
    this.#rooms.changed(stay.room);
    this.#watchOver(held);
  }

  /** Whoever is without socket or sound has a while, from the last time something changed about that. */
  #watchOver(held: Held): void {
    clearTimeout(held.timer);
    held.timer = undefined;
    if (!held.isIn || (held.present.listener !== null && !held.present.away)) return;
    held.timer = setTimeout(() => this.#endSoon(held, 'lost'), this.#deps.graceMs ?? VOICE_TIMES.graceMs).unref();
  }

  /** The stay ends unless the account may still be there. */
  #check(held: Held): void {
    const { account, room } = held.stay;
    this.#deps.db.read('voice.access', { account, channel: room }).catch((error: unknown) => {
      if (!(error instanceof SkerryError)) this.#deps.onFault(error);
      this.#endSoon(held, 'forbidden');
    });
  }

  #endSoon(held: Held, why: VoiceEndedWhy): void {
    this.#end(held, why).catch(this.#deps.onFault);
  }

  /** Ends a stay, once, and gives back what it used. @param why null: its own wish, or nobody was told of it yet */
  async #end(held: Held, why: VoiceEndedWhy | null, to?: ChannelId): Promise<void> {
    const { stay, present } = held;
    if (!this.#byStay.delete(stay)) return;
    clearTimeout(held.timer);
    if (this.#held.get(stay.account) === held) this.#held.delete(stay.account);
    this.#rooms.leave(stay.room, stay.account, present);
    if (why !== null && held.isIn)
      present.listener?.say(null, {
        kind: 'ended',
        stay: stay.id,
        channel: stay.room,
        why,
        ...(to === undefined ? {} : { to }),
      });
    held.isIn = false;
    await this.#engine.leave(stay);
  }

  #tell(stay: Stay, tell: (listener: Listener) => void): void {
    const held = this.#byStay.get(stay);
    if (held?.isIn === true && held.present.listener !== null) tell(held.present.listener);
  }
}

function rightsOf({ muted, deaf, silenced }: Present): Rights {
  return { speaks: !muted && !deaf && !silenced, hears: !deaf };
}
