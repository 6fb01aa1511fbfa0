import type { ChannelId } from '@skerry/protocol';
import type { ServerHandle } from '@skerry/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFindings } from '../harness/axe.ts';
import { launchBrowser, photographFailures, Visitor } from '../harness/browser.ts';
import { Friend } from '../harness/friend.ts';
import { Hub } from '../harness/hub.ts';
import { dumpDatabases } from '../harness/idb.ts';
import { KeyedScreen } from '../harness/keyed-screen.ts';
import { pngOf } from '../harness/png.ts';
import { settled } from '../harness/settled.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { eventually, until } from '../harness/watch.ts';
import { canReach, idOf, isIn, Keyed, messages, say } from '../sealed/keyed-member.ts';

const NAMES = ['Harbour', 'Lighthouse'] as const;
type Name = (typeof NAMES)[number];
/** Said in an encrypted conversation of that server and nowhere else. */
const CANARY: Record<Name, string> = { Harbour: 'kelpwhisper', Lighthouse: 'lampwhisper' };

/**
 * Two people of the same names on two real servers, each in a browser of their own, and a third one without a page. What
 * they write is encrypted between them: the servers are the real program, nothing stands in for a client.
 */
describe('Two people who write to each other encrypted, on two servers', () => {
  let hub: Hub;
  let servers: Record<Name, SpawnedServer>;
  let browser: Browser;
  let [annaVisitor, benVisitor]: (Visitor | undefined)[] = [];
  let anna: KeyedScreen;
  let ben: KeyedScreen;
  let cleo: Keyed;
  let cleoAtHarbour: ServerHandle;
  const owners: Friend[] = [];
  photographFailures(() => annaVisitor);

  beforeAll(async () => {
    const start = (name: Name): Promise<SpawnedServer> => SpawnedServer.start({ name, args: ['--client', 'none'] });
    const [harbour, lighthouse] = await Promise.all([start('Harbour'), start('Lighthouse')]);
    servers = { Harbour: harbour, Lighthouse: lighthouse };
    [hub, browser] = await Promise.all([Hub.start(), launchBrowser()]);
    for (const name of NAMES) {
      const olga = await Friend.found(servers[name], 'olga');
      owners.push(olga);
      // Whoever comes has something to read, and what encryption needs is loaded as soon as that is shown.
      await olga.says('welcome');
    }
    // A list of devices is refused until the account has a key, which is what the page finds out.
    const allowed = [/status of 409 \(Conflict\).*\/api\/commands/, /status of 404/];
    [annaVisitor, benVisitor] = [
      await Visitor.arrive(browser, { allowed }),
      await Visitor.arrive(browser, { allowed }),
    ];
    [anna, ben, cleo] = await Promise.all([arrive(annaVisitor, 'anna'), arrive(benVisitor, 'ben'), Keyed.create()]);
    cleoAtHarbour = await cleo.register(harbour.origin, 'cleo');
  }, 300_000);
  afterAll(async () => {
    for (const one of [annaVisitor, benVisitor, cleo]) await one?.[Symbol.asyncDispose]();
    await browser?.close();
    for (const one of [...owners, hub, servers?.Harbour, servers?.Lighthouse]) await one?.[Symbol.asyncDispose]();
  });

  /** A person with keys, signed up on both servers. */
  async function arrive(visitor: Visitor, name: string): Promise<KeyedScreen> {
    const screen = new KeyedScreen(visitor.page);
    await screen.open(hub.origin);
    // One account was made with a password and gets its key later, the other one is made by key.
    await screen.register(servers.Harbour.origin, name);
    await screen.makeKeys();
    await screen.giveKey(name);
    await screen.goTo('#/');
    await screen.newConversation.waitFor();
    await screen.registerByKey(servers.Lighthouse.origin, name);
    await screen.newConversation.waitFor();
    return screen;
  }

  it('find each other, and each sees who can read (S4.1, E-5)', async () => {
    for (const server of NAMES) {
      await anna.showServer(server);
      await anna.start(['ben']);
      await anna.readers.getByText('Only ben (1 device) and you (1 device) can read this.').waitFor();
      await anna.send(`${CANARY[server]} to ben`);
      await anna.message(`${CANARY[server]} to ben`).waitFor();
      await ben.showServer(server);
      await ben.conversation('anna').waitFor();
      // The conversation is there before what was said in it.
      await expect.poll(() => ben.conversation('anna').getAttribute('aria-label')).toContain('1 unread');
      await ben.open('anna');
      await ben.message(`${CANARY[server]} to ben`).waitFor();
      await ben.send(`${CANARY[server]} to anna`);
      await anna.message(`${CANARY[server]} to anna`).waitFor();
      await anna.timeline.getByText('Read', { exact: true }).waitFor();
    }
    // Asked for again it is the same one.
    await anna.start(['ben']);
    await anna.message(`${CANARY.Lighthouse} to anna`).waitFor();
    expect(await anna.conversation('ben').count()).toBe(1);
    annaVisitor?.expectQuiet();
    benVisitor?.expectQuiet();
  });

  it('edit, react and take back, and the other side follows', async () => {
    await anna.showServer('Harbour');
    await ben.showServer('Harbour');
    await anna.open('ben');
    await ben.open('anna');
    await anna.send('a word with a typo');
    await ben.message('a word with a typo').waitFor();
    await anna.composer.press('ArrowUp');
    await anna.composer.fill('a word without');
    await anna.composer.press('Enter');
    await ben.message('a word without').getByText('(edited)').waitFor();
    await ben.message('a word without').hover();
    await ben.page.getByRole('button', { name: 'Add reaction' }).last().click();
    await ben.dialog.getByLabel('Find an emoji').fill('anchor');
    await ben.page.waitForTimeout(300);
    await ben.page.keyboard.press('Enter');
    await anna
      .message('a word without')
      .getByRole('button', { name: /⚓, 1 reaction/ })
      .waitFor();
    // Nobody takes back what another one said.
    await ben.message('a word without').click({ button: 'right' });
    expect(await ben.page.getByRole('menuitem', { name: 'Delete…' }).count()).toBe(0);
    await ben.page.keyboard.press('Escape');
    await anna.message('a word without').click({ button: 'right' });
    await anna.page.getByRole('menuitem', { name: 'Delete…' }).click();
    await anna.dialog.getByRole('button', { name: 'Delete' }).click();
    await ben.timeline.getByText('Message deleted').waitFor();
    expect(await ben.timeline.getByText('a word without').count()).toBe(0);
  });

  it('send files: a picture is shown after decrypting, another file is saved as it was', async () => {
    const picture = pngOf(64, [20, 90, 160]);
    const text = 'tides of the whole month\n'.repeat(4_000);
    await anna.page.setInputFiles('input[type=file]', [
      { name: 'harbour.png', mimeType: 'image/png', buffer: picture },
      { name: 'tides.txt', mimeType: 'text/plain', buffer: Buffer.from(text) },
      { name: 'page.html', mimeType: 'image/png', buffer: Buffer.from('<script>document.title = "owned"</script>') },
    ]);
    const tray = anna.page.getByRole('list', { name: 'Attachments of this message' });
    await tray.getByRole('listitem').nth(2).waitFor();
    // By dropping and by pasting as well; each can be taken out again.
    const dropped = await anna.page.evaluateHandle(filesOf, 'dropped.txt');
    for (const kind of ['dragenter', 'drop']) await anna.timeline.dispatchEvent(kind, { dataTransfer: dropped });
    await tray.getByText('dropped.txt').waitFor();
    const pasted = await anna.page.evaluateHandle(filesOf, 'pasted.txt');
    await anna.composer.evaluate(
      (field, clipboardData) =>
        field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })),
      pasted,
    );
    await tray.getByText('pasted.txt').waitFor();
    for (const name of ['dropped.txt', 'pasted.txt'])
      await tray.getByRole('button', { name: `Take ${name} out` }).click();
    expect(await tray.getByRole('listitem').count()).toBe(3);
    await eventually('all files are ready', async () => (await tray.locator('progress').count()) === 0);
    await anna.composer.press('Enter');
    const shown = ben.timeline.locator('img[alt="harbour.png"]');
    await shown.waitFor();
    const drawn = await shown.evaluate((image: HTMLImageElement) => [image.naturalWidth, new URL(image.src).protocol]);
    expect(drawn).toEqual([64, 'blob:']);
    // What calls itself a picture and is none is never drawn.
    await ben.timeline.getByText('page.html').waitFor();
    await ben.timeline.getByText(/Not a picture Skerry shows/).waitFor();
    expect(await ben.page.title()).not.toBe('owned');
    const [saved] = await Promise.all([
      ben.page.waitForEvent('download'),
      ben.timeline.getByRole('button', { name: /^Save tides\.txt/ }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe('tides.txt');
    const chunks: Buffer[] = [];
    for await (const chunk of await saved.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString('utf8')).toBe(text);
    benVisitor?.expectQuiet();
  });

  it('see the same safety number on both screens, and keep who was verified', async () => {
    const number = async (screen: KeyedScreen, other: string): Promise<string[]> => {
      await screen.page
        .getByRole('button', { name: `Safety number with ${other}` })
        .first()
        .click();
      const groups = screen.dialog.getByRole('list', { name: 'Safety number' }).getByRole('listitem');
      await groups.nth(11).waitFor();
      return groups.allInnerTexts();
    };
    const here = await number(anna, 'ben');
    expect(here).toHaveLength(12);
    for (const group of here) expect(group).toMatch(/^\d{5}$/);
    expect(await number(ben, 'anna')).toEqual(here);
    await anna.dialog.getByRole('button', { name: 'Mark as verified' }).click();
    await anna.dialog.getByText('You have verified ben.').waitFor();
    for (const screen of [anna, ben]) await screen.page.keyboard.press('Escape');
    await anna.page.getByText('Verified', { exact: true }).waitFor();
    await anna.page.reload();
    await anna.page.getByText('Verified', { exact: true }).waitFor();
    // On the other server they are other keys, and nobody verified them.
    await anna.showServer('Lighthouse');
    await anna.open('ben');
    expect(await anna.page.getByText('Verified', { exact: true }).count()).toBe(0);
    expect(await number(anna, 'ben')).not.toEqual(here);
    await anna.page.keyboard.press('Escape');
  });

  it('are not kept out by anything axe knows of, on each screen of it, in both themes', async () => {
    await anna.showServer('Harbour');
    await anna.open('ben');
    const { page } = anna;
    const findings: string[] = [];
    const look = async (where: string): Promise<void> => {
      // Where the pointer rests a tooltip may stand.
      await page.mouse.move(640, 2);
      for (const [scheme, what] of [
        ['light', 'all'],
        ['dark', 'colours'],
      ] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await settled(page, 150);
        findings.push(...(await axeFindings(page, what)).map((finding) => `${where}, ${scheme}: ${finding}`));
      }
      await page.emulateMedia({ colorScheme: 'light' });
    };
    const leave = async (): Promise<void> => {
      await page.keyboard.press('Escape');
      await anna.dialog.waitFor({ state: 'detached' });
    };
    await look('conversation');
    await anna.readers.click();
    await look('who can read');
    await leave();
    await page.getByRole('button', { name: 'Safety number with ben' }).first().click();
    await anna.dialog.getByRole('list', { name: 'Safety number' }).waitFor();
    await look('safety number');
    await leave();
    await anna.newConversation.click();
    await anna.dialog.getByRole('button', { name: 'ben', exact: true }).click();
    await anna.dialog.getByRole('button', { name: 'cleo', exact: true }).click();
    await look('new conversation');
    await leave();
    expect(findings).toEqual([]);
  });

  it('find what was said without asking the server', async () => {
    await anna.showServer('Harbour');
    await anna.open('ben');
    const asked: string[] = [];
    anna.page.on('request', (request) => {
      if (!request.url().startsWith(hub.origin)) asked.push(request.url());
    });
    await anna.page.getByRole('button', { name: 'Search in this conversation' }).click();
    await anna.dialog.getByRole('searchbox').fill(CANARY.Harbour);
    await anna.dialog.getByRole('list', { name: 'Found messages' }).getByRole('button').nth(1).waitFor();
    expect(await anna.dialog.getByText(CANARY.Lighthouse).count()).toBe(0);
    expect(asked).toEqual([]);
    await anna.dialog.getByRole('button', { name: `${CANARY.Harbour} to ben` }).click();
    await anna.message(`${CANARY.Harbour} to ben`).waitFor();
  });

  it('make a group; who leaves is named and reads nothing more (E-9)', async () => {
    await canReach(cleoAtHarbour, idOf(cleoAtHarbour));
    await anna.start(['ben', 'cleo'], 'Crew of the Gull');
    await anna.send('all hands');
    await ben.showServer('Harbour');
    await ben.open('Crew of the Gull');
    await ben.message('all hands').waitFor();
    const crew = await groupOf(cleoAtHarbour, 'Crew of the Gull');
    await messages(cleoAtHarbour, crew, (all) => all.some(({ message }) => message.text === 'all hands'));
    await say(cleoAtHarbour, crew, 'aye');
    await ben.message('aye').waitFor();
    await cleoAtHarbour.sealed.leaveGroup(crew);
    for (const screen of [anna, ben]) await screen.timeline.getByText('cleo left').waitFor();
    await anna.readers.getByText('Only ben (1 device) and you (1 device) can read this.').waitFor();
    await anna.send('without cleo');
    await ben.message('without cleo').waitFor();
    expect(cleoAtHarbour.channels.get().some((one) => one.channel.id === crew && one.member)).toBe(false);
    await ben.page.getByRole('button', { name: /^Actions for Crew/ }).click();
    await ben.page.getByRole('menuitem', { name: 'Leave group' }).click();
    await ben.dialog.getByRole('button', { name: 'Leave' }).click();
    await anna.timeline.getByText('ben left').waitFor();
    await ben.conversation('Crew of the Gull').waitFor({ state: 'detached' });
  });

  it('are warned when somebody shows other keys, and the verified mark goes (E-4)', async () => {
    await anna.showServer('Harbour');
    await anna.start(['cleo']);
    await anna.send('are you there');
    const direct = await until(cleoAtHarbour.channels, (all) => all.some((one) => one.channel.sealed === 'direct'));
    const channel = direct.find((one) => one.channel.sealed === 'direct')!.channel.id;
    await isIn(cleoAtHarbour, channel);
    await say(cleoAtHarbour, channel, 'present');
    await anna.message('present').waitFor();
    await anna.page.getByRole('button', { name: 'Safety number with cleo' }).first().click();
    await anna.dialog.getByRole('button', { name: 'Mark as verified' }).click();
    await anna.dialog.getByText('You have verified cleo.').waitFor();
    await anna.page.keyboard.press('Escape');
    await anna.page.getByText('Verified', { exact: true }).waitFor();
    await using second = await cleo.another();
    const atSecond = await second.signIn(servers.Harbour.origin, 'cleo');
    await anna.readers.getByText(/cleo \(2 devices\)/).waitFor();
    await until(atSecond.keys.devices, (all) => all.length === 2);
    const stolen = atSecond.keys.devices.get().find(({ isThis }) => !isThis);
    await atSecond.keys.revokeAsStolen(stolen?.device ?? 0);
    await anna.timeline.getByText('cleo’s keys have changed').waitFor();
    await anna.page.getByText('Verified', { exact: true }).waitFor({ state: 'detached' });
    await anna.readers.getByText(/cleo \(1 device\)/).waitFor();
  });

  it('keep each server’s words and keys apart in what the browser stores (S4.3, T33, T37)', async () => {
    // The control: what is said in public is on the disk in the clear, so the search would find the others, too.
    await anna.showServer('Harbour');
    await anna.page.getByRole('link', { name: /^channel general/ }).click();
    await anna.send('publiccontrol');
    await anna.message('publiccontrol').waitFor();
    await anna.page.waitForTimeout(1_000);
    const dumps = await dumpDatabases(anna.page);
    const everything = [...dumps.values()].join('\n');
    expect(everything).toContain('publiccontrol');
    for (const secret of [CANARY.Harbour, CANARY.Lighthouse, 'all hands', 'Crew of the Gull', 'tides of the whole'])
      for (const form of formsOf(secret)) expect(everything.includes(form), `${secret} as ${form}`).toBe(false);
    expect(everything).not.toContain(anna.words.join(' '));
    const entries = { Harbour: await entryOf('Harbour'), Lighthouse: await entryOf('Lighthouse') };
    for (const [mine, other] of [
      ['Harbour', 'Lighthouse'],
      ['Lighthouse', 'Harbour'],
    ] as const) {
      const own = [...dumps].filter(([name]) => name.includes(entries[mine]));
      expect(own.length).toBeGreaterThan(0);
      const keys = await publicKeys(other);
      expect(keys.length).toBeGreaterThan(3);
      for (const [name, text] of own) for (const key of keys) expect(text.includes(key), `${name}: ${key}`).toBe(false);
    }
  });

  /** The client's own id of a server, as its link in the rail has it. */
  async function entryOf(name: Name): Promise<string> {
    const href = await anna.rail.getByRole('link', { name: new RegExp(`^${name}`) }).getAttribute('href');
    return href?.split('/')[2] ?? 'none';
  }

  /** Account, signing and identity keys of everyone on a server, as text and as hex. */
  async function publicKeys(name: Name): Promise<readonly string[]> {
    const owner = owners[NAMES.indexOf(name)];
    const lists = owner === undefined ? [] : await owner.deviceLists();
    return lists
      .flatMap(({ accountKey, devices }) => [
        accountKey,
        ...devices.flatMap(({ signKey, identityKey }) => [signKey, identityKey]),
      ])
      .flatMap((key) => [key, Buffer.from(key, 'base64url').toString('hex')]);
  }
});

async function groupOf(handle: ServerHandle, name: string): Promise<ChannelId> {
  const all = await until(handle.channels, (channels) =>
    channels.some((one) => one.channel.name === name && one.member),
  );
  return all.find((one) => one.channel.name === name)!.channel.id;
}

/** What somebody drags or copies. Runs in the page. */
function filesOf(name: string): DataTransfer {
  const transfer = new DataTransfer();
  transfer.items.add(new File(['some content'], name, { type: 'text/plain' }));
  return transfer;
}

/** How a text may lie in a dump: as itself, in base64 at any offset, as hex of UTF-8 and of UTF-16. */
function formsOf(text: string): readonly string[] {
  const utf8 = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), utf8]).toString('base64');
    // The characters at the edges depend on what stands beside.
    return shifted.slice(offset === 0 ? 0 : 4, -4);
  });
  return [text, utf8.toString('hex'), Buffer.from(text, 'utf16le').toString('hex'), ...base64];
}
