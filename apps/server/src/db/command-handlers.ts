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
import { answerAsk, cancelAsk, expireAsk, openAsk, takeAnswer } from '../machines/ask-writes.ts';
import { describeMachine, dropMachine, removeMachine, renameMachine } from '../machines/machine-writes.ts';
import { appendToRun, createRun, eraseRun, setRun } from '../machines/run-writes.ts';
import { setMarker } from '../messages/marker-writes.ts';
import { deleteMessage, editMessage, sendMessage, setReaction } from '../messages/writes.ts';
import { changeGroup, createDirect, createGroup } from '../sealed/conversation-writes.ts';
import { sendEnvelopes, sendSealed } from '../sealed/writes.ts';
import { updateServer } from '../server/update.ts';

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
  'run.create': createRun,
  'run.set': setRun,
  'run.append': appendToRun,
  'run.erase': eraseRun,
  'ask.open': openAsk,
  'ask.cancel': cancelAsk,
  'ask.taken': takeAnswer,
  'ask.answer': answerAsk,
  'ask.expire': expireAsk,
};
