/** For how long a person does not want to hear of a server or channel. */
export const MUTE_FOR = ['hour', 'tomorrow', 'always'] as const;
export type MuteFor = (typeof MUTE_FOR)[number];

const MORNING = 8;

/** Unix milliseconds at which it ends, by this device's own day; null for good. */
export function mutedUntil(how: MuteFor, now: Date): number | null {
  switch (how) {
    case 'hour':
      return now.getTime() + 3_600_000;
    case 'tomorrow':
      return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING).getTime();
    case 'always':
      return null;
  }
}
