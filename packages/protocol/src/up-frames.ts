import * as z from 'zod/mini';
import { token } from './accounts.ts';
import { command } from './commands.ts';
import { position } from './events.ts';
import { rpcBody } from './frames.ts';
import { channelId, commandId } from './ids.ts';
import { nonce, origin, versionRange } from './server.ts';
import { voiceAsk } from './voice.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** Client to server. SPEC P-11. */
export const up = z.discriminatedUnion('t', [
  z.strictObject({ t: z.literal('hello'), v: versionRange, device: z.string().check(z.maxLength(80)), nonce, origin }),
  z.strictObject({ t: z.literal('auth'), token, resume: z.nullable(position) }),
  z.strictObject({ t: z.literal('cmd'), id: commandId, command }),
  z.strictObject({ t: z.literal('typing'), channel: channelId }),
  z.strictObject({ t: z.literal('presence'), state: z.enum(['online', 'away']) }),
  z.strictObject({ t: z.literal('ping'), n: count }),
  /** Asks a machine of one's own something, encrypted. */
  z.strictObject({ t: z.literal('rpc'), id: commandId, to: count, body: rpcBody }),
  /** A machine's answer, or a part of it while there is more. */
  z.strictObject({ t: z.literal('rpc_answer'), id: commandId, to: count, body: rpcBody, more: z.boolean() }),
  z.strictObject({ t: z.literal('voice'), id: commandId, ask: voiceAsk }),
]);
export type Up = z.infer<typeof up>;
