import { ackQueue, dropOldItems } from './queue-writes.ts';
import { readChain, readQueue, readSealed } from './reads.ts';

export const SEALED_WRITES = { 'sealed.ack': ackQueue, 'sealed.tidy': dropOldItems };

export const SEALED_READS = { 'sealed.queue': readQueue, 'sealed.page': readSealed, 'sealed.chain': readChain };
