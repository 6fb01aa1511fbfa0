import type { Position } from '@skerry/protocol';
import { ASSISTANT_READS } from '../assistants/procedures.ts';
import { AUTH_READS } from '../auth/procedures.ts';
import { readMembers } from '../channels/reads.ts';
import { KEY_READS } from '../keys/procedures.ts';
import { MACHINE_READS } from '../machines/procedures.ts';
import { readConnection } from '../log/replay.ts';
import { readMessage, readPage } from '../messages/reads.ts';
import { SEALED_READS } from '../sealed/procedures.ts';
import { SERVER_READS } from '../server/procedures.ts';
import { readSnapshot } from '../snapshot/reads.ts';
import { VOICE_READS } from '../voice/procedures.ts';
import type { Statements } from './statements.ts';

export type ReadProcedure = (db: Statements, args: never) => unknown;

/**
 * Every question there is, by name. A procedure is a plain synchronous function `(db, args) => result` in its feature's
 * `reads.ts`; it runs in the read worker inside a read transaction. What becomes the body of an HTTP answer is returned
 * as JSON bytes.
 */
export const READ_PROCEDURES = {
  'log.position': (db: Statements, _args: null): Position =>
    db.get<Position>('SELECT seq, tag FROM log WHERE id = 1') ?? { seq: 0, tag: '' },
  'log.connection': readConnection,
  'snapshot.read': readSnapshot,
  'messages.page': readPage,
  'messages.one': readMessage,
  'channels.members': readMembers,
  ...ASSISTANT_READS,
  ...AUTH_READS,
  ...KEY_READS,
  ...MACHINE_READS,
  ...SERVER_READS,
  ...SEALED_READS,
  ...VOICE_READS,
};

type Procedures = typeof READ_PROCEDURES;
export type Reads = {
  [N in keyof Procedures]: { args: Parameters<Procedures[N]>[1]; result: ReturnType<Procedures[N]> };
};
