import * as z from 'zod/mini';
import { plainName, plainText, role } from './accounts.ts';
import { channelName, history, topic, visibility } from './channels.ts';
import { accountId, channelId, commandId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { deviceList } from './keys.ts';
import { MACHINE_COMMANDS } from './machine-commands.ts';
import { MESSAGE_COMMANDS } from './message-commands.ts';
import { envelope, groupBlock, sealedSend } from './sealed.ts';
import { registrationMode } from './server.ts';
import { VOICE_LIMITS } from './voice.ts';

/** A new channel is one for voice; of one that is, how many may talk there. Missing: for text, or as it is. */
const voice = z.optional(
  z.strictObject({ people: z.number().check(z.int(), z.minimum(0), z.maximum(VOICE_LIMITS.people)) }),
);

/** Everything a member can ask a server to change, by socket or by HTTP. SPEC P-20. */
export const command = z.discriminatedUnion('kind', [
  ...MESSAGE_COMMANDS,
  z.strictObject({ kind: z.literal('channel.create'), name: channelName, topic, visibility, history, voice }),
  z.strictObject({ kind: z.literal('channel.update'), channel: channelId, name: channelName, topic, voice }),
  z.strictObject({ kind: z.literal('channel.archive'), channel: channelId, archived: z.boolean() }),
  z.strictObject({ kind: z.literal('channel.join'), channel: channelId }),
  z.strictObject({ kind: z.literal('channel.leave'), channel: channelId }),
  z.strictObject({ kind: z.literal('channel.add'), channel: channelId, account: accountId }),
  z.strictObject({ kind: z.literal('channel.remove'), channel: channelId, account: accountId }),
  z.strictObject({ kind: z.literal('profile.update'), displayName: plainName(LIMITS.displayName) }),
  z.strictObject({ kind: z.literal('account.role'), account: accountId, role }),
  z.strictObject({ kind: z.literal('account.disable'), account: accountId, disabled: z.boolean() }),
  z.strictObject({
    kind: z.literal('server.update'),
    name: plainName(LIMITS.serverName),
    description: plainText(LIMITS.serverDescription),
    registration: registrationMode,
  }),
  z.strictObject({ kind: z.literal('devices.set'), list: deviceList }),
  z.strictObject({ kind: z.literal('direct.create'), account: accountId }),
  /** The block's channel is the command's id. */
  z.strictObject({ kind: z.literal('group.create'), block: groupBlock }),
  z.strictObject({ kind: z.literal('group.change'), block: groupBlock }),
  z.strictObject({ kind: z.literal('sealed.send'), ...sealedSend }),
  /** What belongs to no message: keys asked for again, a session begun anew, receipts. */
  z.strictObject({
    kind: z.literal('envelopes.send'),
    envelopes: z.array(envelope).check(z.minLength(1), z.maxLength(LIMITS.envelopesPerSend)),
  }),
  ...MACHINE_COMMANDS,
]);
export type Command = z.infer<typeof command>;
export type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

export const commandRequest = z.strictObject({ id: commandId, command });
export type CommandRequest = z.infer<typeof commandRequest>;
