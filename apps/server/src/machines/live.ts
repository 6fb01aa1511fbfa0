import {
  type AccountId,
  type CommandId,
  type Down,
  MACHINE_LIMITS,
  MACHINE_TIMES,
  SkerryError,
} from '@skerry/protocol';

/** A socket of an account. */
export type Endpoint = {
  readonly account: AccountId;
  /** Of its session; 0: it is tied to none. */
  readonly device: number;
  readonly isMachine: boolean;
  readonly send: (frame: Down) => void;
};

type Call = { readonly id: CommandId; readonly caller: Endpoint; readonly machine: Endpoint; dueAt: number };

export type LiveDeps = {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Runs a function once, later in this turn of the event loop. */
  readonly later: (act: () => void) => void;
};

const MOST_HEADS = 1_000;
/** Runs of an account, and accounts, whose last heads are at hand. */
const MOST_RUNS = 64;
const MOST_ACCOUNTS = 10_000;

function dropOldest<Key>(map: Map<Key, unknown>, most: number): void {
  const oldest = map.size > most ? map.keys().next() : undefined;
  if (oldest !== undefined && !oldest.done) map.delete(oldest.value);
}

/**
 * What of machines is not kept: which are connected, how far runs have grown, and calls from a person's devices to their
 * machines. A call is handed over, answered in one part or several, or it fails; it never waits for a machine that is not
 * there. SPEC M-12.
 */
export class Live {
  readonly #deps: LiveDeps;
  readonly #sockets = new Map<AccountId, Set<Endpoint>>();
  readonly #machines = new Map<AccountId, Map<number, Endpoint>>();
  /** By whom, then by id: ids of two devices may be equal. */
  readonly #calls = new Map<Endpoint, Map<CommandId, Call>>();
  #grown = new Map<AccountId, Map<string, number>>();
  /** Where runs stood last: who comes may have read a moment earlier. */
  readonly #heads = new Map<AccountId, Map<string, number>>();

  constructor(deps: LiveDeps) {
    this.#deps = deps;
  }

