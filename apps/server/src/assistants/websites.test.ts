import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addGuild, askLines, startAssistants } from '../testing/assistant-scene.ts';
import type { TestServer } from '../testing/test-server.ts';
import { type SignedInTester } from '../testing/test-server.ts';
import { RawSite, StandIn } from '../testing/web-stand-ins.ts';
import { Outbound } from './outbound.ts';
import { PageTexts } from './page-texts.ts';
import { isPublicAddress } from './public-address.ts';
import { WebsiteReader } from './website-reader.ts';

const PAGE = `<html><head><title>Harbour guide</title></head><body><nav>menu</nav><article><h1>Berths</h1>
<p>${'Berths are given out by the harbour master every morning at nine, first come first served. '.repeat(5)}</p>
<p>A berth costs nine crowns.</p><script>document.title='x'</script></article></body></html>`;

let site: StandIn;
const pages = new Map<
  string,
  (headers: Record<string, unknown>) => { status?: number; headers?: Record<string, string>; body?: string | Buffer }
>();

beforeAll(async () => {
  site = await StandIn.start((request, response) => {
    const page = pages.get(request.url ?? '')?.(request.headers) ?? { status: 404 };
    response
      .writeHead(page.status ?? 200, { 'content-type': 'text/html; charset=utf-8', ...page.headers })
      .end(page.body ?? '');
  });
});
afterAll(() => site[Symbol.asyncDispose]());
afterEach(() => {
  pages.clear();
  site.asked.length = 0;
});

const never = new AbortController().signal;
const ask = (url: string) => ({ url, etag: null, lastModified: null, hasText: false });
const local = new WebsiteReader(new Outbound({ allowLoopback: true }), {
  totalMs: 1_500,
  bytes: 200_000,
  redirects: 5,
});
const read = (where: string, reader = local) =>
  reader.read(ask(where.startsWith('/') ? site.url + where : where), () => undefined, never);

describe('addresses nobody may have read (T14)', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001::1',
    '3fff::1',
    '100::1',
    'nonsense',
    '',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])('%s is', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );

  const strict = new WebsiteReader(new Outbound({ allowLoopback: false }));
  const port = () => new URL(site.url).port;
  it.each([
    () => `http://127.0.0.1:${port()}/`,
    () => `http://localhost:${port()}/`,
    () => `http://0x7f.1:${port()}/`,
    () => `http://2130706433:${port()}/`,
    () => `http://0177.0.0.1:${port()}/`,
    () => `http://[::ffff:127.0.0.1]:${port()}/`,
    () => `http://[::1]:${port()}/`,
    () => `http://0:${port()}/`,
    () => 'http://169.254.169.254/latest/meta-data/',
    () => 'http://user:word@8.8.8.8/',
    () => 'file:///etc/passwd',
    () => 'gopher://8.8.8.8/',
  ])('is never connected to, %#', async (url) => {
    pages.set('/', () => ({ body: PAGE }));
    expect(await strict.read(ask(url()), () => undefined, never)).toMatchObject({ kind: 'failed', erase: true });
    expect(site.asked).toEqual([]);
  });

  it('a name with one inward address among public ones is refused; one that changes its mind reaches what was checked', async () => {
    const mixed = new Outbound({
      allowLoopback: false,
      resolve: () =>
        Promise.resolve([
          { address: '8.8.8.8', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ]),
    });
    await expect(mixed.ask(new URL('http://a.example/'), { signal: never })).rejects.toMatchObject({ refused: true });
    let asked = 0;
    pages.set('/', () => ({ body: PAGE }));
    const rebinding = new Outbound({
      allowLoopback: true,
      resolve: () => Promise.resolve([{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }]),
    });
    const answer = await rebinding.ask(new URL(`http://rebind.invalid:${port()}/`), { signal: never });
    expect([answer.statusCode, asked]).toEqual([200, 1]);
    answer.destroy();
    await expect(rebinding.ask(new URL(`http://rebind.invalid:${port()}/`), { signal: never })).rejects.toMatchObject({
      refused: true,
    });
  });

  it.each([
    'http://[2002:7f00:1::]/',
    'http://[2002:a00:1::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::7f00:1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://0x7f000001/',
    'http://0xa9fea9fe/',
    'http://017700000001/',
    'http://127.1/',
    'http://10.1/',
  ])('%s is refused however it is written, also behind a redirect', async (url) => {
    expect(await strict.read(ask(url), () => undefined, never)).toMatchObject({ kind: 'failed', erase: true });
    // Where this machine may be asked, what a redirect leads to is judged the same.
    if (/127|0x7f|0177/.test(url)) return;
    pages.set('/', () => ({ status: 307, headers: { location: url } }));
    expect(await read('/')).toMatchObject({ kind: 'failed', erase: true });
  });

  it('a name that turns inward between robots.txt and the page, or at a redirect, is refused at that step', async () => {
    pages.set('/', () => ({ body: PAGE }));
    let asked = 0;
    const turning = new Outbound({
      allowLoopback: true,
      resolve: () => Promise.resolve([{ address: asked++ === 0 ? '127.0.0.1' : '192.168.0.1', family: 4 }]),
    });
    const page = await new WebsiteReader(turning).read(ask(`http://turn.invalid:${port()}/`), () => undefined, never);
    expect(page).toMatchObject({ kind: 'failed', erase: true });
    expect([asked, site.asked]).toEqual([2, ['GET /robots.txt']]);
  });

  it('a redirect inward is not followed', async () => {
    for (const location of [
      'http://10.0.0.1/',
      'http://169.254.169.254/',
      'http://[::]/',
      'file:///etc/passwd',
      '//192.168.0.1/',
    ]) {
      pages.set('/', () => ({ status: 302, headers: { location } }));
      expect(await read('/'), location).toMatchObject({ kind: 'failed', erase: true });
    }
  });
});

