import { SkerryError, VOICE_ROUTES } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';

export type VoiceRoute = keyof typeof VOICE_ROUTES;

/** The answers of a server without voice: none of these addresses exists. */
export function withoutVoice(): Pick<Handlers, VoiceRoute> {
  const absent = async (): Promise<never> => {
    throw new SkerryError('not_found');
  };
  const names = Object.keys(VOICE_ROUTES) as VoiceRoute[];
  return Object.fromEntries(names.map((name) => [name, absent])) as unknown as Pick<Handlers, VoiceRoute>;
}
