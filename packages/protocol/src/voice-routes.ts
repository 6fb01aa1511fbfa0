import { route } from './route.ts';
import { voiceStatus } from './voice.ts';

/** What a server with the capability `voice` also answers; without it each of these is `not_found`. */
export const VOICE_ROUTES = {
  voiceStatus: route({
    method: 'GET',
    path: '/api/voice/status',
    summary: 'How voice stands here: engine, ports, addresses, and from where it was reached; for admins',
    auth: 'session',
    answer: voiceStatus,
  }),
} as const;
