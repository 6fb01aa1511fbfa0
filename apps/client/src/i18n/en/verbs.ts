/** What pause, sign out and remove say when they are done. */
export const verbs = {
  paused: (name: string) => `${name} is paused.`,
  resumed: (name: string) => `${name} connects again.`,
  signedOut: (name: string) => `You are signed out of ${name}.`,
  signedOutHere: (name: string) =>
    `You are signed out of ${name} here. The server could not be told; end this session there as well.`,
  removed: (name: string) => `${name} is removed from this device.`,
  receipt: (told: boolean) =>
    told ? 'This session was ended there as well.' : 'The server could not be told; end this session there as well.',
  stillSignedIn: 'This session was not ended there.',
};
