import { SkerryError } from '@skerry/protocol';
import { setDisabled, setRole, updateProfile } from '../accounts/writes.ts';
import {
  addMember,
  archiveChannel,
  createChannel,
  joinOpenChannel,
  leaveOwnChannel,
  removeMember,
  updateChannel,
} from '../channels/writes.ts';
import { setInboxState } from '../inbox/writes.ts';
import { setDevices } from '../keys/writes.ts';
import type { CommandHandlers } from '../log/run-command.ts';
import { describeMachine, dropMachine, removeMachine, renameMachine } from '../machines/machine-writes.ts';
import { setMarker } from '../messages/marker-writes.ts';
import { deleteMessage, editMessage, sendMessage, setReaction } from '../messages/writes.ts';
import { changeGroup, createDirect, createGroup } from '../sealed/conversation-writes.ts';
import { sendEnvelopes, sendSealed } from '../sealed/writes.ts';
import { updateServer } from '../server/update.ts';

/** What a server without machines says to what is done with them. */
const withoutMachines = (): never => {
  throw new SkerryError('not_found');
};

/** One handler per kind of command, whether it came by socket or by HTTP. SPEC P-20. */
export const COMMAND_HANDLERS: CommandHandlers = {
  'message.send': sendMessage,
  'message.edit': editMessage,
  'message.delete': deleteMessage,
  'reaction.set': setReaction,
  'marker.set': setMarker,
  'inbox.set': setInboxState,
  'channel.create': createChannel,
  'channel.update': updateChannel,
  'channel.archive': archiveChannel,
  'channel.join': joinOpenChannel,
  'channel.leave': leaveOwnChannel,
  'channel.add': addMember,
  'channel.remove': removeMember,
  'profile.update': updateProfile,
  'account.role': setRole,
  'account.disable': setDisabled,
  'server.update': updateServer,
  'devices.set': setDevices(removeMachine),
  'direct.create': createDirect,
  'group.create': createGroup,
  'group.change': changeGroup,
  'sealed.send': sendSealed,
  'envelopes.send': sendEnvelopes,
  'machine.rename': renameMachine,
  'machine.remove': dropMachine,
  'machine.describe': describeMachine,
  'run.create': withoutMachines,
  'run.set': withoutMachines,
  'run.append': withoutMachines,
  'run.erase': withoutMachines,
  'ask.open': withoutMachines,
  'ask.cancel': withoutMachines,
  'ask.taken': withoutMachines,
  'ask.answer': withoutMachines,
  'ask.expire': withoutMachines,
};
