import { LIMITS } from '@skerry/protocol';

/** Encrypted conversations one account is in at most. */
export const MOST_CONVERSATIONS = 1_000;

/** Other channels of a server: with the conversations of one account they are no more than a snapshot holds. */
export const MOST_CHANNELS = LIMITS.channelsPerServer - MOST_CONVERSATIONS;
