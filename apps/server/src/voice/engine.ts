import type { AccountId, ChannelId, CommandId, SessionId } from '@skerry/protocol';
import type { Slots, VoiceSayOf, VoiceStatus } from '@skerry/protocol/voice';

/** One stay of a person in a room, from joining to its end. Told apart by being itself: ids of two people may be equal. */
export type Stay = {
  readonly id: CommandId;
  readonly room: ChannelId;
  readonly account: AccountId;
  readonly session: SessionId;
};

export type Grant = VoiceSayOf<'joined'>['grant'];

/** What somebody may say and hear now: muting, deafening and the moderators' silence are decided before the engine. */
export type Rights = { readonly speaks: boolean; readonly hears: boolean };

export type EngineEvents = {
  /** The media of a stay flow, or no longer do. */
  readonly connected: (stay: Stay, isConnected: boolean) => void;
  readonly speaking: (stay: Stay, isSpeaking: boolean) => void;
  /** Who is heard where has changed. */
  readonly slots: (stay: Stay, slots: Slots) => void;
  /** There are more people than the stay has slots. */
  readonly grow: (stay: Stay, slots: number) => void;
};

/**
 * What carries sound. Whoever calls it has checked that the person may be there; it is asked for each stay `join`, then
 * anything else, then `leave`. SPEC V-3.
 */
export interface VoiceEngine extends AsyncDisposable {
  /** @throws SkerryError unavailable when it cannot take another person, bad_request for a description it can't answer */
  join(stay: Stay, request: { readonly sdp: string | null; readonly rights: Rights }): Promise<Grant>;
  /** @throws SkerryError bad_request, not_found */
  renegotiate(stay: Stay, sdp: string): Promise<{ readonly sdp: string; readonly slots: Slots }>;
  slotsOf(stay: Stay): Slots;
  setRights(stay: Stay, rights: Rights): void;
  /** Safe for a stay that it does not have. What the stay used is free again when this resolves. */
  leave(stay: Stay): Promise<void>;
  status(): Promise<Omit<VoiceStatus, 'people' | 'relay'>>;
}
