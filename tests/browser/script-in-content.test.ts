import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { dumpDatabases } from '../harness/idb.ts';
import { startReal, type RealServer } from '../harness/real-server.ts';
import { Screen } from '../harness/screen.ts';

/** What has run scripts elsewhere, written as messages. */
const CORPUS = [
  '<script>window.__ran=1</script>',
  '<img src=x onerror="window.__ran=1">',
  '<svg onload="window.__ran=1"><animate onbegin="window.__ran=1" attributeName=x dur=1s></svg>',
  '<iframe srcdoc="<script>parent.__ran=1</script>"></iframe>',
  '<details open ontoggle="window.__ran=1">x</details>',
  '<a href="javascript:window.__ran=1">click</a>',
  '[click](javascript:window.__ran=1)',
  '[click](JaVaScRiPt:window.__ran=1)',
  '[click](java\tscript:window.__ran=1)',
  '[click](data:text/html,<script>opener.__ran=1</script>)',
  '[click](vbscript:x "onmouseover=window.__ran=1")',
  '[click](file:///etc/passwd) [click](smb://host/share) [click](\\\\host\\share)',
  '[click]("onmouseover=window.__ran=1 x)',
  '![x](https://tracker.example/p.png "onload=window.__ran=1")',
  '![x](x" onerror="window.__ran=1)',
  '<https://example.org/"onmouseover="window.__ran=1>',
  '```html\n<script>window.__ran=1</script>\n```',
  '```"><script>window.__ran=1</script>\nx\n```',
  '`<img src=x onerror=window.__ran=1>`',
  '> <math><mtext><table><mglyph><style><img src=x onerror=window.__ran=1>',
  '- <base href="https://evil.example/">\n- <meta http-equiv=refresh content="0;url=https://evil.example/">',
  '<@"><script>window.__ran=1</script>>',
  '{{constructor.constructor("window.__ran=1")()}} ${window.__ran=1} {@html "<img src=x onerror=window.__ran=1>"}',
  '&lt;script&gt;window.__ran=1&lt;/script&gt; &#60;img src=x onerror=window.__ran=1&#62;',
  '\u202e<script>window.__ran=1</script>\u0000<img src=x onerror=window.__ran=1>'.replace('\u0000', ''),
];
const ELEMENTS =
  /^(?:article|div|span|p|br|strong|em|del|code|pre|ul|ol|li|blockquote|a|button|time|svg|path|circle|line|rect|polyline|polygon|ellipse|g|img|h[1-6]|ins)$/;

