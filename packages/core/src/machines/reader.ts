import { type Ask, type AskAnswer, encodeAskAnswer, type Machine, type Run, type RunEntry } from '@skerry/protocol';
import {
  type AgentBody,
  answerContent,
  type AnswerContent,
  askContent,
  type AskContent,
  machineInfo,
  type MachineInfo,
  runLine,
  type RunLine,
  runMeta,
  type RunMeta,
} from '@skerry/protocol/agents';
import { type BodyPlace, openAgentBody } from './agent-body.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, followed } from '../value.ts';
import type { MachineDeps } from './deps.ts';

/** Something that parses what a machine wrote: an agent may have talked it into anything. */
type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };
type Read = { readonly of: string; readonly keys: number; value: unknown };

/** More than is ever shown at once; the oldest are read anew if they are wanted. */
const MOST = 8_192;
const NO_TRUST = constant<unknown>(undefined);
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Decrypts what machines wrote, and remembers it. What can't be read is null, and is tried again when keys come. Nothing is
 * taken under another name than it was encrypted for. M-13
 */
export class Reader {
  readonly #deps: MachineDeps;
  readonly #read = new Map<string, Read>();
  readonly #changed: () => void;
  /** Counts up with the keys that came. */
  #keys = 0;

  /** @param changed told when something can be read that could not */
  constructor(deps: MachineDeps, changed: () => void) {
    this.#deps = deps;
    this.#changed = changed;
    let end = (): void => undefined;
    const follow = (): void => {
      end();
      const again = (): void => {
        this.#keys++;
        changed();
      };
      end = deps.agentKeys.get()?.changed.subscribe(again) ?? (() => undefined);
      again();
    };
    const leave = deps.agentKeys.subscribe(follow);
    // Who signed something may be known by a list that comes later.
    const leaveLists = followed(deps.keys, (ring): Subscribable<unknown> => ring?.trust ?? NO_TRUST).subscribe(() => {
      this.#keys++;
      changed();
    });
    follow();
    deps.signal.addEventListener('abort', () => {
      leave();
      leaveLists();
      end();
    });
  }

  /** Counts up with the keys that came: what could not be read may be readable. */
  get version(): number {
    return this.#keys;
  }

  forget(): void {
    this.#read.clear();
  }

  /** Newest first; none while they have not come. @param run null: the machine's own */
  keysOf(machine: number, run: string | null): Promise<readonly Uint8Array[]> {
    return this.#deps.agentKeys.get()?.of(machine, run) ?? Promise.resolve([]);
  }

  /** Whether the machine's own key has come. */
  isLocked(machine: number): boolean {
    return this.#deps.agentKeys.get()?.has(machine) !== true;
  }

