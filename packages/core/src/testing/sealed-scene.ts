import type { ChannelId, MessageId } from '@skerry/protocol';
import { randomBytes } from 'node:crypto';
import type { SealedView } from '../sealed/rows.ts';
import { fastClock } from './fast-clock.ts';
import { SealedWorld, WorldDevice } from './sealed-world.ts';

const QUIET_MS = 30_000;

const random = { bytes: (length: number) => new Uint8Array(randomBytes(length)), fraction: () => 0.5 };

export type SealedScene = {
  world: SealedWorld;
  devices: WorldDevice[];
  channels: ChannelId[];
  said: Map<MessageId, string>;
};

/** Who said something where, in the order of saying. */
export const laneOf = (who: number, where: number): string => `${who} ${where}`;

/** Anna with two devices, Ben and Cleo with one each: a direct conversation and a group. */
export async function sealedScene(): Promise<SealedScene> {
  const world = new SealedWorld();
  const clock = fastClock(200, world.now);
  const [anna, ben, cleo] = [world.person(), world.person(), world.person()];
  const devices: WorldDevice[] = [];
  for (const account of [anna, anna, ben, cleo])
    devices.push(await WorldDevice.make({ world, account, clock, random }));
  for (const device of devices) device.connect();
  const starting = async (make: () => Promise<ChannelId>): Promise<ChannelId> => {
    const tell = (): void => devices[0]?.deliver();
    world.onChange.add(tell);
    const channel = await make();
    world.onChange.delete(tell);
    return channel;
  };
  const first = devices[0] as WorldDevice;
  const direct = await starting(() => first.c.startDirect(ben));
  const group = await starting(() => first.c.createGroup({ name: 'Crew', members: [ben, cleo] }));
  const made: SealedScene = { world, devices, channels: [direct, group], said: new Map() };
  await converged(made);
  return made;
}

/** What a device shows of a channel, without the lines between. */
export async function shown(device: WorldDevice, channel: ChannelId): Promise<readonly SealedView[]> {
  return (await everything(device, channel)).filter(({ sealed }) => sealed.system === null);
}

/** The lines between its messages. */
export async function linesOf(device: WorldDevice, channel: ChannelId): Promise<readonly string[]> {
  return (await everything(device, channel)).flatMap(({ sealed }) => sealed.system?.kind ?? []);
}

async function everything(device: WorldDevice, channel: ChannelId): Promise<readonly SealedView[]> {
  const all = await device.c.history.read(channel, { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10_000 });
  return all as readonly SealedView[];
}

/** Lets everything arrive until the device shows the channel as wanted. */
export async function until(
  { devices }: SealedScene,
  of: { device: WorldDevice; channel: ChannelId },
  wanted: (messages: readonly SealedView[]) => boolean,
): Promise<readonly SealedView[]> {
  let now: readonly SealedView[] = [];
  for (const end = Date.now() + QUIET_MS; Date.now() < end;) {
    for (const device of devices) device.deliver();
    await new Promise((resolve) => setTimeout(resolve, 20));
    now = await shown(of.device, of.channel);
    if (wanted(now)) return now;
  }
  throw new Error(`it stayed at ${JSON.stringify(now)}`);
}

/** Lets everything arrive, and waits until nothing moves any more. */
export async function converged({ world, devices, channels, said }: SealedScene): Promise<void> {
  for (const device of devices) {
    device.answer = () => undefined;
    device.connect();
  }
  let why = '';
  for (const until = Date.now() + QUIET_MS; Date.now() < until;) {
    for (const device of devices) device.deliver();
    await new Promise((resolve) => setTimeout(resolve, 25));
    why = await difference({ world, devices, channels, said });
    if (why === '') return;
  }
  throw new Error(`it did not converge: ${why}`);
}

async function difference({ world, devices, channels, said }: SealedScene): Promise<string> {
  for (const device of devices) {
    const waiting = device.c.rows.get();
    if (waiting.length > 0) return `${device.number} still has ${JSON.stringify(waiting[0])}`;
    if (world.device(device.address).queue.length > 0) return 'a queue is not empty';
  }
  for (const channel of channels) {
    const { members } = world.channel(channel);
    const inside = devices.filter(({ account }) => members.includes(account));
    const views = await Promise.all(inside.map((device) => shown(device, channel)));
    const texts = views.map((view) => JSON.stringify(view));
    const other = texts.findIndex((text) => text !== texts[0]);
    if (other > 0) return `${texts[0] ?? ''}\n differs from \n${texts[other] ?? ''}`;
    const ids = new Set(views[0]?.map(({ id }) => id));
    const posts = world.channel(channel).events.flatMap(({ message }) => (message?.op === 'post' ? [message.id] : []));
    if (posts.length !== ids.size || posts.some((id) => !ids.has(id))) return 'posts and rows differ';
  }
  const all = channels.flatMap((channel) => world.channel(channel).events);
  for (const id of said.keys())
    if (all.filter(({ message }) => message?.id === id).length !== 1) return `${id} was not sent exactly once`;
  const places = new Map<string, number>();
  for (const [id, lane] of said) {
    const n = all.find(({ message }) => message?.id === id)?.n ?? 0;
    if (n <= (places.get(lane) ?? 0)) return `${id} overtook another one of its lane`;
    places.set(lane, n);
  }
  return '';
}
