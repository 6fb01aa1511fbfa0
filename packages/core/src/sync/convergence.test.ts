import type { AccountId, ChannelId, Command, CommandId, MessageId } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelServer } from '../testing/model-server.ts';
import { settle } from '../testing/manual-clock.ts';
import { SyncRig } from '../testing/sync-rig.ts';
import { digestOfSnapshot } from './snapshot.ts';

/** More of them: `SKERRY_RUNS=20000`. A failing seed is printed and can be put into the options. */
const RUNS = Number(process.env['SKERRY_RUNS'] ?? 100);

/** A small world: three accounts, of whom the first is the client's, and channels that come and go. */
class World {
  readonly server = new ModelServer();
  readonly accounts: AccountId[];
  readonly channels: ChannelId[] = [];
  readonly messages: MessageId[] = [];

  constructor() {
    this.accounts = ['anna', 'ben', 'cleo'].map((name, index) =>
      this.server.account(name, index === 0 ? 'owner' : 'member'),
    );
    this.act({ who: 1, kind: 'create', a: 0, b: 0 });
    this.act({ who: 0, kind: 'join', a: 0, b: 0 });
    // More than a page of it is older than the client's first snapshot.
    for (let i = 0; i < 55; i++) this.act({ who: 1, kind: 'send', a: 0, b: i });
  }

  get me(): AccountId {
    return this.accounts[0] as AccountId;
  }

  act({ who, kind, a, b }: Act): void {
    const actor = this.accounts[who % this.accounts.length] as AccountId;
    const pick = <T>(list: readonly T[], at: number): T => list[at % Math.max(1, list.length)] as T;
    const [channel, message, other] = [pick(this.channels, a), pick(this.messages, a), pick(this.accounts, b)];
    const run = (command: Command): void => {
      const id = this.server.id<CommandId>();
      try {
        this.server.run(actor, id, command);
      } catch {
        return; // Refused, as it may be.
      }
      if (command.kind === 'message.send') this.messages.push(id as string as MessageId);
      if (command.kind === 'channel.create') this.channels.push(id as string as ChannelId);
    };
    switch (kind) {
      case 'create':
        return run({
          kind: 'channel.create',
          name: `c${a}`,
          topic: '',
          visibility: b % 2 === 0 ? 'public' : 'private',
          history: 'all',
        });
      case 'join':
        return run({ kind: 'channel.join', channel });
      case 'leave':
        return run({ kind: 'channel.leave', channel });
      case 'add':
        return run({ kind: 'channel.add', channel, account: other });
      case 'remove':
        return run({ kind: 'channel.remove', channel, account: other });
      case 'rename':
        return run({ kind: 'channel.update', channel, name: `r${b}`, topic: 'x' });
      case 'send':
        return run({
          kind: 'message.send',
          channel,
          text: b % 3 === 0 ? `<@${this.me}> hello` : `text ${b}`,
          replyTo: b % 4 === 0 ? (message ?? null) : null,
        });
      case 'edit':
        return run({ kind: 'message.edit', message, text: `edited ${b}` });
      case 'delete':
        return run({ kind: 'message.delete', message });
      case 'react':
        return run({ kind: 'reaction.set', message, emoji: b % 2 === 0 ? '👍' : '🎉', on: b % 3 !== 0 });
      case 'read':
        return run({ kind: 'marker.set', channel, n: b * 3 });
      case 'inbox':
        return run({ kind: 'inbox.set', message, state: (['open', 'later', 'done'] as const)[b % 3] ?? 'done' });
      case 'profile':
        return run({ kind: 'profile.update', displayName: `name ${b}` });
      case 'server':
        return run({ kind: 'server.update', name: `server ${b}`, description: '', registration: 'open' });
    }
  }
}

const KINDS = [
  'create',
  'join',
  'leave',
  'add',
  'remove',
  'rename',
  'send',
  'edit',
  'delete',
  'react',
  'read',
  'inbox',
  'profile',
  'server',
] as const;
type Act = { readonly who: number; readonly kind: (typeof KINDS)[number]; readonly a: number; readonly b: number };

const act = fc.record<Act>({
  who: fc.nat(2),
  // Most of what happens are messages.
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('send', 'edit', 'react') },
    { weight: 2, arbitrary: fc.constantFrom(...KINDS) },
  ),
  a: fc.nat(70),
  b: fc.nat(20),
});

