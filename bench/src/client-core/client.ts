import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createClient, type SkerryClient, waitFor } from '@skerry/core';
import { createNodePlatform } from '@skerry/core/node';
import type { ChannelId } from '@skerry/protocol';
import { bareCatchUp } from './bare-catch-up.ts';
import { PASSWORD, READER } from './people.ts';

const Database = createRequire(import.meta.url)('libsql') as new (
  file: string,
  options?: { readonly: boolean },
) => {
  prepare(sql: string): { all(): unknown[] };
  close(): void;
};
const IDLE_MS = 20_000;

const [, , mode = '', folder = '', ...origins] = process.argv;
const open = (): Promise<SkerryClient> =>
  createClient(createNodePlatform({ storage: folder, deviceLabel: 'Bench' }), { mode: 'hub' });
const answer = (figures: unknown): void => void process.stdout.write(`${JSON.stringify(figures)}\n`);

switch (mode) {
  case 'join':
    await join();
    break;
  case 'raw':
    answer({ ms: await readRaw() });
    break;
  case 'paint':
    answer({ ms: await paint() });
    break;
  case 'hold':
    answer(await hold());
    break;
  case 'catch-up':
    answer({ ms: await catchUp() });
    break;
  case 'bare':
    answer({ ms: await bareCatchUp(origins[0] ?? '', { seq: Number(origins[1]), tag: origins[2] ?? '' }) });
    break;
  default:
    throw new Error(`no such mode: ${mode}`);
}
process.exit(0);

/** Joins every server and leaves its channels in the storage. */
async function join(): Promise<void> {
  await using client = await open();
  for (const origin of origins) {
    const result = await client.probe(origin, {
      allowPlain: true,
      signal: AbortSignal.timeout(30_000),
      onStep: () => undefined,
    });
    if (!result.ok) throw new Error(JSON.stringify(result));
    const id = await client.join(result.found, { kind: 'signIn', username: READER, password: PASSWORD });
    const server = client.server(id)!;
    await waitFor(server.state, (state) => state.kind === 'live', AbortSignal.timeout(60_000));
    for (const { channel } of server.channels.get()) {
      using timeline = server.timeline(channel.id);
      await waitFor(timeline.view, (view) => view.status === 'fresh', AbortSignal.timeout(60_000));
    }
  }
}

/** Until every entry and the first channel of the first one show what is stored. The servers may be gone. */
async function paint(): Promise<number> {
  const start = performance.now();
  const client = await open();
  await waitFor(
    client.servers,
    (all) => all.length === origins.length && all.every((one) => one.known),
    AbortSignal.timeout(60_000),
  );
  const server = client.server(client.servers.get()[0]!.entry.id)!;
  const timeline = server.timeline(generalOf(server));
  await waitFor(timeline.view, (view) => view.messages.length > 0, AbortSignal.timeout(60_000));
  return performance.now() - start;
}

/** The physical limit of a first paint: all rows of all entries' files, read and parsed, nothing else. */
async function readRaw(): Promise<number> {
  const start = performance.now();
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.(?:db|sqlite)$/.test(file));
  for (const file of files) {
    const db = new Database(path.join(folder, file), { readonly: true });
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    for (const { name } of tables)
      for (const row of db.prepare(`SELECT * FROM "${name}"`).all() as Record<string, unknown>[])
        for (const value of Object.values(row)) if (typeof value === 'string' && /^[[{]/.test(value)) JSON.parse(value);
    db.close();
  }
  return performance.now() - start;
}

/** Heap and idle CPU while everything is live. */
async function hold(): Promise<{ heap: number; idleShare: number }> {
  const before = heap();
  const client = await open();
  await waitFor(
    client.servers,
    (all) => all.length === origins.length && all.every((one) => one.state.kind === 'live'),
    AbortSignal.timeout(120_000),
  );
  await pause(8_000);
  const held = heap() - before;
  const [cpu, start] = [process.cpuUsage(), performance.now()];
  await pause(IDLE_MS);
  const used = process.cpuUsage(cpu);
  return { heap: held / origins.length, idleShare: (used.user + used.system) / 1_000 / (performance.now() - start) };
}

/** From a start until the newest message is shown. */
async function catchUp(): Promise<number> {
  const client = await open();
  const start = performance.now();
  const server = client.server(client.servers.get()[0]!.entry.id)!;
  client.focus(server.id);
  await waitFor(server.view, (view) => view.known, AbortSignal.timeout(60_000));
  const timeline = server.timeline(generalOf(server));
  await waitFor(
    timeline.view,
    (view) => view.messages.at(-1)?.message.text === 'the last one',
    AbortSignal.timeout(60_000),
  );
  return performance.now() - start;
}

function generalOf(server: NonNullable<ReturnType<SkerryClient['server']>>): ChannelId {
  return server.channels.get().find((one) => one.channel.name === 'general')!.channel.id;
}

function heap(): number {
  for (let round = 0; round < 4; round++) (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
