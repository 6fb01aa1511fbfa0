import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { type Position, PROTOCOL, SOCKET_PATH } from '@skerry/protocol';
import { WebSocket } from 'ws';
import { READER } from './people.ts';
import { signInRaw } from './raw-sign-in.ts';

/** The same replay over a socket and JSON.parse alone: no proof checked, no schema, nothing kept. In ms from dialling. */
export async function bareCatchUp(origin: string, resume: Position): Promise<number> {
  const session = await signInRaw(origin, READER);
  const { asOf } = await session.snapshot();
  const start = performance.now();
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${SOCKET_PATH}`, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    const say = (frame: unknown): void => socket.send(JSON.stringify(frame));
    socket.on('open', () =>
      say({ t: 'hello', v: PROTOCOL, device: 'Bench', nonce: randomBytes(24).toString('base64url'), origin }),
    );
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as { t: string; seq?: number };
      if (frame.t === 'proof') say({ t: 'auth', token: session.token, resume });
      if (frame.t === 'reset') reject(new Error('the bare socket was told to reset'));
      if (frame.t === 'mark' && (frame.seq ?? 0) >= asOf.seq) {
        resolve(performance.now() - start);
        socket.close();
      }
    });
    socket.on('error', reject);
  });
}
