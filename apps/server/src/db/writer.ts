import { randomBytes } from 'node:crypto';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Output } from '../log/output.ts';
import { Batches, type Op, type Outcome } from './batch.ts';
import { describeBug } from './bug.ts';
import { checkpoint } from './checkpoint.ts';
import { openDriver, type SqliteDriver } from './driver.ts';
import type { FromWriter, OutputOutline, ToWriter, WorkerSettings } from './messages.ts';
import { migrate } from './migrate.ts';
import { writeProcedures } from './write-procedures.ts';

/** The write worker: the only place that changes the database. */

/** More than this in one transaction would make the first of them wait for the last. */
const MOST_OPS = 1_024;
/** What was erased is gone from the disk after this long. */
const CHECKPOINT_MS = 5 * 60_000;

if (parentPort === null) throw new Error('this file is a worker');
const port: MessagePort = parentPort;
const settings = workerData as WorkerSettings;
const post = (message: FromWriter, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

async function open(): Promise<SqliteDriver | undefined> {
  try {
    const driver = await openDriver(settings.file, 'write');
    migrate(driver, settings.file);
    return driver;
  } catch (error) {
    post({ type: 'failed', reason: error instanceof Error ? error.message : 'the database cannot be opened' });
    return undefined;
  }
}

function serve(driver: SqliteDriver): void {
  let answeredEarly = false;
  const batches = new Batches({
    driver,
    procedures: writeProcedures(settings.faults),
    faults: settings.faults,
    now: () => Date.now(),
    newTag: tags(),
    onBug: (error) => post({ type: 'bug', bug: describeBug(error) }),
    onEarlyAnswer(outcomes) {
      answeredEarly = true;
      post({ type: 'done', outcomes, output: null });
      // A disk this slow makes the window wide enough for a kill to fall into it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    },
  });
  let isClosing = false;
  let hasWritten = true;
  const checkpoints = setInterval(() => {
    if (!hasWritten) return;
    hasWritten = false;
    try {
      checkpoint(driver);
    } catch (error) {
      // Nothing is lost by it: what was committed stays where it is.
      post({ type: 'bug', bug: describeBug(error) });
    }
  }, CHECKPOINT_MS);
  port.on('message', (first: ToWriter) => {
    // What came in while the last group was committed is the next group.
    for (let message: ToWriter | undefined = first; message !== undefined;) {
      const ops: Op[] = [];
      for (; message !== undefined && ops.length < MOST_OPS; message = receive()) {
        if (message.type === 'close') isClosing = true;
        else ops.push(...message.ops);
      }
      if (ops.length > 0) {
        answeredEarly = false;
        hasWritten = true;
        const { outcomes, output } = batches.run(ops);
        answer(answeredEarly ? [] : outcomes, output);
      }
    }
    if (!isClosing) return;
    clearInterval(checkpoints);
    driver.close();
    post({ type: 'closed' });
    port.close();
  });
  post({ type: 'ready' });
}

function receive(): ToWriter | undefined {
  return receiveMessageOnPort(port)?.message as ToWriter | undefined;
}

function answer(outcomes: readonly Outcome[], output: Output | null): void {
  if (output === null) return post({ type: 'done', outcomes, output: null });
  const bytes = new Uint8Array(output.mark.buffer as ArrayBuffer);
  const items = output.items.map((item): OutputOutline['items'][number] =>
    item.type === 'frame'
      ? {
          type: 'frame',
          stream: item.stream,
          ...rangeOf(item.bytes),
          hidden: item.hidden && { accounts: item.hidden.accounts, ...rangeOf(item.hidden.bytes) },
        }
      : item,
  );
  post(
    { type: 'done', outcomes, output: { items, markFrom: output.mark.byteOffset, bytes, position: output.position } },
    [bytes.buffer],
  );
}

/** Where bytes lie in the batch's one buffer. */
function rangeOf({ byteOffset, byteLength }: Uint8Array): { from: number; to: number } {
  return { from: byteOffset, to: byteOffset + byteLength };
}

/** Random tags, 8 bytes each, drawn from the system in larger pieces. */
function tags(): () => string {
  const many = 512;
  let pool = '';
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = randomBytes(8 * many).toString('hex');
      at = 0;
    }
    at += 16;
    return pool.slice(at - 16, at);
  };
}

const driver = await open();
if (driver !== undefined) serve(driver);