describe('Text of other people', () => {
  let hub: Hub;
  let server: RealServer;
  let browser: Browser;
  let visitor: Visitor;
  let screen: Screen;
  let bert: Friend;
  /** Every token that the page was given or sent. */
  const tokens = new Set<string>();
  photographFailures(() => visitor);

  beforeAll(async () => {
    [hub, server, browser] = await Promise.all([Hub.start(), startReal(['--name', 'Harbour']), launchBrowser()]);
    bert = await Friend.found(server, 'bert');
    visitor = await Visitor.arrive(browser);
    const note = (text: string): void => {
      for (const [, token] of text.matchAll(/"(?:accessToken|refreshToken|token)":"([^"]{16,})"/g))
        tokens.add(token ?? '');
    };
    visitor.page.on('response', (answer) => {
      if (/\/api\/auth\//.test(answer.url())) void answer.text().then(note, () => undefined);
    });
    visitor.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => note(String(payload))));
    screen = await new Screen(visitor.page).open(hub.origin);
    await screen.register(server.origin, 'anna');
  });
  afterAll(async () => {
    await visitor?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [bert, hub, server]) await one?.[Symbol.asyncDispose]();
  });

  it('T1, T12, T16: runs nothing, breaks no rule of the page, adds no other element, and leads nowhere but to the web', async () => {
    const before = visitor.requested.length;
    for (const [index, text] of CORPUS.entries()) await bert.says(`${index}: ${text}`);
    await screen.message(`${CORPUS.length - 1}: `).waitFor();
    const drawn: { elements: string[]; handlers: string[]; addresses: string[] } = {
      elements: [],
      handlers: [],
      addresses: [],
    };
    // The list draws what is near: all of it passes by from the end to the beginning.
    for (let step = 0; step < 12; step++) {
      const seen = await visitor.page.evaluate(() => {
        const all = [...document.querySelectorAll('[role="log"] article, [role="log"] article *')];
        return {
          elements: all.map((one) => one.localName),
          handlers: all.flatMap((one) => one.getAttributeNames().filter((name) => name.startsWith('on'))),
          addresses: all.flatMap((one) =>
            ['href', 'src', 'srcdoc', 'action', 'xlink:href'].flatMap((name) => one.getAttribute(name) ?? []),
          ),
        };
      });
      for (const key of ['elements', 'handlers', 'addresses'] as const) drawn[key].push(...seen[key]);
      await screen.timeline.hover();
      await visitor.page.mouse.wheel(0, -400);
      await visitor.page.waitForTimeout(60);
    }
    expect([...new Set(drawn.elements)].filter((name) => !ELEMENTS.test(name))).toEqual([]);
    expect(drawn.handlers).toEqual([]);
    expect(drawn.addresses.filter((one) => !/^(?:https?:\/\/|mailto:|blob:|#)/.test(one))).toEqual([]);
    expect(await visitor.page.evaluate(() => '__ran' in window)).toBe(false);
    const foreign = visitor.requested.slice(before).filter((one) => /tracker|evil/.test(one));
    expect(foreign).toEqual([]);
    // Among them would be each report of the page's policy.
    visitor.expectQuiet();
  });

  it('T2: a script that ran all the same would find no token in page, storage, databases or anything a window leads to', async () => {
    await visitor.page.reload();
    await screen.composer.waitFor();
    await expect.poll(() => tokens.size).toBeGreaterThanOrEqual(2);
    const reach = (wanted: readonly string[]): Promise<string[]> =>
      visitor.page.evaluate(async (all) => {
        const found: string[] = [];
        const look = (text: string, where: string): void => {
          if (all.some((one) => text.includes(one))) found.push(where);
        };
        look(document.documentElement.outerHTML, 'page');
        for (const input of document.querySelectorAll<HTMLInputElement>('input, textarea')) look(input.value, 'field');
        look(JSON.stringify({ ...localStorage }), 'localStorage');
        look(JSON.stringify({ ...sessionStorage }), 'sessionStorage');
        look(document.cookie, 'cookie');
        look(location.href + JSON.stringify(history.state) + name, 'address');
        for (const cache of await caches.keys())
          for (const request of await (await caches.open(cache)).keys()) look(request.url, 'cache');
        // Everything that can be walked to from the window, by properties and symbols, through maps and sets.
        const seen = new Set<unknown>();
        const queue: [unknown, string][] = [[window, 'window']];
        for (let next = queue.pop(); next !== undefined && seen.size < 400_000; next = queue.pop()) {
          const [value, path] = next;
          if (typeof value === 'string') look(value, path);
          if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
          seen.add(value);
          if (value instanceof Map || value instanceof Set) for (const one of value) queue.push([one, `${path}.[…]`]);
          for (const key of Reflect.ownKeys(value)) {
            try {
              queue.push([
                (value as Record<PropertyKey, unknown>)[key],
                path.length < 300 ? `${path}.${String(key)}` : path,
              ]);
            } catch {
              // A getter that refuses.
            }
          }
        }
        return found;
      }, wanted);

    const hex = (text: string): string => Buffer.from(text).toString('hex');
    const dumps = [...(await dumpDatabases(visitor.page)).values()].join('\n');
    expect(await reach([...tokens])).toEqual([]);
    expect([...tokens].filter((token) => dumps.includes(token) || dumps.includes(hex(token)))).toEqual([]);
    // The key that seals them cannot be taken out either.
    expect(dumps).toMatch(/key AES-GCM false/);

    // The search would find one if there was one.
    const canary = 'a-canary-that-lies-around';
    await visitor.page.evaluate((text) => {
      Object.assign(window, { deep: { down: new Map([['x', [{ here: text }]]]) } });
    }, canary);
    expect(await reach([canary])).toContainEqual(expect.stringContaining('window.deep'));
  });
});
