import type { SignedIn } from '@skerry/protocol';
import { tell } from '../shared/child.ts';
import { newId } from '../shared/people.ts';
import { RawSocket } from '../shared/raw-socket.ts';
import { PASSWORD, type FromClients, type FromServer, type ToClients } from './message.ts';

/** People who send at a given rate over real sockets, whether or not the server keeps up. */

const TICK_MS = 5;
const TEXT = 'A message about as long as people write them here.';

type Talker = { readonly socket: RawSocket; readonly channel: string };
const { port, people } = JSON.parse(process.argv[2] ?? '{}') as Extract<FromServer, { kind: 'ready' }>;
const sentAt = new Map<string, number>();
let latencies: number[] = [];
let refused = 0;

async function signIn(username: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/api/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password: PASSWORD, device: 'bench' }),
  });
  if (!response.ok) throw new Error(`sign-in answered ${response.status}`);
  return ((await response.json()) as SignedIn).accessToken;
}

async function open({ username, channel }: { username: string; channel: string }): Promise<Talker> {
  const token = await signIn(username);
  let live: () => void;
  const isLive = new Promise<void>((resolve) => (live = resolve));
  const socket = await RawSocket.open(port, '/api/socket', (bytes, from, to) => {
    const text = bytes.toString('latin1', from, to);
    if (text.startsWith('{"t":"ok"')) answered(text);
    else if (text.startsWith('{"t":"fail"')) refused += 1;
    else if (text.startsWith('{"t":"proof"')) socket.send(JSON.stringify({ t: 'auth', token, resume: null }));
    else if (text.startsWith('{"t":"presence","full":true')) live();
  });
  socket.send(
    JSON.stringify({
      t: 'hello',
      v: { min: 1, max: 1 },
      device: 'bench',
      nonce: 'n'.repeat(22),
      origin: `http://127.0.0.1:${port}`,
    }),
  );
  await isLive;
  return { socket, channel };
}

function answered(text: string): void {
  const id = text.slice(16, 52);
  const at = sentAt.get(id);
  if (at === undefined) return;
  sentAt.delete(id);
  latencies.push(performance.now() - at);
}

async function run({ perSecond, ms }: ToClients): Promise<FromClients> {
  latencies = [];
  refused = 0;
  const start = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const passed = performance.now() - start;
      // Never in one lump after a pause: what could not be sent then is not made up for.
      const due = Math.min(Math.floor((Math.min(passed, ms) * perSecond) / 1_000), sent + perSecond / 20);
      for (; sent < due; sent++) {
        const talker = talkers[sent % talkers.length];
        const id = newId();
        sentAt.set(id, performance.now());
        talker?.socket.send(
          JSON.stringify({
            t: 'cmd',
            id,
            command: { kind: 'message.send', channel: talker.channel, text: TEXT, replyTo: null },
          }),
        );
      }
      if (passed < ms) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  const took = performance.now() - start;
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return { kind: 'sent', answered: sorted.length, refused, ms: took, p50: at(0.5), p99: at(0.99) };
}

const talkers: Talker[] = [];
for (const person of people) talkers.push(await open(person));
process.on('message', (order: ToClients) => void run(order).then(tell));
tell({ kind: 'ready' });
