import { counted } from '../plural.ts';

/** What is said of connections where a person looks into them. */
export const connections = {
  deviceOnline: 'this device is online',
  deviceOffline: 'this device is offline',
  allLive: 'Every server is connected.',
  someDown: (count: number) =>
    count === 1
      ? 'One server is not reachable. What it sent before can be read.'
      : `${count} servers are not reachable. What they sent before can be read.`,
  offlineText: 'Skerry connects again as soon as there is a network. What was saved can be read, and you can write.',
  someAttention: (count: number) => (count === 1 ? 'One server needs you.' : `${count} servers need you.`),
  noServers: 'No servers yet.',
  allServers: 'All servers…',
  tryNow: 'Try now',
  tryAll: 'Try all now',
  nextTryIn: 'next try in',
  since: (when: string) => `since ${when}`,
  lastLive: 'Last live',
  tried: 'Tried',
  attempts: (count: number) => counted(count, 'attempt'),
  waitingHere: 'Waiting here',
  messagesToSend: (count: number) => `${counted(count, 'message')} to send`,
  nothingWaiting: 'nothing',
  editAddresses: 'Edit addresses',
  pause: 'Pause',
  resume: 'Resume',
  review: 'Review',
  copyReport: 'Copy report',
  signedOutWhy: {
    never: 'You have not signed in here yet.',
    person: 'You signed out. What was saved can be read.',
    expired: 'The sign-in has expired. Sign in again; nothing here is lost.',
    revoked: 'This device was signed out from elsewhere, or the password was changed.',
    locked: 'The saved sign-in is locked on this device. Unlock it or sign in again.',
  },
};
