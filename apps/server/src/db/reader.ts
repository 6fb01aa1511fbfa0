import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { SkerryError } from '@skerry/protocol';
import { describeBug } from './bug.ts';
import { openDriver, type SqliteDriver } from './driver.ts';
import type { FromReader, ReadOutcome, ReadRequest, ToReader, WorkerSettings } from './messages.ts';
import { READ_PROCEDURES, type ReadProcedure } from './read-procedures.ts';
import { Statements } from './statements.ts';

/** The read worker: answers are finished bytes, so that the main thread only passes them on. */

if (parentPort === null) throw new Error('this file is a worker');
const port: MessagePort = parentPort;
const settings = workerData as WorkerSettings;
const post = (message: FromReader, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

async function open(): Promise<SqliteDriver | undefined> {
  try {
    return await openDriver(settings.file, 'read');
  } catch (error) {
    post({ type: 'failed', reason: error instanceof Error ? error.message : 'the database cannot be opened' });
    return undefined;
  }
}

function serve(driver: SqliteDriver): void {
  const db = new Statements(driver);
  port.on('message', (message: ToReader) => {
    switch (message.type) {
      case 'run': {
        const transfer: ArrayBuffer[] = [];
        const outcomes = runAll(driver, db, message.requests);
        for (const outcome of outcomes) if (outcome.ok) collectBuffers(outcome.value, transfer);
        post({ type: 'done', outcomes }, transfer);
        break;
      }
      case 'close':
        driver.close();
        post({ type: 'closed' });
        port.close();
        break;
    }
  });
  post({ type: 'ready' });
}

/** One transaction for all of them: each sees one state, the newest that was committed when it began. */
function runAll(driver: SqliteDriver, db: Statements, requests: readonly ReadRequest[]): ReadOutcome[] {
  try {
    db.run('BEGIN');
    return requests.map((request) => runOne(db, request));
  } catch (error) {
    post({ type: 'bug', bug: describeBug(error) });
    const failed: ReadOutcome = { ok: false, error: new SkerryError('internal').toBody() };
    return requests.map(() => failed);
  } finally {
    if (driver.inTransaction) db.run('COMMIT');
  }
}

function runOne(db: Statements, { name, args }: ReadRequest): ReadOutcome {
  try {
    const procedures: Readonly<Record<string, ReadProcedure>> = READ_PROCEDURES;
    const procedure = Object.hasOwn(procedures, name) ? procedures[name] : undefined;
    if (procedure === undefined) throw new SkerryError('internal');
    return { ok: true, value: procedure(db, args as never) };
  } catch (error) {
    if (error instanceof SkerryError) return { ok: false, error: error.toBody() };
    post({ type: 'bug', bug: describeBug(error) });
    return { ok: false, error: new SkerryError('internal').toBody() };
  }
}

/** Finds the bytes of an answer, one level deep, so that they are handed over and not copied. */
function collectBuffers(value: unknown, into: ArrayBuffer[]): void {
  if (value instanceof Uint8Array) into.push(value.buffer as ArrayBuffer);
  else if (typeof value === 'object' && value !== null)
    for (const field of Object.values(value)) if (field instanceof Uint8Array) into.push(field.buffer as ArrayBuffer);
}

const driver = await open();
if (driver !== undefined) serve(driver);
