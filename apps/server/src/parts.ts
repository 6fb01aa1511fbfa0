/** Parts of the server that are measured, or looked at by a test of the whole, apart from a running server. */

export { Batches, type Op } from './db/batch.ts';
export { Database } from './db/database.ts';
export { openDriver, type SqliteDriver } from './db/driver.ts';
export { migrate } from './db/migrate.ts';
export { writeProcedures } from './db/write-procedures.ts';
export { EventFrames, encodeFrame, encodeFrames, markJson } from './log/frames.ts';
export { channelStream } from './log/stream-key.ts';
export { Hub, type Subscriber } from './realtime/hub.ts';
export { Conversation, type ConversationServer } from './testing/conversations.ts';
export { digestOf, KeyedAccount, type KeyServer, prekeys, TestDevice } from './testing/keyed-account.ts';
export { NO_FAULTS } from './testing/kill-points.ts';
export { Taking, TestMachine } from './testing/test-machine.ts';
export { TestServer } from './testing/test-server.ts';

/** What carries sound, and somebody to talk by it. Not loaded with the rest: it is large, and a server without voice never needs it. */
export async function loadVoice() {
  const { EmbeddedEngine } = await import('./voice/embedded-engine.ts');
  const { VoicePeer } = await import('./testing/voice-peer.ts');
  return { EmbeddedEngine, VoicePeer };
}
