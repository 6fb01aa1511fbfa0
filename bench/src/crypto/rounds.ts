import { COUNTS, NAMES } from './operations.ts';
import type { Name, Operations } from './operations.ts';

const WARM_UP = 3;

/** Operations per second of each side in each round, of what both sides have. */
export type Rounds = Readonly<
  Partial<Record<Name, { readonly mine: readonly number[]; readonly beside: readonly number[] }>>
>;

/** Short rounds, one side right after the other, so that a machine that is busy for a while is so for both. */
export async function alternate(mine: Operations, beside: Operations, rounds: number): Promise<Rounds> {
  const figures: Partial<Record<Name, { mine: number[]; beside: number[] }>> = {};
  for (const name of NAMES) {
    const [prepareMine, prepareBeside] = [mine[name], beside[name]];
    if (prepareMine === undefined || prepareBeside === undefined) continue;
    const figure = (figures[name] = { mine: [] as number[], beside: [] as number[] });
    for (let round = -WARM_UP; round < rounds; round++) {
      const sides = [
        { of: prepareMine, into: figure.mine },
        { of: prepareBeside, into: figure.beside },
      ];
      // Whoever goes second finds warmer caches and more garbage, so they take turns.
      for (const { of, into } of round % 2 === 0 ? sides : sides.reverse()) {
        const run = await of(COUNTS[name]);
        const start = performance.now();
        await run();
        if (round >= 0) into.push((COUNTS[name] / (performance.now() - start)) * 1_000);
      }
    }
  }
  return figures;
}
