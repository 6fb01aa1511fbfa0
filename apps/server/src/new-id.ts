import { randomBytes } from 'node:crypto';
import { uuidv7 } from '@skerry/protocol';
import type { Clock } from './rate-limits.ts';

/** A fresh UUIDv7 for something the server makes. */
export const newId = <Id extends string>(clock: Clock): Id => uuidv7<Id>(clock.now(), randomBytes(10));
