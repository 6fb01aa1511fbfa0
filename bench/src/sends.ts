import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { ChannelId, Command } from '@skerry/protocol';
import { parts } from '@skerry/server';
import type { Row } from './row.ts';
import { benchBusyLoop } from './sends/busy-loop.ts';
import { median } from './shared/median.ts';
import { newId, settle, type Person } from './shared/people.ts';
import { TempFolder } from './shared/temp-folder.ts';

const IN_FLIGHT = 256;
const PEOPLE = 20;
const ROUNDS = 5;
const ROUND_MS = 1_500;

/**
 * Whole sends: permission, dedupe, message, counters, event and its frame. In groups through the write worker, beside
 * the same procedures with a commit for each one, called directly and without a thread in between.
 */
export async function benchSends(): Promise<readonly Row[]> {
  using folder = new TempFolder();
  await using grouped = await open(path.join(folder.path, 'grouped.db'));
  const single = path.join(folder.path, 'single.db');
  let oneByOne: { people: Person[]; channel: ChannelId };
  {
    await using db = await open(single);
    oneByOne = await settle(db, PEOPLE);
  }
  const many = await settle(grouped, PEOPLE);
  const driver = await parts.openDriver(single, 'write');
  const batches = new parts.Batches({
    driver,
    procedures: parts.writeProcedures(parts.NO_FAULTS),
    faults: parts.NO_FAULTS,
    now: () => Date.now(),
    newTag: () => randomBytes(8).toString('hex'),
    onBug: rethrow,
    onEarlyAnswer: () => undefined,
  });
  const figures = { grouped: [] as number[], single: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    const perSecond = { grouped: await sendGrouped(grouped, many), single: sendSingly(batches, oneByOne) };
    if (round < 0) continue;
    figures.grouped.push(perSecond.grouped);
    figures.single.push(perSecond.single);
  }
  driver.close();
  const ratio = median(figures.grouped.map((value, round) => value / (figures.single[round] ?? Number.NaN)));
  const row: Row = {
    name: `Whole sends, ${IN_FLIGHT} in flight`,
    value: median(figures.grouped),
    unit: 'per second',
    peer: { name: 'one commit each', value: median(figures.single) },
    ratio,
    goal: '≥ 5x',
    reached: ratio >= 5,
  };
  return [row, ...(await benchBusyLoop())];
}

const open = (file: string) => parts.Database.open({ file, faults: parts.NO_FAULTS, onBug: rethrow, onDeath: rethrow });

function argsOf(people: readonly Person[], channel: ChannelId, i: number) {
  const person = people[i % people.length] ?? people[0];
  if (person === undefined) throw new Error('nobody is here');
  const command: Command = {
    kind: 'message.send',
    channel,
    text: `Message ${i}, about as long as people write them here.`,
    replyTo: null,
  };
  return { ...person, id: newId(), json: JSON.stringify(command) };
}

/** Keeps so many in flight for a while. @returns sends per second */
async function sendGrouped(
  db: parts.Database,
  { people, channel }: { people: Person[]; channel: ChannelId },
): Promise<number> {
  const start = performance.now();
  let sent = 0;
  const worker = async () => {
    while (performance.now() - start < ROUND_MS) await db.write('command.run', argsOf(people, channel, sent++));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (sent / (performance.now() - start)) * 1_000;
}

function sendSingly(batches: parts.Batches, { people, channel }: { people: Person[]; channel: ChannelId }): number {
  const start = performance.now();
  let sent = 0;
  while (performance.now() - start < ROUND_MS) {
    const { outcomes } = batches.run([{ name: 'command.run', args: argsOf(people, channel, sent++) }]);
    if (outcomes[0]?.ok !== true) throw new Error('a send was refused');
  }
  return (sent / (performance.now() - start)) * 1_000;
}

function rethrow(error: unknown): never {
  throw error;
}
