/** The frame around everything: navigation, first run, notices about the app itself. */
export const app = {
  name: 'Skerry',
  skipToContent: 'Skip to the content',
  mainLabel: 'Content',
  sideLabel: 'Channels',
  bottomBarLabel: 'Main navigation',
  tabServers: 'Servers',
  tabInbox: 'Inbox',
  tabYou: 'You',
  placeTitle: { inbox: 'Inbox', settings: 'Settings', servers: 'Servers', assistants: 'Assistants', agents: 'Agents' },
  titleWith: (place: string) => `${place} · Skerry`,
  titleMentions: (count: number) => `(${count > 99 ? '99+' : count})`,
  notFound: {
    title: 'There is nothing at this address',
    text: 'The link may be old, or meant for a server that is not on this device.',
    home: 'Go to your servers',
  },
  inviteSignedIn: (account: string, server: string) =>
    `You are already signed in as @${account} on ${server}. The invite was not used.`,
  linked: {
    unknown: (host: string) => `${host} is not in your list`,
    unknownText: 'The link leads to a message there. Add the server and sign in to read it.',
    add: 'Add the server',
    elsewhere: (host: string) => `The link leads to ${host}. This page shows its own server alone.`,
  },
  noChannel: {
    none: (server: string) => `You are in no channel of ${server}`,
    noneText: 'Join one from the list, or start one.',
    nothingHere: (server: string) => `Nothing of ${server} is on this device`,
    nothingHereText: 'Channels and messages come as soon as it is connected.',
  },
  startFailed: {
    text: 'Skerry could not start. Nothing that is saved on this device was changed. Reload the page to try again.',
    reload: 'Reload',
  },
  update: { ready: 'A new version of Skerry is ready.', reload: 'Reload' },
  storage: {
    full: 'This device has no space left. Skerry keeps what it has and cannot save new messages.',
    registryBroken: 'The list of your servers could not be read. It was set aside, nothing was deleted.',
    vaultBroken:
      'The saved sign-ins could not be read. Sign in again on each server; messages and drafts are still here.',
    locked: 'The saved sign-ins are locked on this device. Nothing was lost or overwritten.',
    stateBroken: (server: string) =>
      `Drafts and unsent messages of ${server} could not be read. They were set aside, nothing was deleted.`,
    cacheBroken: (server: string) => `The saved copy of ${server} was damaged and is being loaded again.`,
    insecurePage:
      'This page came over plain http, so the browser switches off encryption, notifications and saving in the background.',
  },
  crashed: {
    title: 'This view stopped working',
    text: 'Your messages are safe, and the servers stay connected.',
    again: 'Show it again',
    copy: 'Copy report without names',
  },
};
