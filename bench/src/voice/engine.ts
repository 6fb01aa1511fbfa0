import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import { parts } from '@skerry/server';
import { tell } from '../shared/child.ts';
import { newId } from '../shared/people.ts';

/** The server's side of a voice channel, alone in its process: what it costs is what forwarding costs. */

export type Order =
  | { readonly kind: 'join'; readonly sdp: string }
  | { readonly kind: 'leave'; readonly stay: string }
  /** Forgets how late the event loop was so far. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'end' };
export type Answer = {
  readonly stay: string;
  readonly sdp: string;
  readonly delayMs: number;
  readonly streams: number;
};

const room = newId<ChannelId>();
const quiet = (): void => undefined;
const { EmbeddedEngine } = await parts.loadVoice();
const engine = new EmbeddedEngine({
  ports: [24_400, 24_459],
  addresses: ['127.0.0.1'],
  events: { connected: quiet, speaking: quiet, slots: quiet, grow: quiet },
  now: () => Date.now(),
});
const stays = new Map<string, Parameters<typeof engine.leave>[0]>();
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

process.on('message', (order: Order) => {
  void answer(order).then(tell);
});
process.on('disconnect', () => process.exit(0));
tell({ stay: '', sdp: '', delayMs: 0, streams: 0 } satisfies Answer);

async function answer(order: Order): Promise<Answer> {
  let [id, sdp] = ['', ''];
  if (order.kind === 'begin') delay.reset();
  if (order.kind === 'join') {
    id = newId();
    const account = newId<AccountId>();
    const stay = { id: id as never, room, account, session: newId<SessionId>() };
    stays.set(id, stay);
    const grant = await engine.join(stay, { sdp: order.sdp, rights: { speaks: true, hears: true } });
    if (grant.kind === 'webrtc') sdp = grant.sdp;
  }
  if (order.kind === 'leave') {
    const stay = stays.get(order.stay);
    stays.delete(order.stay);
    if (stay !== undefined) await engine.leave(stay);
  }
  const { streams } = await engine.status();
  return { stay: id, sdp, delayMs: delay.percentile(99) / 1e6, streams };
}