describe('reading a page', () => {
  it('keeps its article, and at most 20,000 characters', async () => {
    pages.set('/', () => ({ body: PAGE, headers: { etag: '"one"' } }));
    const page = await read('/');
    expect(page).toMatchObject({ kind: 'read', etag: '"one"', title: 'Harbour guide' });
    expect(page.kind === 'read' && page.content).toContain('A berth costs nine crowns.');
    expect(page.kind === 'read' && page.content).not.toContain('document.title');
    pages.set('/long', () => ({ headers: { 'content-type': 'text/plain' }, body: 'ä'.repeat(60_000) }));
    const long = await read('/long');
    expect(long.kind === 'read' && long.content.length).toBe(20_000);
  });

  it.each([
    ['a fragment', '<p>The harbour opens at nine.</p>'],
    ['words alone', 'The harbour <b>opens</b> at nine.'],
    ['a title and text', '<title>Guide</title><p>The harbour opens at nine.</p>'],
    ['a head and text', '<head><title>Guide</title></head><p>The harbour opens at nine.</p>'],
    ['a body alone', '<body class=x><p>The harbour opens at nine.</p></body>'],
    ['html alone', '<html lang=en><p>The harbour opens at nine.</p></html>'],
    [
      'no tags around head and body, which the standard lets it leave out',
      '<!doctype html><meta charset=utf-8><title>Guide</title><style>p{}</style><p>The harbour opens at&nbsp;nine.<script>gone()</script>',
    ],
  ])('finds the text of a page that has %s', async (_what, body) => {
    pages.set('/', () => ({ body }));
    const page = await read('/');
    const title = body.includes('<title>') ? 'Guide' : '127.0.0.1';
    expect(page).toMatchObject({ kind: 'read', title, content: 'The harbour opens at nine.' });
  });

  it('keeps the lines of a page without an article, and nothing that is not shown', async () => {
    const body = `<html><body><nav>Menu</nav><div>One &amp; two &lt;3</div><!-- no --><div>Three<br>four &#x263a; &unknown;</div>
      <script>if (a < b) document.write('</div>no')</script><style>no</style><template>no</template><noscript>no</noscript>5 < 6</body></html>`;
    pages.set('/', () => ({ body }));
    const page = await read('/');
    expect(page.kind === 'read' && page.content.split('\n')).toEqual([
      'Menu',
      'One & two <3',
      'Three',
      'four ☺ &unknown;',
      '5 < 6',
    ]);
  });

  it('honours robots.txt, also of the place a redirect leads to, and erases what it forbids', async () => {
    pages.set('/robots.txt', () => ({
      headers: { 'content-type': 'text/plain' },
      body: 'User-agent: *\nDisallow: /private',
    }));
    pages.set('/private/x', () => ({ body: PAGE }));
    pages.set('/open', () => ({ status: 301, headers: { location: '/private/x' } }));
    expect(await read('/private/x')).toMatchObject({ kind: 'failed', erase: true });
    expect(await read('/open')).toMatchObject({ kind: 'failed', erase: true });
    expect(site.asked).not.toContain('GET /private/x');
    pages.set('/robots.txt', () => ({ status: 503 }));
    expect(await read('/open')).toMatchObject({ kind: 'failed', erase: false });
  });

  it('gives up on what redirects for ever, lies about its type, is too large, or never ends', async () => {
    pages.set('/loop', () => ({ status: 302, headers: { location: '/loop' } }));
    pages.set('/zip', () => ({ body: gzipSync('x'.repeat(100)) }));
    pages.set('/image', () => ({ headers: { 'content-type': 'image/png' }, body: 'x' }));
    pages.set('/big', () => ({ body: 'x'.repeat(300_000) }));
    pages.set('/empty', () => ({ body: '<html></html>' }));
    for (const where of ['/loop', '/zip', '/image', '/big', '/empty', '/missing'])
      expect(await read(where), where).toMatchObject({ kind: 'failed' });
    expect(site.asked.filter((line) => line === 'GET /loop')).toHaveLength(6);
    await using endless = await StandIn.start((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'text/html' });
      const drip = setInterval(() => response.write('<p>more</p>'), 20);
      response.once('close', () => clearInterval(drip));
    });
    const from = Date.now();
    expect(await read(`${endless.url}/`)).toMatchObject({ kind: 'failed', error: 'It took too long to answer.' });
    expect(Date.now() - from).toBeLessThan(4_000);
  });
});

