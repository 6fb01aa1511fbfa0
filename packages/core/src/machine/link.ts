import { type Device, Sessions } from '@skerry/crypto';
import { type Answer, type RunState, SkerryError, toBase64Url } from '@skerry/protocol';
import type { MachineInfo, RunLine, RunMeta } from '@skerry/protocol/agents';
import type { ListCheck } from '../keys/list-chain.ts';
import { publishPrekeys } from '../keys/prekeys.ts';
import type { Subtle } from '../keys/subtle.ts';
import { Lifetime } from '../lifetime.ts';
import type { Subscribable } from '../subscribable.ts';
import { derived, Value } from '../value.ts';
import { AgentKeyBook } from './agent-key-book.ts';
import { Asks } from './asks.ts';
import { Bodies } from './bodies.ts';
import { Calls } from './calls.ts';
import { Commands } from './commands.ts';
import type { LinkState, MachineLink, MachineLinkOptions, NewAsk } from './face.ts';
import { KeyCourier } from './key-courier.ts';
import { machineSync } from './machine-sync.ts';
import { PersonList } from './person-list.ts';
import type { Records } from './records.ts';
import { Runs } from './runs.ts';
import { linkState } from './standing.ts';
import { type Wires, wiresOf } from './wires.ts';

export type LinkDeps = MachineLinkOptions & {
  readonly subtle: Subtle;
  readonly records: Records;
  readonly signal: Device;
  readonly verify: ListCheck['verify'];
  /** Its public keys, as a list names them. */
  readonly signKey: string;
  readonly identityKey: string;
  readonly serverKey: string;
};

/** How soon it looks again for the list that names it, or for one that can be believed. */
const LOOK_MS = 15_000;
/** Not at once: whoever says so each time shall not be asked without a pause. */
const LOOK_SOON_MS = 1_000;
const LOOK_REFUSED_MS = 10 * 60_000;
const UPKEEP_MS = 24 * 3_600_000;
const UPKEEP_RETRY_MS = 5 * 60_000;

