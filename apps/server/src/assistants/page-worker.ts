import { parentPort, workerData } from 'node:worker_threads';
import { pageText } from './page-text.ts';

/** Reads one page and ends. */
parentPort?.postMessage(pageText(String(workerData)));
