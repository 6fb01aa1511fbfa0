import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import path from 'node:path';
import type { AccountId, ChannelId, CommandId } from '@skerry/protocol';
import { parseConfig, seedServer, startServer } from '@skerry/server';
import { tell } from '../shared/child.ts';
import { newId } from '../shared/people.ts';
import { TempFolder } from '../shared/temp-folder.ts';
import { PASSWORD, type FromServer, type ToServer } from './message.ts';

/** A whole server in a process of its own, that says how much of the time its event loop was busy. */

const PEOPLE = 50;

const folder = new TempFolder();
const data = path.join(folder.path, 'data');
const at = Date.now() - 1_000_000;
const accounts = Array.from({ length: PEOPLE }, (_, i) => ({
  id: newId<AccountId>(),
  username: `p${i}`,
  displayName: `P ${i}`,
  role: i === 0 ? ('owner' as const) : ('member' as const),
  at,
}));
/** People talk in twos: each channel has two members. */
const pairs = Array.from({ length: PEOPLE / 2 }, (_, i) => ({
  channel: newId<CommandId>(),
  one: accounts[2 * i],
  two: accounts[2 * i + 1],
}));
await seedServer({
  data,
  name: 'Bench',
  description: '',
  password: PASSWORD,
  seed: {
    firstChannel: { id: newId<ChannelId>(), name: 'general', at },
    accounts,
    steps: pairs.flatMap(({ channel, one, two }) =>
      one === undefined || two === undefined
        ? []
        : [
            {
              at,
              account: one.id,
              id: channel,
              command: {
                kind: 'channel.create' as const,
                name: 'two',
                topic: '',
                visibility: 'private' as const,
                history: 'all' as const,
              },
            },
            {
              at,
              account: one.id,
              id: newId(),
              command: { kind: 'channel.add' as const, channel: channel as string as ChannelId, account: two.id },
            },
          ],
    ),
  },
});
const flags = ['--port', '0', '--data', data, '--client', 'none', '--rate-scale', '100000', '--log-level', 'error'];
const server = await startServer(parseConfig(flags, {}));
const say = (message: FromServer): void => tell(message);

/** Seconds of CPU of this, the first thread of the process, alone. */
function threadSeconds(): number {
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

let since = { cpu: 0, wall: 0, loop: performance.eventLoopUtilization() };
process.on('message', (order: ToServer) => {
  if (order === 'start') {
    since = { cpu: threadSeconds(), wall: performance.now(), loop: performance.eventLoopUtilization() };
    return say({ kind: 'started' });
  }
  const wall = (performance.now() - since.wall) / 1_000;
  say({
    kind: 'busy',
    cpuShare: (threadSeconds() - since.cpu) / wall,
    loopShare: performance.eventLoopUtilization(since.loop).utilization,
  });
});
process.once('SIGTERM', () => {
  void server.stop().then(() => {
    folder[Symbol.dispose]();
    process.exit(0);
  });
});
const people = pairs.flatMap(({ channel, one, two }) =>
  [one, two].map((account) => ({ username: account?.username ?? '', channel })),
);
say({ kind: 'ready', port: server.port, people });
