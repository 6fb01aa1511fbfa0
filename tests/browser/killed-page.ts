import type { BrowserContext } from 'playwright-core';
import { Visitor } from '../harness/browser.ts';
import { MortalBrowser } from '../harness/chromium-process.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { LyingServer } from '../harness/lying/lying-server.ts';
import { Screen } from '../harness/screen.ts';
import { eventually } from '../harness/watch.ts';

/** Right before the k-th IndexedDB transaction of the page commits, or right after. */
export type Moment = { readonly at: number; readonly when: 'before' | 'after' };

const WORDS = ['first', 'second', 'third'];

/**
 * A person writes three messages and reads three; at a chosen write everything freezes and the browser is killed. It is
 * started again on the same profile.
 * @returns whether the moment came, and what is wrong afterwards, in words
 */
export async function killedAt(moment: Moment): Promise<{ died: boolean; wrong: string[] }> {
  await using hub = await Hub.start();
  await using server = await LyingServer.start({ name: 'Harbour' });
  const bert = await Friend.found({ origin: server.origin, setupCode: server.world.setupCode }, 'bert');
  await using browser = await MortalBrowser.make();
  await register(await browser.start(), hub, server);
  await browser.stop();

  const context = await browser.start();
  await context.addInitScript(freezeAt, moment);
  const page = context.pages()[0] ?? (await context.newPage());
  let died = false;
  page.on('console', (message) => (died ||= message.text() === 'frozen'));
  const screen = await new Screen(page).open(hub.origin);
  page.setDefaultTimeout(4_000);
  const shown: string[] = [];
  try {
    for (const word of WORDS) {
      if (died) break;
      await screen.send(`mine ${word}`);
      await screen.timeline.getByText(`mine ${word}`).waitFor();
      shown.push(`mine ${word}`);
      await bert.says(`his ${word}`);
      await screen.message(`his ${word}`).waitFor();
    }
    await page.waitForTimeout(600);
  } catch (error) {
    if (!died) throw error;
  }
  await browser.kill();

  const again = await browser.start();
  await using visitor = await Visitor.of(again);
  const after = await new Screen(visitor.page).open(hub.origin);
  await after.showServer('Harbour');
  const texts = (): string[] => [...server.world.messages.values()].map((message) => message.text);
  const wrong: string[] = [];
  await eventually('all of what was shown was sent', () => shown.every((text) => texts().includes(text))).catch(() =>
    wrong.push(`not sent: ${shown.filter((text) => !texts().includes(text)).join()}`),
  );
  await visitor.page.waitForTimeout(300);
  for (const text of new Set(texts()))
    if (texts().filter((one) => one === text).length > 1) wrong.push(`sent twice: ${text}`);
  const wanted = server.world.messagesOf(bert.channel).map((message) => message.text);
  await eventually('the page shows what the server has', async () => same(await linesOf(after), wanted)).catch(
    async () => wrong.push(`shows ${(await linesOf(after)).join()} instead of ${wanted.join()}`),
  );
  wrong.push(...visitor.complaints);
  return { died, wrong };
}

async function register(context: BrowserContext, hub: Hub, server: LyingServer): Promise<void> {
  const page = context.pages()[0] ?? (await context.newPage());
  const screen = await new Screen(page).open(hub.origin);
  await screen.register(server.origin, 'anna');
  await page.waitForTimeout(800);
}

async function linesOf(screen: Screen): Promise<string[]> {
  const all = await screen.timeline.getByRole('article').allInnerTexts();
  return all.flatMap((text) => text.split('\n').filter((line) => /^(?:mine|his) /.test(line)));
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.join('\n') === b.join('\n');
}

/** Runs in the page before all else: counts writing transactions and spins for ever at the chosen one. */
function freezeAt({ at, when }: Moment): void {
  let seen = 0;
  const freeze = (): void => {
    // eslint-disable-next-line no-console -- the console is what the test hears
    console.log('frozen');
    for (;;);
  };
  const open = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...args: Parameters<typeof open>) {
    const transaction = open.apply(this, args);
    if (args[1] !== 'readwrite') return transaction;
    seen += 1;
    if (seen !== at) return transaction;
    if (when === 'after') transaction.addEventListener('complete', freeze);
    // A task of its own would come after the commit began; a microtask stands before the end of this one.
    else queueMicrotask(() => queueMicrotask(freeze));
    return transaction;
  };
}
