import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { listenToKeys } from './keys.ts';
import { demoPorts } from './ports.ts';
import { StatusLine, describe as describeServers } from './status-line.ts';

describe('the ports', () => {
  it('are three in a row, from PORT or 4400', () => {
    expect(demoPorts(undefined)).toEqual({ client: 4400, harbour: 4401, lighthouse: 4402 });
    expect(demoPorts('9000')).toEqual({ client: 9000, harbour: 9001, lighthouse: 9002 });
    for (const typed of ['0', '65534', '-1', '1e3', ' 80', 'x'])
      expect(() => demoPorts(typed), typed).toThrow('PORT does not take');
  });
});

describe('the status line', () => {
  it('names what each key would do', () => {
    expect(
      describeServers([
        { key: '1', name: 'Harbour', state: 'running' },
        { key: '2', name: 'Lighthouse', state: 'stopped' },
        { key: '3', name: 'Pier', state: 'starting' },
      ]),
    ).toBe(' ● Harbour running  [1] stop    ○ Lighthouse stopped  [2] start    ◌ Pier starting    [q] quit');
  });

  it('is redrawn below what is said on a terminal, and silent without one', () => {
    const written: string[] = [];
    const terminal = new StatusLine({ isTTY: true, write: (text) => written.push(text) }, () => []);
    terminal.update();
    expect(written).toEqual([]);
    terminal.show();
    terminal.say('hello');
    terminal.hide();
    expect(written).toEqual([
      '\r\u001b[2K     [q] quit',
      '\r\u001b[2Khello\n',
      '\r\u001b[2K     [q] quit',
      '\r\u001b[2K',
    ]);
    const plain: string[] = [];
    const pipe = new StatusLine({ write: (text) => plain.push(text) }, () => []);
    pipe.show();
    pipe.say('hello');
    pipe.hide();
    expect(plain).toEqual(['hello\n']);
  });
});

describe('the keys', () => {
  it('are handed over one by one until the last, Ctrl-C among them, and the terminal is given back', async () => {
    const raw: boolean[] = [];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
    const keys: string[] = [];
    const done = listenToKeys(stdin, (key) => (keys.push(key), key === 'q' ? 'enough' : 'more'));
    stdin.write('1');
    stdin.write('2');
    stdin.write('\u0003');
    await done;
    stdin.write('1');
    await new Promise((resolve) => setImmediate(resolve));
    expect([keys, raw]).toEqual([
      ['1', '2', 'q'],
      [true, false],
    ]);
  });
});
