import { parentPort, workerData } from 'node:worker_threads';
import { openDriver } from './driver.ts';
import type { CopierSettings } from './messages.ts';
import { backup } from './migrate.ts';

/** A worker that lives for one copy, so that neither writes nor reads wait for it. */

const { file, to } = workerData as CopierSettings;
try {
  const driver = await openDriver(file, 'copy');
  backup(driver, to);
  driver.close();
  parentPort?.postMessage({ type: 'ready' });
} catch (error) {
  parentPort?.postMessage({ type: 'failed', reason: error instanceof Error ? error.message : 'the copy failed' });
}
