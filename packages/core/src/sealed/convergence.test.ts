import type { AccountId, ChannelId, MessageId } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { converged, laneOf, sealedScene, type SealedScene, shown } from '../testing/sealed-scene.ts';
import type { WorldDevice } from '../testing/sealed-world.ts';

/** More of them: `SKERRY_RUNS=500`. A failing seed is printed and can be put into the options. */
const RUNS = Number(process.env['SKERRY_RUNS'] ?? 10);

type Step =
  | { readonly do: 'say'; readonly who: number; readonly where: number; readonly n: number }
  | { readonly do: 'change'; readonly who: number; readonly what: number; readonly which: number }
  | { readonly do: 'deliver'; readonly who: number; readonly withEvents: boolean; readonly again: number }
  | { readonly do: 'cut' | 'connect' | 'die' | 'lose' | 'wait'; readonly who: number }
  | { readonly do: 'dieWriting'; readonly who: number; readonly commit: number; readonly written: boolean };

const who = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('say' as const), who, where: fc.nat(1), n: fc.nat(1_000) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), who, what: fc.nat(3), which: fc.nat(40) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('deliver' as const), who, withEvents: fc.boolean(), again: fc.nat(3) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('cut', 'connect', 'connect', 'die', 'lose', 'wait', 'wait'), who }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('dieWriting' as const),
      who,
      commit: fc.integer({ min: 1, max: 6 }),
      written: fc.boolean(),
    }),
  },
);

async function play(scene: SealedScene, steps: readonly Step[]): Promise<void> {
  const { devices, channels, said } = scene;
  const dying = new Set<WorldDevice>();
  for (const one of steps) {
    const device = devices[one.who] as WorldDevice;
    if (device.mortal.isDead) {
      dying.delete(device);
      await device.die();
    }
    switch (one.do) {
      case 'say': {
        const channel = channels[one.where] as ChannelId;
        if (!scene.world.channel(channel).members.includes(device.account)) break;
        const text = `text ${one.n}`;
        // A process that dies while it writes never answers.
        const id = await Promise.race([device.c.send({ channel, text, replyTo: null, uploads: [] }), pause(50)]);
        if (typeof id === 'string') said.set(id, laneOf(one.who, one.where));
        break;
      }
      case 'change': {
        const [channel] = channels;
        const rows = (await Promise.race([shown(device, channel as ChannelId), pause(50)])) as
          { id: MessageId; author: AccountId }[] | undefined;
        const target = rows?.[one.which % Math.max(1, rows.length)];
        if (target === undefined) break;
        const own = target.author === device.account;
        const work =
          one.what === 0 && own
            ? device.c.edit(target.id, `edited ${one.which}`)
            : one.what === 1 && own
              ? device.c.delete(target.id)
              : device.c.react(target.id, one.which % 2 === 0 ? '👍' : '🎉', one.which % 3 !== 0);
        await Promise.race([work.catch(() => undefined), pause(50)]);
        break;
      }
      case 'deliver':
        device.deliver(one);
        break;
      case 'cut':
        device.cut();
        break;
      case 'connect':
        device.connect();
        break;
      case 'die':
        await device.die();
        break;
      case 'lose': {
        let left = 1;
        device.answer = () => (left-- > 0 ? 'lost' : undefined);
        break;
      }
      case 'wait':
        await pause(10);
        break;
      case 'dieWriting':
        device.mortal.dieAt(device.mortal.commits + one.commit, one.written);
        dying.add(device);
        device.deliver();
        await pause(5);
        break;
    }
  }
  for (const device of devices) await device.die();
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('encrypted conversations converge', () => {
  it('all devices show the same, each message once, after any cuts, deaths at any write, repeats and lost answers (I1 to I7, I13, I14)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const made = await sealedScene();
        await play(made, steps);
        await converged(made);
      }),
      // Time runs on its own here, so a smaller story need not fail the same way.
      { numRuns: RUNS, endOnFailure: true, interruptAfterTimeLimit: 60_000 },
    );
    expect(RUNS).toBeGreaterThan(0);
  }, 120_000);
});
