// npm run pictures: takes the README's pictures anew, from the two servers of `npm start` with fresh sample life.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { findChromium } from './find-chromium.mjs';
import { prepare } from './prepare.mjs';
import { main, root, say, Stop } from './shell.mjs';

const PORT = 4460;
const HUB = `http://localhost:${PORT}/`;
const FOLDER = path.join(root, 'docs', 'pictures');
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

await main(async () => {
  await prepare();
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Stop('Pictures need a Chromium; name one with CHROMIUM=/path/to/chromium.');
  const data = await mkdtemp(path.join(tmpdir(), 'skerry-pictures-'));
  const demo = spawn(
    process.execPath,
    [path.join(root, 'apps/cli/dist/main.js'), 'demo', '--fresh', '--quiet', '--data', data],
    {
      env: { ...process.env, PORT: String(PORT) },
      stdio: 'ignore',
    },
  );
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  try {
    await answering(HUB);
    await mkdir(FOLDER, { recursive: true });
    await take(browser, demo.pid ?? 0);
  } finally {
    await browser.close();
    demo.kill('SIGTERM');
    await new Promise((resolve) => demo.once('exit', resolve));
    await rm(data, { recursive: true, force: true });
  }
});

/** @param {import('playwright-core').Browser} browser @param {number} demo */
async function take(browser, demo) {
  const light = await open(browser, { viewport: DESKTOP, colorScheme: 'light' });
  await light
    .getByRole('link', { name: /general/ })
    .first()
    .click();
  await shot(light, 'channel-light');
  await goTo(light, '#/servers');
  await light
    .getByRole('button', { name: /^Harbour/ })
    .first()
    .click();
  await shot(light, 'servers-light');
  await goTo(light, '#/add');
  await light.getByRole('textbox').fill(`localhost:${PORT + 2}`);
  await light.getByRole('region', { name: 'Lighthouse' }).waitFor();
  await shot(light, 'add-server-light');
  await light.context().close();

  const phone = await open(browser, { viewport: PHONE, colorScheme: 'dark', isMobile: true, hasTouch: true });
  await phone
    .getByRole('link', { name: /general/ })
    .first()
    .click();
  await shot(phone, 'phone-dark');
  await phone.context().close();

  const dark = await open(browser, { viewport: DESKTOP, colorScheme: 'dark' });
  await goTo(dark, '#/inbox');
  await shot(dark, 'inbox-dark');
  await goTo(dark, '#/');
  // The first child is Harbour: it goes as a server goes whose machine loses power.
  const [harbour] = execFileSync('pgrep', ['-P', String(demo)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  process.kill(Number(harbour), 'SIGKILL');
  await dark
    .getByRole('link', { name: /general/ })
    .first()
    .click();
  await dark
    .getByText(/not reachable/i)
    .first()
    .waitFor();
  await dark.getByRole('textbox').last().fill('I will bring the key tonight.');
  await dark.keyboard.press('Enter');
  await shot(dark, 'offline-dark');
  await dark.context().close();
}

/** @param {import('playwright-core').Browser} browser @param {import('playwright-core').BrowserContextOptions} options */
async function open(browser, options) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  await page.goto(HUB);
  await page
    .getByRole('link', { name: /Lighthouse/ })
    .first()
    .waitFor();
  await goTo(page, '#/');
  return page;
}

/** @param {import('playwright-core').Page} page @param {string} hash */
async function goTo(page, hash) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  await pause(800);
}

/** @param {import('playwright-core').Page} page @param {string} name */
async function shot(page, name) {
  await pause(1_200);
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
  say(`docs/pictures/${name}.png`);
}

/** @param {string} url */
async function answering(url) {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await pause(200);
  }
  throw new Stop(`Nothing answers at ${url}.`);
}