  info({ device, info }: Machine): MachineInfo | null {
    return this.#get(`info ${device}`, info, (body) =>
      this.#open(body, { machine: device, run: null, body: { use: 'info' } }, machineInfo),
    );
  }

  meta(run: Run): RunMeta | null {
    return this.#get(`meta ${run.id}`, run.meta, () => this.#meta(run));
  }

  /** As {@link meta}, for a run that is shown once. */
  async readMeta(run: Run): Promise<void> {
    if (this.meta(run) !== null) return;
    const value = await this.#meta(run);
    if (value !== null) this.#put(`meta ${run.id}`, { of: run.meta ?? '', keys: this.#keys, value });
  }

  ask(ask: Ask): AskContent | null {
    return this.#get(`ask ${ask.id}`, ask.body, () => this.readAsk(ask));
  }

  /** What is asked, if it is what its digest says. */
  async readAsk(ask: Ask): Promise<AskContent | null> {
    const { id, run, machine, body, digest } = ask;
    const keys = this.#deps.keys.get();
    if (body === null || keys === undefined) return null;
    const plain = await this.#plain(body, { machine, run, body: { use: 'ask', run, ask: id } });
    if (plain === undefined || (await keys.digest(plain)) !== digest) return null;
    const content = parsed(plain, askContent);
    return content?.kind === ask.ask ? content : null;
  }

  /** Null for an answer that no device of this person's is known to have given: a server may say anything. */
  answer(ask: Ask): { readonly content: AnswerContent | null } | null {
    const { answer, id } = ask;
    if (answer === null) return null;
    const of = JSON.stringify([answer, ask.digest, ask.expiresAt]);
    const signed = this.#get(`signed ${id}`, of, async () => ((await this.#isSigned(ask, answer)) ? true : null));
    if (signed === null) return null;
    return { content: this.#get(`answer ${id}`, of, () => this.#answer(ask, answer)) };
  }

  async line(run: { readonly id: string; readonly machine: number }, { id, body }: RunEntry): Promise<RunLine | null> {
    return this.#open(
      body,
      { machine: run.machine, run: run.id, body: { use: 'entry', run: run.id, entry: id } },
      runLine,
    );
  }

  /** Of what the account's list names, or named when it was given. */
  async #isSigned(ask: Ask, { device, decision, signature }: AskAnswer): Promise<boolean> {
    const keys = this.#deps.keys.get();
    if (keys === undefined) return false;
    const { name: account } = keys.self;
    const signer = keys.everListed(account).find((one) => one.device === device);
    if (signer === undefined) return false;
    const { machine, run, id, digest, expiresAt } = ask;
    const bytes = encodeAskAnswer({
      serverId: keys.serverId,
      account,
      machine,
      run,
      ask: id,
      digest,
      decision,
      expiresAt,
      device,
    });
    return keys.verifySignature({ bytes, signature, publicKey: signer.signKey });
  }

  async #answer({ id, run, machine }: Ask, { body, decision }: AskAnswer): Promise<AnswerContent | null> {
    const plain = await this.#plain(body, { machine, run, body: { use: 'answer', run, ask: id } });
    if (plain === undefined || (await this.#deps.keys.get()?.digest(plain)) !== decision) return null;
    return parsed(plain, answerContent) ?? null;
  }

  #meta({ id, machine, meta }: Run): Promise<RunMeta | null> {
    if (meta === null) return Promise.resolve(null);
    return this.#open(meta, { machine, run: id, body: { use: 'meta', run: id } }, runMeta);
  }

  async #open<T>(body: string, of: Of, schema: Schema<T>): Promise<T | null> {
    const plain = await this.#plain(body, of);
    return plain === undefined ? null : (parsed(plain, schema) ?? null);
  }

  async #plain(body: string, { machine, run, body: use }: Of): Promise<Uint8Array | undefined> {
    const ring = this.#deps.keys.get();
    if (ring === undefined) return undefined;
    const place: BodyPlace = { serverId: ring.serverId, account: ring.self.name, machine, body: use };
    return openAgentBody(body, place, { keys: await this.keysOf(machine, run), subtle: this.#deps.subtle });
  }

  /** What was read of it, and begins to read what was not. */
  #get<T>(name: string, of: string | null, open: (of: string) => Promise<T | null>): T | null {
    if (of === null) return null;
    const known = this.#read.get(name);
    if (known?.of === of && (known.keys === this.#keys || (known.value !== null && known.value !== undefined)))
      return (known.value ?? null) as T | null;
    const read: Read = { of, keys: this.#keys, value: undefined };
    this.#put(name, read);
    open(of).then(
      (value) => {
        if (this.#read.get(name) !== read) return;
        read.value = value;
        if (value !== null) this.#changed();
      },
      () => {
        if (this.#read.get(name) === read) this.#read.delete(name);
      },
    );
    return null;
  }

  #put(name: string, read: Read): void {
    this.#read.delete(name);
    this.#read.set(name, read);
    if (this.#read.size > MOST) this.#read.delete(String(this.#read.keys().next().value));
  }
}

type Of = { readonly machine: number; readonly run: string | null; readonly body: AgentBody };

function parsed<T>(plain: Uint8Array, schema: Schema<T>): T | undefined {
  try {
    const read = schema.safeParse(JSON.parse(decoder.decode(plain)));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
