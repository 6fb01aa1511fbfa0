import { describe, expect, it } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { endlessHistory, Scene } from '../testing/scene.ts';
import { WINDOW_MAX } from './window.ts';

describe('a very long channel', () => {
  it(
    'scrolls through a hundred thousand messages as quickly at its end as at its beginning',
    { timeout: 120_000 },
    async () => {
      const scene = new Scene({ before: 1 });
      await scene.rig.catchUp();
      endlessHistory(scene, 100_000);
      const timeline = scene.rig.entry.timeline(scene.channel);
      await settle();
      const times: number[] = [];
      while (timeline.view.get().older) {
        const start = performance.now();
        await timeline.loadOlder();
        times.push(performance.now() - start);
      }
      expect(times).toHaveLength(1_999);
      expect(timeline.view.get().messages).toHaveLength(WINDOW_MAX);
      const median = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[part.length >> 1] ?? 0;
      // Once the window is full, a page costs the same, with room for a machine that has other things to do.
      expect(median(times.slice(-500))).toBeLessThan(5 * median(times.slice(20, 520)) + 2);
      expect((await scene.rig.entry.holdings()).messages).toBe(100_000);
    },
  );
});
