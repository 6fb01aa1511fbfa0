import { type Account, type SessionId, type SignedIn, SkerryError } from '@skerry/protocol';
import type { Access } from '../api/api.ts';
import { SignedOutError } from '../errors.ts';
import type { Clock } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { EntryId, StorageProblem } from '../views.ts';

export type SessionDeps = {
  readonly entryId: EntryId;
  readonly vault: VaultStore;
  readonly clock: Clock;
  /** Trades the refresh token at the server, which has proved itself. @throws SkerryError */
  readonly refresh: (refreshToken: string) => Promise<SignedIn>;
  /** The account this entry belongs to; null before the first sign-in. */
  readonly account: () => Account['id'] | null;
  /** The server ended the sign-in for good. */
  readonly onEnded: (error: SignedOutError) => void;
  readonly onProblem: (problem: StorageProblem) => void;
};

/** Tokens are taken as expired this much earlier, so that a skewed clock or a slow way does not make them late. */
const LEEWAY_MS = 60_000;
/** The name of the refresh token in the vault. */
export const REFRESH = 'refresh';

/**
 * The sign-in of one entry: the only reader of its secrets. The access token lives here, in memory, and nowhere else;
 * the refresh token stays in the vault.
 */
export class Session implements Access {
  readonly #deps: SessionDeps;
  #access: { readonly token: string; readonly goodUntil: number } | undefined;
  #id: SessionId | undefined;
  #refreshing: Promise<string> | undefined;
  /** Writes to the vault happen one after the other, so that an old one never lands on top of a newer. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Counts sign-ins and sign-outs: an answer that belongs to an earlier one changes nothing. */
  #epoch = 0;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  async token(): Promise<string> {
    const access = this.#access;
    if (access !== undefined && this.#deps.clock.now() < access.goodUntil) return access.token;
    return this.#refresh();
  }

  async renewed(refused: string): Promise<string> {
    this.refuse(refused);
    return this.token();
  }

  /** The server took this access token no longer. One that was renewed meanwhile stays. */
  refuse(token: string): void {
    if (this.#access?.token === token) this.#access = undefined;
  }

  /** Its id to the server; undefined until the first sign-in or refresh since the start. */
  get id(): SessionId | undefined {
    return this.#id;
  }

  /** As {@link id}, asking the server first when it isn't known. @throws as {@link token} */
  async current(): Promise<SessionId> {
    await this.token();
    if (this.#id === undefined) throw new SignedOutError('person');
    return this.#id;
  }

  /** Whether there is anything to sign in with. Asks nobody. @throws SignedOutError when not */
  async check(): Promise<void> {
    if (this.#access === undefined) await this.#stored();
  }

  /** The vault holds another sign-in than before: what is in memory belongs to the old one. */
  reload(): void {
    this.#epoch++;
    this.#access = undefined;
    this.#id = undefined;
  }

  /** Keeps a sign-in. The vault has it before it is used: a crash in between costs nothing, since a refresh repeats. */
  async adopt(signedIn: SignedIn): Promise<void> {
    const epoch = ++this.#epoch;
    await this.#write(() => this.#deps.vault.set(this.#deps.entryId, REFRESH, signedIn.refreshToken));
    if (epoch === this.#epoch) this.#use(signedIn);
  }

  /** Forgets the sign-in here, in memory and in the vault. */
  async drop(): Promise<void> {
    this.#epoch++;
    this.#access = undefined;
    this.#id = undefined;
    await this.#write(() => this.#deps.vault.delete(this.#deps.entryId, REFRESH));
  }

  #write(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task);
    this.#writing = done.catch(() => undefined);
    return done;
  }

  #use(signedIn: SignedIn): string {
    const life = Math.max(0, signedIn.accessExpiresIn - LEEWAY_MS);
    this.#access = { token: signedIn.accessToken, goodUntil: this.#deps.clock.now() + life };
    this.#id = signedIn.sessionId;
    return signedIn.accessToken;
  }

  #refresh(): Promise<string> {
    this.#refreshing ??= this.#refreshNow().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshNow(): Promise<string> {
    const epoch = this.#epoch;
    const stored = await this.#stored();
    let signedIn: SignedIn;
    try {
      signedIn = await this.#deps.refresh(stored);
    } catch (error) {
      throw this.#ended(error);
    }
    const account = this.#deps.account();
    // Another account's session must never be used on what is stored for this one.
    if (account !== null && account !== signedIn.account.id) throw this.#ended(new SkerryError('unauthorized'));
    await this.#write(async () => {
      if (epoch === this.#epoch) await this.#deps.vault.set(this.#deps.entryId, REFRESH, signedIn.refreshToken);
    }).catch(() => {
      // The older token still gives this same successor, so the sign-in goes on; the person hears of it.
      this.#deps.onProblem({ where: 'vault', entryId: this.#deps.entryId, what: 'full' });
    });
    if (epoch !== this.#epoch) throw new SignedOutError('person');
    return this.#use(signedIn);
  }

  /** The refused token is kept: it opens nothing any more, and it tells "expired" from "never signed in" after a restart. */
  #ended(error: unknown): unknown {
    if (!(error instanceof SkerryError)) return error;
    if (error.code !== 'unauthorized' && error.code !== 'session_revoked') return error;
    const ended =
      error instanceof SignedOutError
        ? error
        : new SignedOutError(error.code === 'session_revoked' ? 'revoked' : 'expired');
    this.#access = undefined;
    this.#deps.onEnded(ended);
    return ended;
  }

  async #stored(): Promise<string> {
    const read = await this.#deps.vault.get(this.#deps.entryId, REFRESH);
    switch (read.kind) {
      case 'secret':
        return read.value;
      case 'locked':
        // Locked is not absent: nothing is dropped, and it is read again later.
        throw new SignedOutError('locked');
      case 'broken':
        this.#deps.onProblem({ where: 'vault', entryId: this.#deps.entryId, what: 'set_aside' });
        throw new SignedOutError('expired');
      case 'absent':
        throw new SignedOutError(this.#deps.account() === null ? 'never' : 'person');
    }
  }
}
