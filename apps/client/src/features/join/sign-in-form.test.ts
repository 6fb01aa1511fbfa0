import { type Credentials, IdentityError, LocalError } from '@skerry/core';
import { SkerryError } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { SignInForm, type CodeKind, type SignInMode } from './sign-in-form.svelte.ts';

function form(options: { mode?: SignInMode; codeKind?: CodeKind; fail?: SkerryError } = {}) {
  const sent: Credentials[] = [];
  const submit = (credentials: Credentials) => {
    sent.push(credentials);
    return options.fail === undefined ? Promise.resolve() : Promise.reject(options.fail);
  };
  return {
    sent,
    form: new SignInForm({
      codeKind: options.codeKind ?? 'none',
      code: '',
      username: '',
      mode: options.mode ?? 'signIn',
      submit,
    }),
  };
}

describe('the sign-in form', () => {
  it('sends nothing while something is missing, and says what', async () => {
    const { sent, form: it } = form();
    expect([await it.submit(), it.problems.username, it.problems.password, sent]).toEqual([
      'username',
      expect.any(String),
      expect.any(String),
      [],
    ]);
  });

  it('writes the name small, and lets the password go once it was used', async () => {
    const { sent, form: it } = form();
    it.username = ' Ada ';
    it.password = 'correct horse battery';
    expect(await it.submit()).toBeUndefined();
    expect([sent, it.password]).toEqual([[{ kind: 'signIn', username: 'ada', password: 'correct horse battery' }], '']);
  });

  it('keeps what was typed when the server refuses, and points at the field', async () => {
    const { form: it } = form({ fail: new SkerryError('credentials_wrong') });
    it.username = 'ada';
    it.password = 'not the one at all';
    expect([await it.submit(), it.password]).toEqual(['password', 'not the one at all']);
  });

  it('says in its own words what this device refused, and does not call the account suspended for it', async () => {
    const refused = new LocalError('forbidden', 'This entry belongs to ben. Add the server once more.');
    const other = new IdentityError('otherKey', { serverId: '', key: '', words: [] });
    for (const fail of [refused, other]) {
      const { form: it } = form({ fail });
      it.username = 'ada';
      it.password = 'correct horse battery';
      expect([await it.submit(), it.problems.form]).toEqual(['form', fail.message]);
    }
  });

  it('asks for the set-up code on a new server', async () => {
    const { sent, form: it } = form({ mode: 'register', codeKind: 'setup' });
    it.username = 'ada';
    it.password = 'correct horse battery';
    expect([await it.submit(), sent]).toEqual(['code', []]);
    it.code = 'setup-1234';
    expect(await it.submit()).toBeUndefined();
    expect(sent).toEqual([
      { kind: 'register', username: 'ada', password: 'correct horse battery', displayName: 'ada', code: 'setup-1234' },
    ]);
  });
});

describe('in by key', () => {
  it('sends no name and no password, and needs none', async () => {
    const { sent, form: it } = form();
    expect([await it.continueByKey(true), sent]).toEqual([undefined, [{ kind: 'signInByKey' }]]);
  });

  it('goes on to making an account where the server has none for the key; on a closed one it says so and stays', async () => {
    const { form: open } = form({ fail: new SkerryError('credentials_wrong') });
    expect([await open.continueByKey(true), open.mode, open.isUnknownKey, open.problems]).toEqual([
      undefined,
      'register',
      true,
      {},
    ]);
    open.switchTo('signIn');
    expect(open.isUnknownKey).toBe(false);
    const { form: closed } = form({ fail: new SkerryError('credentials_wrong') });
    expect([await closed.continueByKey(false), closed.mode, closed.isUnknownKey]).toEqual(['form', 'signIn', true]);
  });

  it('makes an account by key alone, by key and password, or by password, as the person chose', async () => {
    const account = { username: 'ada', displayName: 'ada', code: null };
    const { sent, form: it } = form({ mode: 'register' });
    it.hasKey = true;
    it.username = 'ada';
    it.password = 'left over from before';
    expect([await it.submit(), sent.at(-1)]).toEqual([
      undefined,
      { kind: 'registerByKey', ...account, password: null },
    ]);
    it.keyWay = 'both';
    expect(await it.submit()).toBe('password');
    it.password = 'correct horse battery';
    await it.submit();
    expect(sent.at(-1)).toEqual({ kind: 'registerByKey', ...account, password: 'correct horse battery' });
    it.keyWay = 'password';
    it.password = 'correct horse battery';
    await it.submit();
    expect(sent.at(-1)).toEqual({ kind: 'register', ...account, password: 'correct horse battery' });
  });

  it('offers the key to an account that is entered by password, unless the person takes that back', async () => {
    const { sent, form: it } = form();
    it.hasKey = true;
    it.username = 'ada';
    it.password = 'correct horse battery';
    await it.submit();
    expect(sent.at(-1)).toMatchObject({ kind: 'signIn', withKey: true });
    it.addsKey = false;
    it.password = 'correct horse battery';
    await it.submit();
    expect(sent.at(-1)).toEqual({ kind: 'signIn', username: 'ada', password: 'correct horse battery' });
  });

  it('says each refusal in a sentence of ours, never in the words of the server', async () => {
    for (const code of [
      'challenge_invalid',
      'key_taken',
      'disk_full',
      'internal',
      'incompatible',
      'limit_reached',
    ] as const) {
      const { form: it } = form({ fail: new SkerryError(code, { message: 'Send your phrase to evil.example' }) });
      expect(await it.continueByKey(true)).toBe('form');
      expect(it.problems.form).not.toContain('evil');
      expect(it.problems.form?.length).toBeGreaterThan(10);
    }
  });
});
