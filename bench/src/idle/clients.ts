import { tell } from '../shared/child.ts';
import { RawSocket } from '../shared/raw-socket.ts';
import type { FromClients, ToClients } from './message.ts';

/** Opens sockets and then leaves them alone. */

const AT_ONCE = 20;
const used = new Map<number, number>();

async function openOne(port: number, token: string | undefined): Promise<void> {
  if (token === undefined) return void (await RawSocket.open(port, '/'));
  let live: () => void;
  const isLive = new Promise<void>((resolve) => (live = resolve));
  const socket = await RawSocket.open(port, '/api/socket', (bytes, from, to) => {
    const start = bytes.toString('latin1', from, Math.min(to, from + 30));
    if (start.startsWith('{"t":"proof"')) socket.send(JSON.stringify({ t: 'auth', token, resume: null }));
    else if (start.startsWith('{"t":"presence","full":true')) live();
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
}

async function open({ port, tokens, count }: ToClients): Promise<FromClients> {
  let next = used.get(port) ?? 0;
  const end = next + count;
  used.set(port, end);
  const opener = async () => {
    while (next < end) {
      const token = tokens?.[next];
      next += 1;
      if (tokens !== null && token === undefined) throw new Error('there are more sockets than sessions');
      await openOne(port, token);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, opener));
  return { kind: 'open' };
}

process.on('message', (order: ToClients) => void open(order).then(tell));
tell({ kind: 'open' });
