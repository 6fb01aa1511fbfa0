import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AccountId, ChannelId, CommandId, MessageId } from '@skerry/protocol';
import { uuidv7 } from '@skerry/protocol';
import { parseConfig, type RunningServer, seedServer, startServer } from '@skerry/server';
import { randomBytes } from 'node:crypto';
import type { FromServers, ToServers } from './message.ts';
import { PASSWORD, READER, WRITER } from './people.ts';
import { signInRaw } from './raw-sign-in.ts';

const CHANNELS = 12;
const MESSAGES = 60;
const id = <T extends string>(at: number): T => uuidv7<T & string>(at, randomBytes(10));

/** Many real servers in one process: the other side of the client that is measured. */
async function startOne(folder: string, index: number): Promise<RunningServer> {
  const data = path.join(folder, String(index));
  const start = Date.now() - 86_400_000;
  const [reader, writer] = [id<AccountId>(start), id<AccountId>(start + 1)];
  const first = id<ChannelId>(start);
  const channels = Array.from({ length: CHANNELS - 1 }, (_, at) => id<CommandId>(start + 10 + at));
  const all: readonly string[] = [first, ...channels];
  const send = (at: number, channel: string, text: string) => ({
    at,
    account: writer,
    id: id<CommandId>(at),
    command: { kind: 'message.send' as const, channel: channel as ChannelId, text, replyTo: null as MessageId | null },
  });
  await seedServer({
    data,
    name: `Server ${index}`,
    description: '',
    password: PASSWORD,
    seed: {
      firstChannel: { id: first, name: 'general', at: start },
      accounts: [
        { id: writer, username: WRITER, displayName: 'Writer', role: 'owner', at: start },
        { id: reader, username: READER, displayName: 'Reader', role: 'member', at: start },
      ],
      steps: [
        ...channels.flatMap((channel, at) => [
          {
            at: start + 100 + at,
            account: writer,
            id: channel,
            command: {
              kind: 'channel.create' as const,
              name: `channel-${at}`,
              topic: '',
              visibility: 'public' as const,
              history: 'all' as const,
            },
          },
          {
            at: start + 200 + at,
            account: reader,
            id: id<CommandId>(start),
            command: { kind: 'channel.join' as const, channel: channel as unknown as ChannelId },
          },
        ]),
        ...all.flatMap((channel, at) =>
          Array.from({ length: MESSAGES }, (_, n) =>
            send(start + 1_000 + at * 100 + n, channel, `Message ${n} of this channel, about as long as people write.`),
          ),
        ),
      ],
    },
  });
  const flags = ['--port', '0', '--data', data, '--client', 'none', '--rate-scale', '100000', '--log-level', 'error'];
  return startServer(parseConfig(flags, {}));
}

const count = Number(process.argv[2]);
const folder = await mkdtemp(path.join(tmpdir(), 'skerry-bench-'));
const servers: RunningServer[] = [];
for (let index = 0; index < count; index++) servers.push(await startOne(folder, index));
const say = (message: FromServers): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
say({ kind: 'ready', origins: servers.map((server) => server.url) });

process.stdin.setEncoding('utf8').on('data', (text: string) => {
  for (const line of text.split('\n').filter(Boolean)) void obey(JSON.parse(line) as ToServers);
});

async function obey(order: ToServers): Promise<void> {
  if (order.kind === 'write') {
    const [server] = servers;
    if (server === undefined) return;
    const raw = await signInRaw(server.url, WRITER);
    const { asOf: from, channels } = await raw.snapshot();
    const channel = channels.find((one) => one.channel.name === 'general')?.channel.id;
    if (channel === undefined) throw new Error('the first channel is missing');
    for (let n = 0; n < order.messages; n += 50)
      await Promise.all(
        Array.from({ length: Math.min(50, order.messages - n) }, (_, at) =>
          raw.send(channel, n + at === order.messages - 1 ? 'the last one' : `missed ${n + at}`),
        ),
      );
    say({ kind: 'written', from });
    return;
  }
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
  process.exit(0);
}
