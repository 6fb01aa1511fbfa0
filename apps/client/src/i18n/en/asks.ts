import { counted } from '../plural.ts';

/** Questions and reports of agents, as the inbox shows them. */
export const asks = {
  reason: { permission: 'Asks for permission', question: 'Asks you', report: 'Reports to you' },
  state: { open: 'open', answered: 'answered', expired: 'expired', cancelled: 'taken back' },
  /** Where it does not say what it is called. */
  agent: 'An agent',
  /** Machine and server of a row. */
  place: (machine: string, server: string) => `${machine} · ${server}`,
  locked: 'Cannot be read on this device yet',
  lockedText: (machine: string) =>
    `This device has no key for it. It comes from ${machine} by itself, as soon as that is connected.`,
  run: (command: string) => `Run ${command}`,
  write: (path: string) => `Write ${path}`,
  folder: 'Folder',
  openRun: 'Open the run',
  choices: 'Answers to choose from',
  inWords: 'Answer in words',
  inWordsToo: 'Add something in words (optional)',
  goOn: 'How to go on (optional)',
  pickByNumber: 'Pick an answer by its number',
  send: 'Send answer',
  enterSends: 'Enter sends',
  enterSendsKeys: 'A number picks, Enter sends',
  tooLong: (over: number) => `${counted(over, 'character')} too many`,
  expiresIn: (time: string) => `expires in ${time}`,
  expiresAt: (when: string) => `expires ${when}`,
  cannotSend: (server: string) =>
    `${server} is not connected: an answer cannot be sent now, and none is kept to be sent later.`,
  machineAway: (machine: string, server: string) =>
    `${machine} is offline. An answer waits on ${server} until it is back, or until this expires.`,
  sending: (server: string) => `Sending to ${server}…`,
  failed: {
    unavailable: (server: string) =>
      `${server} could not be reached. Your answer was not sent, and it will not be sent later by itself.`,
    closed: 'Somebody was quicker. Your answer does not count.',
    expired: 'It expired before your answer came.',
    other: 'Your answer was not taken. Nothing was decided by it.',
  },
  confirmed: (machine: string) => `Confirmed by ${machine}`,
  answeredWaits: (machine: string) => `Answered. ${machine} has not taken it yet.`,
  answeredAway: (machine: string) => `Answered. ${machine} is offline and takes it when it is back.`,
  answeredBy: (device: string) => `Already answered by ${device}`,
  goneDevice: 'a device that is gone',
  answer: 'The answer',
  expired: 'Expired without an answer',
  cancelled: (machine: string) => `Taken back by ${machine}`,
  answerFirst: 'An agent waits for an answer to this.',
  loading: 'Questions of your agents are being fetched.',
};
