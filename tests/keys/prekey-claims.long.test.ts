import { describe, it } from 'vitest';
import { runClaims } from './claim-prekeys.ts';

describe('A thousand who claim the hundred one-time prekeys of a device (E-7)', () => {
  // Passes 1 to 3 are those of starting.
  it.each(['before-commit:4', 'before-commit:8', 'committed:4', 'committed:5', 'committed:8', 'committed:12'])(
    'get each of them once, although the server is killed at %s',
    async (killAt) => {
      await runClaims({ claims: 1_000, killAt });
    },
  );
});
