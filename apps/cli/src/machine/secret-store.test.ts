import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configFolder, makePrivateFolder } from './config-folder.ts';
import { fileSecrets } from './secret-store.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-secrets-'));
afterAll(() => rmSync(top, { recursive: true }));

describe('where a machine keeps what is its own', () => {
  it.each([
    ['linux', {}, '/people/ada/.config/skerry'],
    ['linux', { XDG_CONFIG_HOME: '/data/config' }, '/data/config/skerry'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/people/ada/.config/skerry'],
    ['darwin', { XDG_CONFIG_HOME: '/data/config' }, '/people/ada/Library/Application Support/Skerry'],
    ['win32', { APPDATA: 'C:\\Users\\ada\\Roaming' }, 'C:\\Users\\ada\\Roaming\\Skerry'],
  ] as const)('is the place of %s, with %o', (platform, environment, expected) => {
    expect(configFolder({ platform, home: '/people/ada', environment })).toBe(expected);
  });

  it('is made for its owner alone, and refused when others could look into it', () => {
    const folder = path.join(top, 'a', 'b');
    expect(statSync(makePrivateFolder(folder)).mode & 0o777).toBe(0o700);
    chmodSync(folder, 0o755);
    expect(() => makePrivateFolder(folder)).toThrow('chmod 700');
    writeFileSync(path.join(top, 'file'), '');
    expect(() => makePrivateFolder(path.join(top, 'file', 'c'))).toThrow('cannot be made (ENOTDIR)');
  });
});

describe('secrets in files', () => {
  it('are read by their owner alone, replaced whole, and gone once they are removed', () => {
    const folder = path.join(top, 'secrets');
    const store = fileSecrets(folder);
    expect(store.read('one')).toBeNull();
    store.write('one', 'first');
    store.write('one', 'second');
    expect(store.read('one')).toBe('second');
    expect(readdirSync(folder)).toEqual(['one.secret']);
    expect(statSync(path.join(folder, 'one.secret')).mode & 0o777).toBe(0o600);
    store.remove('one');
    store.remove('one');
    expect(store.read('one')).toBeNull();
  });

  it('are not used once others could have read them; a draft that was left open is closed before it is written', () => {
    const folder = path.join(top, 'open');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(path.join(folder, 'one.secret.draft'), '', { mode: 0o644 });
    const store = fileSecrets(folder);
    store.write('one', 'text');
    expect(statSync(path.join(folder, 'one.secret')).mode & 0o777).toBe(0o600);
    chmodSync(path.join(folder, 'one.secret'), 0o640);
    expect(() => store.read('one')).toThrow('chmod 600');
  });
});
