import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from './config.ts';
import { makeTestCertificate } from './testing/test-certificate.ts';

const TEST_CERTIFICATE = makeTestCertificate();

const folder = mkdtempSync(path.join(tmpdir(), 'skerry-config-'));
writeFileSync(path.join(folder, 'some.pem'), 'PEM');
writeFileSync(path.join(folder, 'cert.pem'), TEST_CERTIFICATE.certificate);
writeFileSync(path.join(folder, 'key.pem'), TEST_CERTIFICATE.key);
afterAll(() => rmSync(folder, { recursive: true }));

const none = {};

describe('the configuration', () => {
  it('has defaults for everything, on this machine only', () => {
    expect(parseConfig(['--client', 'none'], none)).toEqual({
      port: 4401,
      host: '127.0.0.1',
      data: path.resolve('data'),
      name: null,
      description: null,
      registration: null,
      operator: null,
      json: false,
      origins: null,
      trustProxy: false,
      tls: null,
      client: null,
      logLevel: 'info',
      rateScale: 1,
      exchangeKey: null,
      stopWithStdin: false,
      assistants: { enabled: true, discordApi: 'https://discord.com/api/v10', model: null, allowLoopback: false },
      machines: true,
      voice: null,
      faults: { killAt: null, breaks: [] },
    });
  });

  it('takes a model for everybody whole or not at all, and its key from the environment alone', () => {
    const url = ['--assistants-model-url', 'https://m.example/v1'];
    expect(
      parseConfig([...url, '--assistants-model', 'small', '--assistants', 'off'], { SKERRY_ASSISTANTS_MODEL_KEY: 'k' })
        .assistants,
    ).toMatchObject({ enabled: false, model: { endpoint: 'https://m.example/v1', model: 'small', key: 'k' } });
    expect(() => parseConfig(url, none)).toThrow(ConfigError);
    expect(() => parseConfig(['--assistants-model', 'small'], none)).toThrow(ConfigError);
    expect(() => parseConfig(['--assistants', 'maybe'], none)).toThrow(ConfigError);
    expect(() => parseConfig(['--discord-api', 'file:///etc'], none)).toThrow(ConfigError);
    expect(() => parseConfig([], { SKERRY_ASSISTANTS_LOOPBACK: '1' })).toThrow(ConfigError);
  });

  it('takes the command line before the environment before the default', () => {
    const config = parseConfig(['--port', '8080', '--name=The "Harbour" = ours', '--json'], {
      SKERRY_PORT: '9',
      SKERRY_HOST: '0.0.0.0',
      SKERRY_TRUST_PROXY: 'true',
      SKERRY_NAME: 'Other',
    });
    expect(config).toMatchObject({
      port: 8080,
      name: 'The "Harbour" = ours',
      json: true,
      host: '0.0.0.0',
      trustProxy: true,
    });
  });

  it('reads a list of origins, and an app scheme as it stands', () => {
    expect(parseConfig(['--origins', 'https://Chat.example.org, tauri://localhost'], none).origins).toEqual([
      'https://chat.example.org',
      'tauri://localhost',
    ]);
  });

  it('reads where voice is reached; the secret of its relay comes from the environment alone', () => {
    expect(parseConfig([], none).voice).toBeNull();
    expect(parseConfig(['--voice', 'on'], none).voice).toEqual({ ports: [4_410, 4_509], addresses: [], relay: null });
    const given = [
      '--voice-ports',
      '5000-5009',
      '--voice-address',
      '203.0.113.5, 10.0.0.2',
      '--voice-turn',
      'turn:t.example:3478',
    ];
    expect(parseConfig(['--voice', 'on', ...given], { SKERRY_VOICE_TURN_SECRET: 'shared' }).voice).toEqual({
      ports: [5_000, 5_009],
      addresses: ['203.0.113.5', '10.0.0.2'],
      relay: { urls: ['turn:t.example:3478'], secret: 'shared' },
    });
  });

  it('reads a certificate and its key, and refuses what is neither', () => {
    const [cert, key, some] = ['cert.pem', 'key.pem', 'some.pem'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    expect(parseConfig(['--tls-cert', cert, '--tls-key', key], none).tls?.key.toString()).toBe(TEST_CERTIFICATE.key);
    for (const [a, b] of [
      [some, key],
      [cert, some],
      [cert, cert],
    ] as const)
      expect(() => parseConfig(['--tls-cert', a, '--tls-key', b], none)).toThrow(
        'a certificate in PEM that fits the key',
      );
  });

  it.each([
    [['--prot', '80'], 'There is no flag --prot.'],
    [['--porto', '80'], 'There is no flag --porto. Did you mean --port?'],
    [['--constructor', '80'], 'There is no flag --constructor.'],
    [['8080'], '"8080" is not a flag.'],
    [['--port'], '--port needs a value'],
    [['--port', '--json'], '--port needs a value'],
    [['--port', '65536'], '--port does not take "65536"; it takes a whole number from 0 to 65535.'],
    [['--port', '1e3'], '--port does not take "1e3"'],
    [['--port', '1', '--port', '2'], '--port is given twice.'],
    [['--json=maybe'], '--json does not take "maybe"'],
    [['--name', ' '], '--name does not take " "'],
    [['--name', 'x'.repeat(49)], 'it takes 1 to 48 visible characters.'],
    [['--description', 'a\u202eb'], 'visible characters.'],
    [['--operator', 'a\u061cb'], 'it takes at most 200 visible characters.'],
    [['--registration', 'everyone'], 'it takes open, invite or closed.'],
    [['--log-level', 'loud'], 'it takes one of debug, info, warn, error, silent.'],
    [['--origins', 'https://a.example/path'], '--origins does not take "https://a.example/path"'],
    [['--origins', 'null'], '--origins does not take "null"'],
    [['--tls-cert', 'x'], '--tls-key goes together with --tls-cert.'],
    [['--tls-cert', '/nowhere/x', '--tls-key', '/nowhere/y'], 'it takes a file that can be read.'],
    [['--client', folder], 'it takes a folder with an index.html in it'],
    [['--rate-scale', '0'], '--rate-scale does not take "0"'],
    [['--voice', 'loud'], 'it takes one of on, off.'],
    [['--voice-ports', '5000-5000'], 'it takes a range such as 4410-4509, of at least two ports.'],
    [['--voice-ports', '80-90'], '--voice-ports does not take "80-90"'],
    [['--voice-address', 'chat.example.org'], 'it takes IPv4 addresses, separated by commas.'],
    [['--voice-turn', 'https://turn.example.org'], 'it takes addresses such as turn:turn.example.org:3478'],
    [['--voice-turn', 'turn:turn.example.org'], 'SKERRY_VOICE_TURN_SECRET'],
  ])('refuses %j with a sentence', (argv, sentence) => {
    expect(() => parseConfig(argv, none)).toThrow(ConfigError);
    expect(() => parseConfig(argv, none)).toThrow(sentence);
  });

  it('breaks nothing on purpose outside of tests', () => {
    expect(() => parseConfig([], { SKERRY_KILL_AT: 'accepted:1' })).toThrow('SKERRY_TESTING=1');
    expect(() => parseConfig([], { SKERRY_BREAK: 'no-dedupe' })).toThrow('SKERRY_TESTING=1');
    expect(() => parseConfig([], { SKERRY_BREAK: 'everything', SKERRY_TESTING: '1' })).toThrow(ConfigError);
    expect(parseConfig([], { SKERRY_KILL_AT: 'accepted:1', SKERRY_TESTING: '1' }).faults).toEqual({
      killAt: { point: 'accepted', pass: 1 },
      breaks: [],
    });
  });

  it('refuses an exchange key that could be guessed, and never repeats it', () => {
    expect(() => parseConfig([], { SKERRY_EXCHANGE_KEY: 'hunter2' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
    expect(parseConfig([], { SKERRY_EXCHANGE_KEY: 'k'.repeat(43) }).exchangeKey).toBe('k'.repeat(43));
  });
});
