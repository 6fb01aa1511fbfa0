import { LocalError } from '../errors.ts';
import type { SealedParts } from '../sealed/conversations.ts';
import type { SealedState } from '../sealed/face.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, derived, followed, Value } from '../value.ts';
import type { ContextCrypto, ContextCryptoDeps } from './context-crypto.ts';
import type { BackupInfo, BackupRun, KeysHandle, KeysState, OwnDeviceView, Restored } from './face.ts';
import type { Keys } from './ports.ts';

/** The one seam behind which everything that encrypts lies: whoever only chats never downloads it. */
const loading = () => import('./context-crypto.ts');

/** How long dialling waits for keys at most: chat goes on without them. */
const PREPARE_MS = 8_000;

/**
 * The encrypted side of one server context, there from the start: what it leads to is loaded once the person has keys, and
 * made of this context's own parts alone. S4.24, S4.25.
 */
export class LateCrypto implements KeysHandle, AsyncDisposable {
  readonly #deps: ContextCryptoDeps;
  readonly #made = new Value<ContextCrypto | undefined>(undefined);
  readonly #failed = new Value(false);
  readonly #leave: () => void;
  #loading: Promise<void> | undefined;
  #isHeld = 0;
  #isDisposed = false;
  readonly state: Subscribable<KeysState>;
  readonly devices: Subscribable<readonly OwnDeviceView[]>;
  /** What signs and verifies here; undefined while there are no keys. */
  readonly ring: Subscribable<Keys | undefined>;
  readonly conversations: {
    readonly state: Subscribable<SealedState>;
    readonly core: Subscribable<SealedParts | undefined>;
  };

  constructor(deps: ContextCryptoDeps) {
    this.#deps = deps;
    const { state } = deps.person;
    const before = derived([state, this.#failed], ({ kind }, failed): KeysState => {
      if (kind === 'locked') return LOCKED;
      if (kind === 'none' || kind === 'unavailable') return OFF;
      return failed ? BROKEN : STARTING;
    });
    const sealedBefore = derived([before], ({ kind }): SealedState => SEALED[kind as keyof typeof SEALED]);
    this.state = followed(this.#made, (made) => made?.keys.state ?? before);
    this.devices = followed(this.#made, (made) => made?.keys.devices ?? NO_DEVICES);
    this.ring = followed(this.#made, (made) => made?.keys.ring ?? NO_CORE);
    this.conversations = {
      state: followed(this.#made, (made) => made?.conversations.state ?? sealedBefore),
      core: followed(this.#made, (made) => made?.conversations.core ?? NO_CORE),
    };
    this.#leave = state.subscribe(() => this.#check());
    this.#check();
  }

  /** Before a dial: the session is tied to its device, so that the socket tells what waits for it. Never rejects. S4.24 */
  async prepare(): Promise<void> {
    if (!this.#isWanted()) return;
    const controller = new AbortController();
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#deps.platform.clock.after(PREPARE_MS, () => {
        controller.abort(new Error('timeout'));
        resolve();
      });
    });
    try {
      await Promise.race([late, this.#load().then(() => this.#made.get()?.keys.prepare(controller.signal))]);
    } catch {
      // It is done again once the server is live.
    } finally {
      cancel();
    }
  }

  /** The session is another one: its device has to be told anew. */
  signedIn(): void {
    this.#made.get()?.keys.signedIn();
  }

  /** Takes this device off the list, where another one stays on it. Never rejects. @returns whether it did */
  async leave(signal: AbortSignal): Promise<boolean> {
    return (await this.#made.get()?.keys.leave(signal)) ?? false;
  }

  /** Runs while no keys are open, and opens them again after it: for whoever deletes what they keep. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#isHeld++;
    try {
      await this.#loading;
      const made = this.#made.get();
      if (made === undefined) return await work();
      return await made.keys.without(async () => {
        await made.conversations.initialize();
        return work();
      });
    } finally {
      this.#isHeld--;
      this.#check();
    }
  }

  async reload(signal?: AbortSignal): Promise<void> {
    await (await this.#keys()).reload(signal);
  }
  async addKey(password: string): Promise<void> {
    await (await this.#keys()).addKey(password);
  }
  async rename(device: number, label: string): Promise<void> {
    await (await this.#keys()).rename(device, label);
  }
  async approve(device: number, words: readonly string[]): Promise<void> {
    await (await this.#keys()).approve(device, words);
  }
  async revoke(device: number): Promise<void> {
    await (await this.#keys()).revoke(device);
  }
  async revokeAsStolen(device: number): Promise<void> {
    await (await this.#keys()).revokeAsStolen(device);
  }
  async backupInfo(signal?: AbortSignal): Promise<BackupInfo | null> {
    return (await this.#keys()).backupInfo(signal);
  }
  async saveBackup(run?: BackupRun): Promise<BackupInfo> {
    return (await this.#keys()).saveBackup(run);
  }
  async restoreBackup(run?: BackupRun): Promise<Restored> {
    return (await this.#keys()).restoreBackup(run);
  }
  async dropBackup(): Promise<void> {
    await (await this.#keys()).dropBackup();
  }
  async exportBackup(run?: BackupRun): Promise<Uint8Array> {
    return (await this.#keys()).exportBackup(run);
  }
  async importBackup(file: Uint8Array, run?: BackupRun): Promise<Restored> {
    return (await this.#keys()).importBackup(file, run);
  }

  /** Waits for no download: what is on its way by then is never made. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#leave();
    await this.#made.get()?.[Symbol.asyncDispose]();
  }

  #isWanted(): boolean {
    const { kind } = this.#deps.person.state.get();
    return kind === 'ready' || kind === 'linking' || kind === 'offered';
  }

  #check(): void {
    if (this.#isWanted()) void this.#load();
  }

  /** Resolves once it is there, or cannot be had now: the next dial tries again. */
  #load(): Promise<void> {
    if (this.#made.get() !== undefined || this.#isHeld > 0 || this.#isDisposed) return Promise.resolve();
    this.#loading ??= this.#make().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #make(): Promise<void> {
    try {
      const made = await loading();
      if (this.#isDisposed) return;
      this.#made.set(new made.ContextCrypto(this.#deps));
      this.#failed.set(false);
    } catch {
      this.#failed.set(true);
    }
  }

  async #keys(): Promise<ContextCrypto['keys']> {
    await this.#load();
    const made = this.#made.get();
    if (made === undefined) throw new LocalError('unavailable', 'What encrypts could not be loaded. Try again.');
    return made.keys;
  }
}

const LOCKED: KeysState = { kind: 'locked' };
const OFF: KeysState = { kind: 'off' };
const STARTING: KeysState = { kind: 'starting' };
const BROKEN: KeysState = { kind: 'broken', reason: 'storage' };
const SEALED = { locked: 'locked', off: 'off', starting: 'loading', broken: 'failed' } as const;
const NO_DEVICES = constant<readonly OwnDeviceView[]>([]);
const NO_CORE = constant<undefined>(undefined);
