import { expect, it } from 'vitest';
import { launchBrowser, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { Screen } from '../harness/screen.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { timeSends } from '../harness/time-sends.ts';

const SENDS = 200;

it('200 sends on one server are as quick while another is away', async () => {
  await using hub = await Hub.start();
  await using harbour = await SpawnedServer.start({ name: 'Harbour', args: ['--client', 'none'] });
  await using lighthouse = await SpawnedServer.start({ name: 'Lighthouse', args: ['--client', 'none'] });
  await using bert = await Friend.found(harbour, 'bert');
  await using _second = await Friend.found(lighthouse, 'bert');
  const browser = await launchBrowser();
  try {
    await using visitor = await Visitor.arrive(browser);
    const screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(lighthouse.origin, 'anna');
    await screen.register(harbour.origin, 'anna');
    await timeSends(screen, bert, 50);
    const before = await timeSends(screen, bert, SENDS);
    await lighthouse.stop();
    await screen.rail.getByRole('link', { name: /^Lighthouse.*(Not reachable|Waiting)/i }).waitFor();
    const during = await timeSends(screen, bert, SENDS);
    process.stdout.write(
      `p95 of ${SENDS} sends: ${before.p95.toFixed(1)} ms before, ${during.p95.toFixed(1)} ms during\n`,
    );
    expect(during.p95).toBeLessThan(1.2 * before.p95);
  } finally {
    await browser.close();
  }
});
