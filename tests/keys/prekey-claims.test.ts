import { describe, it } from 'vitest';
import { runClaims } from './claim-prekeys.ts';

describe('The hundred one-time prekeys of a device (E-7)', () => {
  it('are handed out once each to a thousand who come at once', async () => {
    await runClaims({ claims: 1_000, killAt: null });
  });

  it('are not handed out again after the server was killed and they were published again', async () => {
    await runClaims({ claims: 1_000, killAt: 'committed:6' });
  });
});
