import { randomBytes } from 'node:crypto';

/** Names every random choice of a run. Set ORACLE_SEED to have a run again; each test says it in its name. */
export const seed = process.env['ORACLE_SEED'] ?? randomBytes(4).toString('hex');