  /** The machines of an account that are connected. */
  online(account: AccountId): readonly number[] {
    return [...(this.#machines.get(account)?.keys() ?? [])];
  }

  /** What a socket is told when it comes. */
  opening(account: AccountId, heads: readonly (readonly [string, number])[]): Down[] {
    const online = this.online(account);
    const machines: Down[] =
      online.length === 0 ? [] : [{ t: 'machines', full: true, machines: online.map((device) => [device, true]) }];
    const reached = new Map(heads);
    for (const [run, head] of this.#heads.get(account) ?? []) reached.set(run, Math.max(head, reached.get(run) ?? 0));
    return reached.size === 0 ? machines : [...machines, { t: 'run_heads', heads: [...reached].slice(-MOST_HEADS) }];
  }

  /** A socket is here, and is told from now on; of two of a machine the later one counts. */
  come(endpoint: Endpoint): void {
    const sockets = this.#sockets.get(endpoint.account);
    if (sockets === undefined) this.#sockets.set(endpoint.account, new Set([endpoint]));
    else sockets.add(endpoint);
    if (!endpoint.isMachine) return;
    const here = this.#machines.get(endpoint.account);
    if (here === undefined) this.#machines.set(endpoint.account, new Map([[endpoint.device, endpoint]]));
    else here.set(endpoint.device, endpoint);
    this.#tellMachine(endpoint, true);
  }

  /** A socket is gone: nobody waits for it, and it waits for nobody. */
  leave(endpoint: Endpoint): void {
    this.#calls.delete(endpoint);
    const sockets = this.#sockets.get(endpoint.account);
    sockets?.delete(endpoint);
    if (sockets?.size === 0) this.#sockets.delete(endpoint.account);
    if (!endpoint.isMachine) return;
    for (const call of this.#callsTo(endpoint)) this.#fail(call, 'machine_offline');
    const here = this.#machines.get(endpoint.account);
    if (here?.get(endpoint.device) !== endpoint) return;
    here.delete(endpoint.device);
    if (here.size === 0) this.#machines.delete(endpoint.account);
    this.#tellMachine(endpoint, false);
  }

  /** Hands a call over. @throws SkerryError no_device, machine_offline, id_conflict, rate_limited */
  call(caller: Endpoint, { id, to, body }: { id: CommandId; to: number; body: string }): void {
    if (caller.isMachine || caller.device === 0) throw new SkerryError('no_device');
    const machine = this.#machines.get(caller.account)?.get(to);
    if (machine === undefined) throw new SkerryError('machine_offline');
    const calls = this.#calls.get(caller) ?? new Map<CommandId, Call>();
    if (calls.has(id)) throw new SkerryError('id_conflict');
    if (calls.size >= MACHINE_LIMITS.rpcWaiting) throw new SkerryError('rate_limited', { retryAfterMs: 100 });
    calls.set(id, { id, caller, machine, dueAt: this.#deps.now() + MACHINE_TIMES.rpcMs });
    this.#calls.set(caller, calls);
    machine.send({ t: 'rpc', id, from: caller.device, body });
    caller.send({ t: 'rpc_ack', id });
  }

  /** A machine's answer, or a part of it. @throws SkerryError not_found when nobody waits for it any more */
  answer(machine: Endpoint, part: { id: CommandId; to: number; body: string; more: boolean }): void {
    const { id, to, body, more } = part;
    const call = [...this.#callsTo(machine)].find((one) => one.id === id && one.caller.device === to);
    if (call === undefined) throw new SkerryError('not_found');
    if (more) call.dueAt = this.#deps.now() + MACHINE_TIMES.rpcMs;
    else this.#forget(call);
    call.caller.send({ t: 'rpc_answer', id, from: machine.device, body, more });
  }

  /** Ends the calls of a socket that nobody answered in time. Called about once a second. */
  tick(caller: Endpoint, now: number): void {
    for (const call of this.#calls.get(caller)?.values() ?? []) if (call.dueAt <= now) this.#fail(call, 'timed_out');
  }

  /** A run reaches up to here; several of one moment are told together. */
  grown(account: AccountId, run: string, head: number): void {
    if (this.#grown.size === 0) this.#deps.later(() => this.#tellGrown());
    const runs = this.#grown.get(account) ?? new Map<string, number>();
    runs.set(run, Math.max(head, runs.get(run) ?? 0));
    this.#grown.set(account, runs);
    const heads = this.#heads.get(account) ?? new Map<string, number>();
    heads.delete(run);
    heads.set(run, head);
    dropOldest(heads, MOST_RUNS);
    this.#heads.delete(account);
    this.#heads.set(account, heads);
    dropOldest(this.#heads, MOST_ACCOUNTS);
  }

  #tellGrown(): void {
    const grown = this.#grown;
    this.#grown = new Map();
    for (const [account, runs] of grown) this.#tell(account, { t: 'run_heads', heads: [...runs] });
  }

  #tellMachine({ account, device }: Endpoint, isHere: boolean): void {
    this.#tell(account, { t: 'machines', full: false, machines: [[device, isHere]] });
  }

  #tell(account: AccountId, frame: Down): void {
    for (const { send } of this.#sockets.get(account) ?? []) send(frame);
  }

  *#callsTo(machine: Endpoint): Iterable<Call> {
    for (const calls of [...this.#calls.values()])
      for (const call of [...calls.values()]) if (call.machine === machine) yield call;
  }

  #fail(call: Call, code: 'machine_offline' | 'timed_out'): void {
    this.#forget(call);
    call.caller.send({ t: 'fail', id: call.id, error: new SkerryError(code).toBody() });
  }

  #forget({ caller, id }: Call): void {
    const calls = this.#calls.get(caller);
    calls?.delete(id);
    if (calls?.size === 0) this.#calls.delete(caller);
  }
}