type Step =
  | { readonly do: 'act'; readonly act: Act }
  | { readonly do: 'deliver' | 'release'; readonly count: number }
  | {
      readonly do:
        | 'cut'
        | 'connect'
        | 'die'
        | 'forget'
        | 'backup'
        | 'restore'
        | 'look'
        | 'repeat'
        | 'slow'
        | 'wait'
        | 'dieWriting';
    };

const step = fc.oneof(
  { weight: 12, arbitrary: act.map((one): Step => ({ do: 'act', act: one })) },
  { weight: 6, arbitrary: fc.nat(6).map((count): Step => ({ do: 'deliver', count })) },
  { weight: 2, arbitrary: fc.nat(2).map((count): Step => ({ do: 'release', count })) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(
        'cut',
        'connect',
        'connect',
        'connect',
        'die',
        'forget',
        'look',
        'look',
        'repeat',
        'slow',
        'wait',
        'dieWriting',
      )
      .map((one): Step => ({ do: one as 'cut' })),
  },
);
const restoring = fc.oneof(
  { weight: 8, arbitrary: step },
  { weight: 1, arbitrary: fc.constantFrom('backup', 'restore').map((one): Step => ({ do: one as 'backup' })) },
);

async function play(steps: readonly Step[]): Promise<{ world: World; rig: SyncRig }> {
  const world = new World();
  const { server } = world;
  const rig = new SyncRig({ server, account: world.me });
  await rig.catchUp();
  let backup = server.backup();
  for (const one of steps) {
    switch (one.do) {
      case 'act':
        world.act(one.act);
        break;
      case 'deliver':
        await rig.deliver(one.count);
        break;
      case 'release':
        await rig.release(one.count);
        break;
      case 'wait':
        await rig.clock.advance(1_000);
        break;
      case 'dieWriting':
        rig.mortal.dieAt(rig.mortal.commits + 1, world.server.head.seq % 2 === 0);
        await rig.deliver(3);
        await rig.die();
        break;
      case 'slow':
        rig.isSlow = true;
        break;
      case 'cut':
        rig.cut();
        break;
      case 'connect':
        rig.connect();
        break;
      case 'die':
        await settle();
        await rig.die();
        break;
      case 'forget':
        server.keptFrom = server.head.seq + 1;
        break;
      case 'backup':
        backup = server.backup();
        break;
      case 'restore':
        rig.cut();
        server.restore(backup);
        break;
      case 'look': {
        const channel = world.channels[world.server.head.seq % world.channels.length];
        if (channel !== undefined) rig.entry.timeline(channel);
        break;
      }
      case 'repeat':
        rig.wire = rig.wire.flatMap((delivery) =>
          delivery.what.t === 'answer' || delivery.what.t === 'reset' ? [delivery] : [delivery, delivery],
        );
        break;
    }
  }
  await rig.catchUp();
  return { world, rig };
}

/** Everything one can read in a channel, from the client's own storage and pages. */
async function readAll(rig: SyncRig, channel: ChannelId): Promise<readonly unknown[]> {
  const timeline = rig.entry.timeline(channel);
  await settle();
  for (let pages = 0; timeline.view.get().older && timeline.view.get().error === null; pages++) {
    expect(pages).toBeLessThan(20);
    await timeline.loadOlder();
  }
  const { messages, status } = timeline.view.get();
  expect(status).toBe('fresh');
  timeline[Symbol.dispose]();
  return messages.map(({ message }) => message);
}

async function expectConverged({ world, rig }: { world: World; rig: SyncRig }): Promise<void> {
  expect(await rig.stored()).toBe(digestOfSnapshot(world.server.snapshot(world.me)));
  expect(rig.problems).toEqual([]);
  for (const channel of world.channels) {
    if (!world.server.isMember(world.me, channel)) continue;
    expect(await readAll(rig, channel)).toEqual(world.server.messages(channel));
  }
}

describe('convergence', () => {
  it('a client equals a fresh snapshot after any history of cuts, deaths, resets and repeats (I3, I4, I5)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), async (steps) =>
        expectConverged(await play(steps)),
      ),
      { numRuns: RUNS },
    );
  }, 600_000);

  it('a client equals a fresh snapshot although backups of the server were restored in between (T41)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(restoring, { maxLength: 100, size: 'max' }), async (steps) =>
        expectConverged(await play(steps)),
      ),
      { numRuns: RUNS },
    );
  }, 600_000);
});
