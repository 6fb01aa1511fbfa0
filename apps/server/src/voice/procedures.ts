import { mayLookAfter, mayRemove, voiceAccess } from './reads.ts';
import { silence } from './writes.ts';

export const VOICE_READS = {
  'voice.access': voiceAccess,
  'voice.mayRemove': mayRemove,
  'voice.mayLookAfter': mayLookAfter,
};

export const VOICE_WRITES = { 'voice.silence': silence };
