import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigError } from '@skerry/server/command-line';
import { afterAll, describe, expect, it } from 'vitest';
import { keepAgents, knownAgents } from './agent-list.ts';
import { serviceUnit } from './service-unit.ts';

const top = mkdtempSync(path.join(tmpdir(), 'skerry-agents-'));
afterAll(() => rmSync(top, { recursive: true }));
chmodSync(top, 0o700);
const config = path.join(top, 'config');

describe('agents that may be started from afar', () => {
  it('are those that were named, kept and in place of one of the same name, then what is installed', () => {
    const bin = path.join(top, 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'goose'), '', { mode: 0o755 });
    writeFileSync(path.join(bin, 'gemini'), '', { mode: 0o644 });
    keepAgents(config, ['mate=/usr/bin/mate --fast', `Old one = mate "two words" 'it''s' a"b c"d`]);
    keepAgents(config, ['mate=mate2']);
    expect(knownAgents(config, { PATH: `${bin}:relative` })).toEqual([
      { name: 'mate', argv: ['mate2'] },
      { name: 'Old one', argv: ['mate', 'two words', 'its', 'ab cd'] },
      { name: 'Goose', argv: ['goose', 'acp'] },
    ]);
  });

  it.each([['mate'], ['=mate'], ['mate='], ['mate= '], ['a\u0007=mate'], ['mate="open'], [`${'x'.repeat(81)}=mate`]])(
    'are written as a name and a command: %j is refused',
    (given) => {
      expect(() => keepAgents(config, [given])).toThrow(ConfigError);
    },
  );

  it('are not taken from a file that says something else', () => {
    const other = path.join(top, 'other');
    mkdirSync(other);
    for (const text of [
      '{',
      '{"agents":[{"name":"x","argv":"rm -rf /"}]}',
      '[]',
      '{"agents":[{"name":"x","argv":[]}]}',
    ]) {
      writeFileSync(path.join(other, 'agents.json'), text);
      expect(() => knownAgents(other, {}), text).toThrow(ConfigError);
    }
  });
});

describe('a service unit', () => {
  it('starts exactly the words that were given, on each system that has such a thing', () => {
    const argv = ['/opt/a b/node', '/x/main.js', 'agent', '--root', '/people/ada/100%/$HOME "q" <&>'];
    const linux = serviceUnit(argv, { platform: 'linux', home: '/people/ada' });
    expect(linux.file).toBe('/people/ada/.config/systemd/user/skerry-agent.service');
    expect(linux.text).toContain(
      'ExecStart="/opt/a b/node" "/x/main.js" "agent" "--root" "/people/ada/100%%/$$HOME \\"q\\" <&>"\n',
    );
    const mac = serviceUnit(argv, { platform: 'darwin', home: '/people/ada' });
    expect(mac.file).toBe('/people/ada/Library/LaunchAgents/skerry.agent.plist');
    expect(mac.text).toContain('<string>/people/ada/100%/$HOME &quot;q&quot; &lt;&amp;&gt;</string>');
    expect(() => serviceUnit(argv, { platform: 'win32', home: 'C:\\' })).toThrow(/Task Scheduler/);
  });
});
