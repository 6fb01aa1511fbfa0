import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy.ts';

/** An echo behind a proxy, and one client of it. */
describe('FaultProxy', () => {
  const echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      seenByServer.push(chunk);
      socket.write(chunk);
    });
  });
  let seenByServer: Buffer[] = [];
  let proxy: FaultProxy;

  beforeEach(async () => {
    seenByServer = [];
    if (!echo.listening) await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await FaultProxy.open((echo.address() as AddressInfo).port);
  });
  afterEach(() => proxy[Symbol.asyncDispose]());

  it('passes bytes both ways while nothing is wrong', async () => {
    const client = await dial(proxy.port);
    client.socket.write('hello');
    await until(() => client.text() === 'hello');
  });

  it('refuses on its port and accepts there again', async () => {
    await proxy.refuse();
    await expect(dial(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.accept();
    const client = await dial(proxy.port);
    client.socket.write('back');
    await until(() => client.text() === 'back');
    expect(proxy.accepted).toHaveLength(1);
  });

  it('cuts with a reset, which is no orderly end', async () => {
    const client = await dial(proxy.port);
    client.socket.write('x');
    await until(() => client.text() === 'x');
    proxy.cut();
    await until(() => client.error() !== undefined);
    expect(client.error()).toBe('ECONNRESET');
    expect(proxy.open).toBe(0);
  });

  it('cuts after an exact number of bytes', async () => {
    const client = await dial(proxy.port);
    proxy.cutAfter(3);
    client.socket.write('abcdef');
    await until(() => client.closed());
    expect(client.text()).toBe('abc');
  });

  it('stalls one direction and delivers when healed', async () => {
    const client = await dial(proxy.port);
    proxy.set({ stalled: ['down'] });
    client.socket.write('one');
    await until(() => Buffer.concat(seenByServer).toString() === 'one');
    await sleep(50);
    expect(client.text()).toBe('');
    expect(client.closed()).toBe(false);
    proxy.heal();
    await until(() => client.text() === 'one');
  });

  it('stalls both directions', async () => {
    const client = await dial(proxy.port);
    proxy.set({ stalled: ['up', 'down'] });
    client.socket.write('one');
    await sleep(50);
    expect(seenByServer).toHaveLength(0);
    proxy.heal();
    await until(() => client.text() === 'one');
  });

  it('slices to single bytes', async () => {
    const client = await dial(proxy.port);
    proxy.set({ sliceBytes: 1 });
    client.socket.write('abcdefgh');
    await until(() => client.text() === 'abcdefgh');
    expect(client.pieces()).toBeGreaterThan(1);
  });

  it('delays and throttles', async () => {
    const client = await dial(proxy.port);
    proxy.set({ delayMs: 60 });
    const start = performance.now();
    client.socket.write('a');
    await until(() => client.text() === 'a');
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
    proxy.set({ delayMs: 0, bytesPerSecond: 1000, sliceBytes: 10 });
    const slow = performance.now();
    client.socket.write('b'.repeat(100));
    await until(() => client.text() === `a${'b'.repeat(100)}`);
    expect(performance.now() - slow).toBeGreaterThan(90);
  });
});

type Dialled = { socket: Socket; text(): string; pieces(): number; error(): string | undefined; closed(): boolean };

async function dial(port: number): Promise<Dialled> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  let error: string | undefined;
  let closed = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('close', () => (closed = true));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code));
  return {
    socket,
    text: () => Buffer.concat(chunks).toString(),
    pieces: () => chunks.length,
    error: () => error,
    closed: () => closed,
  };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true);
}
