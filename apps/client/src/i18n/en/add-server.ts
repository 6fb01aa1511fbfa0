/** Every outcome of a check has a sentence of its own, and says what can be done. */
export const addServer = {
  title: 'Add a server',
  subtitle: 'Your account, keys and history stay separate on each server.',
  field: 'Server address or invite link',
  placeholder: 'chat.example.org',
  fieldHint: 'A host name, an address with https://, an invite, or the text of a code.',
  continue: 'Continue',
  openExisting: 'Open it',
  secondAccount: 'Add a second account',
  tryAgain: 'Try again',
  addSignedOut: 'Add without signing in',
  ladder: 'Checks',
  ladderAddress: 'Address',
  ladderReach: 'Reachable',
  ladderSecure: 'Secure',
  ladderVersion: 'Compatible',
  ladderProof: 'Proves its key',
  checking: (host: string) => `Asking ${host}…`,
  compareWords: 'Compare these six words with the person who invited you',
  wordsMatchInvite: 'These six words are the ones in your invite',
  sixWords: 'Six words of its key',
  sameName: (name: string, host: string) => `You already have another server called ${name}. This one is ${host}.`,
  international: (host: string) => `The address has letters beyond plain ones; its exact form is ${host}.`,
  found: (name: string, host: string) => `${name} answers at ${host}.`,
  members: (count: number) => `${count.toLocaleString('en-GB')} ${count === 1 ? 'member' : 'members'}`,
  runBy: (name: string) => `run by ${name}`,
  problem: {
    notAnAddress: 'This is not an address. Try something like chat.example.org.',
    deviceOffline: 'This device is offline. What you typed stays here.',
    nothingAnswers: (host: string) => `Nothing answers at ${host}. It may be off, or only reachable through a VPN.`,
    tooSlow: (host: string) => `${host} did not answer within 8 seconds.`,
    browserBlocked: (host: string) =>
      `${host} answers, but does not allow this page to talk to it. Its owner can allow this address.`,
    plainHttp: 'This address is not encrypted. Anyone on the way can read and change what is sent.',
    plainNotHere:
      'This address is not encrypted, and a page in a browser may not use it. Its owner can give the server TLS, or put a reverse proxy with TLS before it; then add its https:// address.',
    notSkerry: (host: string) => `Something answers at ${host}, but it is not a Skerry server.`,
    redirectedSomewhere: (host: string) =>
      `${host} sends everyone to another address. Ask its owner for the right one.`,
    serverOlder: 'This server speaks an older version than this app knows. Its admin has to update it.',
    appOlder: 'This server needs a newer version of Skerry. Reload the page to get it.',
    serverBroken: (host: string, status: number) =>
      `${host} is a server with a problem of its own right now (${status}).`,
    copyForAdmin: 'Copy message to the admin',
    adminNote: (host: string) =>
      `Hello. ${host} speaks an older version of the protocol than my app. Could you update the server?`,
    proofFailed: 'The server did not prove that it holds its key. Nothing was sent to it.',
    wordsDiffer:
      'The six words are not the ones in your invite. This may be another server that pretends to be it. Nothing was sent.',
    known: (account: string) => `You already use this server as ${account}.`,
    busy: (wait: string) => `The server is busy and asks to wait ${wait}.`,
  },
};