/** See {@link MachineLink}. */
export class Link implements MachineLink {
  readonly #deps: LinkDeps;
  readonly #lifetime = new Lifetime();
  readonly #supported = new Value(true);
  readonly #wires: Wires;
  readonly #list: PersonList;
  readonly #keys: AgentKeyBook;
  readonly #courier: KeyCourier;
  readonly #asks: Asks;
  readonly #runs: Runs;
  readonly #calls: Calls;
  readonly state: Subscribable<LinkState>;
  #skew = 0;
  #cancelLook: () => void = () => undefined;
  #lookAt = Infinity;
  #cancelUpkeep: () => void = () => undefined;
  #departures = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    const { platform, identity, records, verify } = deps;
    const { clock, random, crypto } = platform;
    const { serverId, account, device } = identity;
    const { signal } = this.#lifetime;
    const run = (task: Promise<unknown>): void => this.#lifetime.run(task);
    this.#wires = wiresOf({
      ...deps,
      onKey: (key) => run(records.commit([records.put('machine', 'pin', { key })])),
      sync: machineSync({
        account,
        device,
        now: () => clock.now(),
        skew: (ms) => (this.#skew = ms),
        catchUp: (caller) => this.#catchUp(caller),
        ask: (ask) => this.#asks.heard(ask),
        list: (version) => this.#heardList(version),
        prekeys: () => this.#upkeep(),
      }),
      heardTime: (serverTime) => (this.#skew = serverTime - clock.now()),
      signal,
    });
    const { api, requests, wire, connection } = this.#wires;
    this.#list = new PersonList({
      serverId,
      account,
      pin: { accountKey: identity.accountKey, ...identity.list },
      own: { device, signKey: deps.signKey, identityKey: deps.identityKey },
      records,
      verify,
      digest: async (bytes) => toBase64Url(await crypto.sha256(bytes)),
      fetch: (after, caller) => api.call('deviceLists', { body: { accounts: [{ account, after }] }, signal: caller }),
    });
    this.state = derived([connection.state, this.#list.standing, this.#supported], linkState);
    const list = this.#list;
    const commands = new Commands({
      clock,
      random,
      requests,
      api,
      state: this.state,
      signal,
      strange: () => this.#lookLater(LOOK_SOON_MS),
    });
    this.#keys = new AgentKeyBook({
      records,
      random,
      departures: () => list.departures,
      changed: () => this.#courier.kick(),
    });
    const keys = this.#keys;
    const sessions = new Sessions(deps.signal, { postQuantum: 'required' });
    const told = { serverId, account, device, records, list, commands, clock, signal, run };
    this.#courier = new KeyCourier({ ...told, keys, sessions, api, outdated: () => this.#lookLater(LOOK_SOON_MS) });
    const bodies = new Bodies({ serverId, account, device, keys, subtle: deps.subtle, random, crypto });
    this.#asks = new Asks({
      ...told,
      bodies,
      verify,
      skew: () => this.#skew,
      fetch: (askId, caller) => api.call('ask', { params: { askId }, signal: caller }),
    });
    this.#runs = new Runs({
      records,
      bodies,
      commands,
      page: (runId, before, caller) =>
        api.call('runEntries', { params: { runId }, query: before === undefined ? {} : { before }, signal: caller }),
    });
    this.#calls = new Calls({
      bodies,
      list,
      courier: this.#courier,
      clock,
      reply: (to, body) => wire.answer(to.id, to.device, body),
      signal,
    });
    this.#lifetime.add(list.standing.subscribe(() => this.#stood()));
    this.#lifetime.add(
      wire.listen((frame) => {
        if (frame?.t === 'rpc') run(this.#calls.take(frame));
      }),
    );
  }

  /** Reads what is kept, then connects. @throws what the store throws */
  async start(): Promise<void> {
    for (const part of [this.#list, this.#keys, this.#courier, this.#asks]) await part.load();
    this.#departures = this.#list.departures;
    this.#wires.connection.enable();
  }

  describe(info: MachineInfo, signal?: AbortSignal): Promise<void> {
    return this.#runs.describe(info, signal);
  }
  createRun(id: string, meta: RunMeta, signal?: AbortSignal): Promise<void> {
    return this.#runs.create(id, meta, signal);
  }
  setRun(id: string, to: { state?: RunState; meta?: RunMeta }, signal?: AbortSignal): Promise<void> {
    return this.#runs.set(id, to, signal);
  }
  append(run: string, lines: readonly { id: string; line: RunLine }[], signal?: AbortSignal): Promise<number> {
    return this.#runs.append(run, lines, signal);
  }
  openAsk(ask: NewAsk, signal?: AbortSignal): Promise<void> {
    return this.#asks.open(ask, signal);
  }
  cancelAsk(id: string, signal?: AbortSignal): Promise<'cancelled' | 'closed'> {
    return this.#asks.cancel(id, signal);
  }
  taken(id: string, signal?: AbortSignal): Promise<void> {
    return this.#asks.taken(id, signal);
  }
  onAskEnd(handler: Parameters<MachineLink['onAskEnd']>[0]): void {
    this.#asks.handle(handler);
  }
  onCall(handler: Parameters<MachineLink['onCall']>[0]): void {
    this.#calls.handle(handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Aborts first: from then on nothing new is planned.
    await this.#lifetime[Symbol.asyncDispose]();
    await this.#wires.connection[Symbol.asyncDispose]();
    this.#endLook();
    this.#cancelUpkeep();
    this.#asks.dispose();
    this.#courier.dispose();
  }

  /** After each connect, before it counts as live. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    await this.#list.look(signal);
    const { kind } = this.#list.standing.get();
    if (kind === 'listed') await this.#readAsks(signal);
    this.#upkeep();
  }

  async #readAsks(signal: AbortSignal): Promise<void> {
    let snapshot: Answer<'machines'>;
    try {
      snapshot = await this.#wires.api.call('machines', { signal });
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code !== 'not_found') throw error;
      return this.#supported.set(false);
    }
    this.#supported.set(true);
    // The keys first: who sees what is new should be able to read it.
    await this.#keys.current(null);
    this.#courier.kick();
    await this.#asks.catchUp(snapshot.asks, signal);
  }

  #heardList(version: number): void {
    if (this.#list.heard(version)) this.#look();
  }

  /** Never throws. What can't be asked now is asked at the next connection. */
  #look(): void {
    const { signal } = this.#lifetime;
    const before = this.#list.standing.get().kind;
    const looked = this.#list.look(signal).then(async () => {
      if (this.#list.standing.get().kind !== 'listed') return;
      // Nothing was believed until now, so nothing was heard of either.
      if (before !== 'listed') return this.#readAsks(signal);
      if (this.#departures !== this.#list.departures) await this.#keys.current(null);
      this.#departures = this.#list.departures;
      this.#courier.kick();
    });
    this.#lifetime.run(looked.catch(() => this.#lookLater(LOOK_MS)));
  }

  #stood(): void {
    this.#endLook();
    const { kind } = this.#list.standing.get();
    if (kind === 'removed') this.#wires.connection.disable();
    if (kind === 'unlisted') this.#lookLater(LOOK_MS);
    if (kind === 'refused') this.#lookLater(LOOK_REFUSED_MS);
  }

  /** One that is due earlier stays. */
  #lookLater(ms: number): void {
    const { clock } = this.#deps.platform;
    const at = clock.now() + ms;
    // A look that ended with the link is not followed by another.
    if (this.#lifetime.signal.aborted || this.#lookAt <= at) return;
    this.#endLook();
    this.#lookAt = at;
    this.#cancelLook = clock.after(ms, () => {
      this.#endLook();
      this.#look();
      const { kind } = this.#list.standing.get();
      if (kind === 'unlisted' || kind === 'refused') this.#lookLater(kind === 'refused' ? LOOK_REFUSED_MS : LOOK_MS);
    });
  }

  #endLook(): void {
    this.#cancelLook();
    this.#cancelLook = () => undefined;
    this.#lookAt = Infinity;
  }

  /** Prekeys and the like, as every device keeps them. */
  #upkeep(): void {
    this.#cancelUpkeep();
    const { platform, identity, signal: device } = this.#deps;
    const { signal } = this.#lifetime;
    const { api } = this.#wires;
    const kept = api.call('ownDevices', { signal }).then(async ({ devices }) => {
      const own = devices.find((one) => one.device === identity.device);
      if (own !== undefined) await publishPrekeys({ signal: device, api, own }, signal);
    });
    const again = (ms: number) => (): void => {
      // Two may have been under way: the timer of the one before would be nobody's, and keep the process.
      this.#cancelUpkeep();
      if (!signal.aborted) this.#cancelUpkeep = platform.clock.after(ms, () => this.#upkeep());
    };
    this.#lifetime.run(kept.then(again(UPKEEP_MS), again(UPKEEP_RETRY_MS)));
  }
}
