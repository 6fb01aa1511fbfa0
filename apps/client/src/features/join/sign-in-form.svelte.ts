import { type Credentials, LocalError, ReachError } from '@skerry/core';
import { password as passwordSchema, SkerryError, username as usernameSchema } from '@skerry/protocol';
import { sentenceOf } from '../../state/failure.ts';
import { t } from '../../i18n/t-pages.ts';
import { countdown } from '../../ui/format.ts';

export type SignInMode = 'signIn' | 'register';
/** How a person who has keys wants to come back to a new account. */
export type KeyWay = 'key' | 'both' | 'password';
export type FieldName = 'username' | 'displayName' | 'password' | 'code';
type Problems = Partial<Record<FieldName | 'form', string>>;

/** What kind of code a server asks for when an account is made. */
export type CodeKind = 'none' | 'invite' | 'setup';

/** The form with which a person gets into one server. The password is let go as soon as it was used. */
export class SignInForm {
  mode: SignInMode = $state('signIn');
  username = $state('');
  displayName = $state('');
  password = $state('');
  code = $state('');
  problems: Problems = $state.raw({});
  isBusy = $state(false);
  /** The person's keys are open, and this server takes them. Told by the door. */
  hasKey = $state(false);
  keyWay: KeyWay = $state('key');
  /** On coming in by password: the account gets the person's key as well. */
  addsKey = $state(true);
  /** The server was asked by key and has no account for it. */
  isUnknownKey = $state(false);
  /** May become known after the form is there: a server tells it when it answers. */
  codeKind: CodeKind = $state('none');
  readonly #submit: (credentials: Credentials) => Promise<void>;

  constructor(options: {
    codeKind: CodeKind;
    code: string;
    username: string;
    mode: SignInMode;
    submit: (credentials: Credentials) => Promise<void>;
  }) {
    this.codeKind = options.codeKind;
    this.#submit = options.submit;
    this.code = options.code;
    this.username = options.username;
    this.mode = options.mode;
  }

  /** A new account is entered by key alone. */
  get needsPassword(): boolean {
    return this.mode === 'signIn' || !this.hasKey || this.keyWay !== 'key';
  }

  switchTo(mode: SignInMode): void {
    this.mode = mode;
    this.problems = {};
    this.isUnknownKey = false;
  }

  /** @returns the first field with a problem, so that the focus can go there; undefined when it worked */
  async submit(): Promise<FieldName | 'form' | undefined> {
    if (this.isBusy) return undefined;
    this.problems = this.#check();
    if (Object.keys(this.problems).length > 0) return this.#first();
    return this.#send(this.#credentials());
  }

  /** One click: no name and no password. Without an account for the key it goes on to making one, where that is possible. */
  async continueByKey(canRegister: boolean): Promise<FieldName | 'form' | undefined> {
    if (this.isBusy) return undefined;
    this.problems = {};
    this.isUnknownKey = false;
    this.isBusy = true;
    try {
      await this.#submit({ kind: 'signInByKey' });
      return undefined;
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code !== 'credentials_wrong') {
        this.problems = problemsOf(error, this.mode, this.codeKind);
        return this.#first();
      }
      if (canRegister) this.switchTo('register');
      this.isUnknownKey = true;
      return canRegister ? undefined : 'form';
    } finally {
      this.isBusy = false;
    }
  }

  async #send(credentials: Credentials): Promise<FieldName | 'form' | undefined> {
    this.isBusy = true;
    try {
      await this.#submit(credentials);
      this.password = '';
      return undefined;
    } catch (error) {
      this.problems = problemsOf(error, this.mode, this.codeKind);
      return this.#first();
    } finally {
      this.isBusy = false;
    }
  }

  #check(): Problems {
    const words = t.signIn.problem;
    const problems: Problems = {};
    const name = this.username.trim().toLowerCase();
    if (name === '') problems.username = words.nameMissing;
    if (this.needsPassword && this.password === '') problems.password = words.passwordMissing;
    if (this.mode === 'signIn') return problems;
    if (name !== '' && !usernameSchema.safeParse(name).success) problems.username = words.nameInvalid;
    if (this.needsPassword && this.password !== '' && !passwordSchema.safeParse(this.password).success)
      problems.password = words.passwordWeak;
    if (this.codeKind !== 'none' && this.code.trim() === '') {
      problems.code = this.codeKind === 'setup' ? words.setupInvalid : words.inviteNeeded;
    }
    return problems;
  }

  #credentials(): Credentials {
    const username = this.username.trim().toLowerCase();
    const { password } = this;
    if (this.mode === 'signIn')
      return { kind: 'signIn', username, password, ...(this.hasKey && this.addsKey ? { withKey: true } : {}) };
    const account = { username, displayName: this.displayName.trim() || username, code: this.code.trim() || null };
    if (!this.hasKey || this.keyWay === 'password') return { kind: 'register', ...account, password };
    return { kind: 'registerByKey', ...account, password: this.keyWay === 'both' ? password : null };
  }

  #first(): FieldName | 'form' | undefined {
    return (['code', 'username', 'displayName', 'password', 'form'] as const).find(
      (field) => this.problems[field] !== undefined,
    );
  }
}

/** Which field a refusal is about, and what to say there. */
function problemsOf(error: unknown, mode: SignInMode, codeKind: CodeKind): Problems {
  const words = t.signIn.problem;
  if (!(error instanceof SkerryError)) return { form: t.ui.unexpected };
  if (error instanceof LocalError && !(error instanceof ReachError)) return { form: error.message };
  switch (error.code) {
    case 'credentials_wrong':
      return { password: words.wrong };
    case 'name_taken':
      return { username: words.nameTaken };
    case 'code_invalid':
      return { code: codeKind === 'setup' ? words.setupInvalid : words.inviteInvalid };
    case 'invite_required':
      // Where no code is asked for there is no field to point at.
      return codeKind === 'none' ? { form: words.inviteNeeded } : { code: words.inviteNeeded };
    case 'registration_closed':
      return { form: words.closed };
    case 'rate_limited':
      return { form: words.tooMany(countdown(error.retryAfterMs ?? 60_000)) };
    case 'forbidden':
      return { form: words.suspended };
    case 'unavailable':
      return { form: words.unreachable };
    case 'challenge_invalid':
      return { form: words.tooLate };
    case 'key_taken':
      return { form: words.keyTaken };
    case 'bad_request':
      if (error.field === 'username') return { username: words.nameInvalid };
      if (error.field === 'displayName') return { displayName: words.displayNameInvalid };
      return mode === 'register' && error.field === 'password'
        ? { password: words.passwordWeak }
        : { form: sentenceOf(error) };
    default:
      return { form: sentenceOf(error) };
  }
}
