import { knownKeys, serverRow } from './reads.ts';
import { startServer } from './writes.ts';

export const SERVER_WRITES = { 'server.start': startServer };
export const SERVER_READS = { 'server.row': serverRow, 'server.keys': knownKeys };
