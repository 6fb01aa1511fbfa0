import { expect, it } from 'vitest';
import { killedAt } from './killed-page.ts';

const MOST = 60;

it.skipIf(process.platform !== 'linux')(
  'a browser killed at every write of a short story goes on as if nothing had been',
  async () => {
    const found: string[] = [];
    let deaths = 0;
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; at <= MOST; at++) {
        const { died, wrong } = await killedAt({ at, when });
        for (const one of wrong) found.push(`killed ${when} write ${at}: ${one}`);
        if (!died) break;
        deaths += 1;
      }
    }
    process.stdout.write(`killed pages: ${deaths} deaths, ${found.length} wrong\n`);
    expect(found).toEqual([]);
    expect(deaths).toBeGreaterThan(10);
  },
);
