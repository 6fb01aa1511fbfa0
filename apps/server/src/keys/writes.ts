import { SkerryError } from '@skerry/protocol';
import type { CommandHandler } from '../log/command-handler.ts';

/** Takes the next signed list of the actor's devices. */
export const setDevices: CommandHandler<'devices.set'> = () => {
  throw new SkerryError('not_found');
};