describe('hostile pages', () => {
  it('says what is too large as soon as it is, however much is announced or sent', async () => {
    let sent = 0;
    await using huge = await StandIn.start((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(404).end();
      const announced = request.url === '/announced' ? { 'content-length': 2 ** 30 } : {};
      response.writeHead(200, { 'content-type': 'text/html', ...announced });
      const part = Buffer.alloc(64 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += part.length;
          if (!response.write(part)) return void response.once('drain', more);
        }
      };
      more();
    });
    for (const where of ['/announced', '/chunked']) {
      sent = 0;
      const page = await read(huge.url + where);
      expect(page, where).toMatchObject({
        kind: 'failed',
        error: expect.stringMatching(/^It is larger than/) as string,
      });
      expect(sent, where).toBeLessThan(32 * 1024 * 1024);
    }
  });

  it('gives up on robots.txt that never ends, redirects for ever or leads inward', async () => {
    await using drip = await StandIn.start((request, response) => {
      if (request.url !== '/robots.txt') return void response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      response.writeHead(200, { 'content-type': 'text/plain' });
      const timer = setInterval(() => response.write('# more\n'), 20);
      response.once('close', () => clearInterval(timer));
    });
    expect(await read(`${drip.url}/`)).toMatchObject({ kind: 'failed', error: 'It took too long to answer.' });
    expect(drip.asked).toEqual(['GET /robots.txt']);
    pages.set('/', () => ({ body: PAGE }));
    pages.set('/robots.txt', () => ({ status: 302, headers: { location: '/robots.txt' } }));
    expect(await read('/')).toMatchObject({ kind: 'failed', erase: false });
    pages.set('/robots.txt', () => ({ status: 302, headers: { location: 'http://10.0.0.1/robots.txt' } }));
    expect(await read('/')).toMatchObject({ kind: 'failed', erase: true });
    expect(site.asked).not.toContain('GET /');
  });

  it('says so when an answer is no HTTP, breaks off, or its header never ends', async () => {
    const answers = [
      'nonsense\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 90\r\ncontent-type: text/html\r\n\r\n<p>half',
      '',
    ];
    for (const answer of answers) {
      await using broken = await RawSite.start((socket, asked) => {
        if (asked.startsWith('GET /robots.txt')) return void socket.end('HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n');
        if (answer !== '') return void socket.end(answer);
        socket.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => socket.write(`x-${'y'.repeat(4_000)}: z\r\n`), 5);
        socket.once('close', () => clearInterval(timer));
      });
      expect(await read(`${broken.url}/`), answer).toMatchObject({ kind: 'failed', erase: false });
    }
  });

  it('finds the text of pages made to be slow or large in a thread of their own: nobody else waits', async () => {
    const size = 150_000;
    const made: Record<string, string> = {
      deep: '<div>'.repeat(size / 5),
      tables: '<table><tr><td>'.repeat(3_000),
      lines: '<div>x<br>'.repeat(size / 10),
      lessThan: '<'.repeat(size),
      comments: '<!--'.repeat(size / 4),
    };
    let lag = 0;
    let last = performance.now();
    const ticks = setInterval(() => {
      const now = performance.now();
      lag = Math.max(lag, now - last);
      last = now;
    }, 5);
    const texts = new PageTexts({ pageMs: 700, memoryMb: 64 });
    for (const [name, html] of Object.entries(made)) {
      const from = performance.now();
      const page = await texts.read(`<title>${name}</title><p>The harbour opens at nine.</p>${html}`, never);
      expect(page.content, name).toContain('The harbour opens at nine.');
      expect(performance.now() - from, name).toBeLessThan(3_000);
    }
    clearInterval(ticks);
    // Such a tree takes minutes to build; what is left here is only to start threads.
    expect(lag).toBeLessThan(1_500);
    const stop = new AbortController();
    const read = texts.read(made['tables'] ?? '', stop.signal);
    stop.abort(new Error('stopped'));
    await expect(read).rejects.toThrow('stopped');
    // The next one is not held up by it.
    expect((await texts.read('<p>After it.</p>', never)).content.trim()).toBe('After it.');
  });
});

