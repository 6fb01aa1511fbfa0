import { SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';

const absent = async (): Promise<never> => {
  throw new SkerryError('not_found');
};

/** Encrypted conversations over HTTP. */
export const sealedHandlers = (): Pick<Handlers, 'toDevice' | 'ackToDevice' | 'sealedMessages' | 'groupChain'> => ({
  toDevice: absent,
  ackToDevice: absent,
  sealedMessages: absent,
  groupChain: absent,
});
