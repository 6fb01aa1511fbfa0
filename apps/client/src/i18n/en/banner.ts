/** Above a conversation whose server is not connected. */
export const banner = {
  unreachable: (server: string) => `${server} is not reachable.`,
  nothingAnswers: (host: string, since: string) => `Nothing answers at ${host} since ${since}.`,
  tryingAgain: 'Trying again in',
  trying: (server: string) => `Trying to reach ${server}…`,
  saved: 'You see what was saved on this device.',
  signedOut: (server: string) => `You are signed out of ${server}.`,
  signedOutText: 'You see what was saved on this device. Sign in to read on and to write.',
  keyChanged: (server: string) => `${server} answers with another key.`,
  keyChangedText: 'Skerry stopped and sent nothing. Ask the owner whether the server was set up anew.',
  incompatible: (server: string) => `${server} and this app do not understand each other.`,
  paused: (server: string) => `${server} is paused.`,
  pausedText: 'Nothing arrives until you resume.',
  details: 'Details',
};