describe('websites of an assistant', () => {
  let server: TestServer;
  let ada: SignedInTester;
  let ahead = 0;
  let round: () => void = () => undefined;
  beforeAll(async () => {
    const every = (ms: number, task: () => void): (() => void) => {
      if (ms === 60_000) round = task;
      return () => undefined;
    };
    server = await startAssistants({}, { clock: { now: () => Date.now() + ahead }, every });
    ada = await server.register('ada');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('are read when they are added, quoted, asked again after a day only whether they changed, and kept when they fail', async () => {
    let status = 200;
    pages.set('/guide', (headers) =>
      status === 200 && headers['if-none-match'] === '"one"'
        ? { status: 304 }
        : { status, body: PAGE, headers: { etag: '"one"' } },
    );
    const { serverId } = await addGuild(server, ada);
    const params = { serverId };
    let token = ada.accessToken;
    const made = await server.ask('addWebsite', { token, params, body: { url: `${site.url}/guide` } });
    const now = async () => (await server.ask('websites', { token, params })).websites[0];
    await expect.poll(async () => (await now())?.status, { timeout: 10_000 }).toBe('ready');
    const first = await now();
    expect(first).toMatchObject({ title: 'Harbour guide', lastError: null });
    round();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = site.asked.length;
    ahead += 26 * 60 * 60_000;
    // The access token ended with the day.
    token = (await server.signIn('ada')).body.accessToken;
    await expect.poll(async () => (round(), (await now())?.fetchedAt), { timeout: 5_000 }).not.toBe(first?.fetchedAt);
    expect(site.asked.slice(before)).toEqual(['GET /robots.txt', 'GET /guide']);
    expect(site.headers.at(-1)?.['if-none-match']).toBe('"one"');
    status = 500;
    const where = `/api/servers/${serverId}/websites/${made.id}/fetch`;
    const { lines } = await askLines(server, where, { token, body: {} });
    expect(lines[0]).toEqual({ t: 'step', step: 'robots', bytes: 0 });
    expect(lines.at(-1)).toMatchObject({ t: 'end', website: { status: 'ready', lastError: 'It answered 500.' } });
    const group = await server.ask('addChatGroup', { token, body: { serverId } });
    const { id } = await server.ask('addConversation', { token, params: { groupId: group.id }, body: {} });
    const said = {
      token,
      params: { conversationId: id },
      body: { text: 'How much is a berth in crowns?' },
    };
    const { message } = await server.ask('say', said);
    expect(message.text).toContain('A berth costs nine crowns.');
    expect(message.text).toContain(`${site.url}/guide`);
  });
});
