import { SkerryError } from '@skerry/protocol';
import type { CommandHandler } from '../log/command-handler.ts';

const absent = (): never => {
  throw new SkerryError('not_found');
};

export const createDirect: CommandHandler<'direct.create'> = absent;
export const createGroup: CommandHandler<'group.create'> = absent;
export const changeGroup: CommandHandler<'group.change'> = absent;
export const sendSealed: CommandHandler<'sealed.send'> = absent;
export const sendEnvelopes: CommandHandler<'envelopes.send'> = absent;
