import { EmbeddedEngine } from './embedded-engine.ts';
import { MediaSockets } from './media-sockets.ts';
import { Voice, type VoiceDeps } from './voice.ts';
import { ownAddresses, type VoiceConfig } from './voice-config.ts';

export type OpenVoice = { readonly voice: Voice; readonly media: MediaSockets };

/** Voice with the engine in this process. Loaded only where voice is on, since the engine is large. */
export function openVoice(config: VoiceConfig, deps: Omit<VoiceDeps, 'engine' | 'relay'>): OpenVoice {
  const addresses = config.addresses.length === 0 ? ownAddresses() : config.addresses;
  let engine: EmbeddedEngine | undefined;
  const voice = new Voice({
    ...deps,
    relay: config.relay,
    engine: (events) => (engine = new EmbeddedEngine({ ports: config.ports, addresses, events, now: deps.clock.now })),
  });
  const media = new MediaSockets({ admit: (ticket, socket) => engine?.admit(ticket, socket) ?? false });
  return { voice, media };
}
