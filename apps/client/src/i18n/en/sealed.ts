import { counted } from '../plural.ts';

/** Encrypted conversations. */
export const sealed = {
  direct: 'Direct messages',
  groups: 'Private groups',
  encrypted: 'end-to-end encrypted',
  /** Accessible name of a row. */
  row: (parts: {
    name: string;
    isGroup: boolean;
    presence: string | undefined;
    mentions: number;
    unread: number;
    muted: boolean;
  }) =>
    [
      parts.isGroup ? `encrypted group ${parts.name}` : `encrypted conversation with ${parts.name}`,
      parts.presence,
      parts.isGroup && parts.mentions > 0
        ? counted(parts.mentions, 'mention')
        : parts.unread > 0
          ? `${parts.unread} unread`
          : undefined,
      parts.muted ? 'muted' : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(', '),
  draft: 'draft',
  unnamed: 'Unnamed conversation',
  noneYet: 'No encrypted conversation yet.',
  loading: 'Opening your keys…',
  menu: (name: string) => `Actions for ${name}`,

  /** Why there is nothing to write to, and the way out. */
  off: {
    title: 'Encrypted conversations need your keys',
    text: (server: string) => `Without keys of your own on this device, nothing on ${server} can be encrypted for you.`,
    act: 'Make your keys',
  },
  locked: {
    title: 'Your keys are locked',
    text: 'Enter your passphrase to read and write encrypted conversations.',
    act: 'Unlock',
  },
  waiting: {
    title: 'This device waits to be let in',
    text: 'Approve it on another device of yours. Until then nothing is encrypted for it.',
    act: 'Look at your devices',
  },
  noKey: {
    title: 'Your account here has no key yet',
    text: 'It was made with a password. Give it your key once, and people can write to you encrypted.',
    act: 'Give it your key',
  },
  otherPerson: {
    title: 'This account belongs to other keys',
    text: 'It was set up with another recovery phrase than the one on this device.',
    act: 'Look at your keys',
  },
  failed: {
    title: 'Your keys on this device cannot be read',
    text: 'What is stored was set aside, not deleted. Your recovery phrase or a backup brings your keys back.',
    act: 'Look at your keys',
  },

  start: {
    open: 'New direct message or private group',
    title: 'New encrypted conversation',
    on: (server: string) => `On ${server}, with people of this server`,
    find: 'Find people by name',
    people: 'People',
    chosen: 'Chosen',
    take: (name: string) => `Take ${name} out`,
    noKeys: 'has no keys yet, so nothing can be encrypted',
    noKeysHint: 'Ask them to open Skerry and make their keys; it takes a minute.',
    nobody: 'Nobody of that name here',
    alone: 'Nobody else is on this server yet.',
    groupName: 'Name of the group',
    groupNameHint: 'Encrypted, too: only members can read it.',
    nameNeeded: 'Give the group a name.',
    tooMany: (most: number) => `A group holds at most ${counted(most, 'person', 'people')}, you among them.`,
    pick: 'Choose one person for a direct message, several for a group.',
    direct: (name: string) => `Message ${name}`,
    openDirect: (name: string) => `Open the conversation with ${name}`,
    group: 'Create group',
    needsServer: 'This needs a connection to the server.',
  },
  message: 'Message',

  readers: {
    checking: 'Checking who can read this…',
    you: 'you',
    /** "Ben (2 devices)" */
    person: (name: string, devices: number) => `${name} (${counted(devices, 'device')})`,
    noDevice: (name: string) => `${name} (no device yet)`,
    more: (count: number) => `${counted(count, 'more person', 'more people')}`,
    those: (names: string) => `Only ${names} can read this.`,
    operators: (server: string) => `Whoever runs ${server} cannot; they see who writes when.`,
    short: (count: number) => `${counted(count, 'person', 'people')} can read this; the server cannot`,
    details: 'Who can read this',
  },

  empty: {
    title: (name: string) => `Nothing in ${name} yet`,
    direct: (name: string, server: string) =>
      `What you write is encrypted on this device for ${name} and you. Whoever runs ${server} cannot read it, and Skerry cannot bring it back without your devices or your backup.`,
    group: (server: string) =>
      `What you write is encrypted on this device for the members. Whoever runs ${server} cannot read it, and Skerry cannot bring it back without your devices or your backup.`,
    left: 'You are not in this conversation any more.',
  },

  mark: {
    waitingForKeys: 'Waiting for the key to this message. The device it came from was asked.',
    lost: 'This message cannot be read on this device any more.',
    serverErased: 'The server dropped this message. Nobody in the conversation deleted it.',
    unverified: (name: string) => `This came from a device that ${name} has not signed. It is not shown.`,
  },

  line: {
    readsSince: 'This device reads along from here. What was said before is not on it.',
    founded: (name: string) => `${name} made this group`,
    foundedByYou: 'You made this group',
    joined: (name: string, by: string) => `${by} added ${name}`,
    removed: (name: string, by: string) => `${by} removed ${name}`,
    left: (name: string) => `${name} left`,
    named: (by: string, name: string) => `${by} named the group “${name}”`,
    keysChanged: (name: string) => `${name}’s keys have changed`,
    look: 'Look',
    you: 'You',
    youObject: 'you',
  },
  read: 'Read',

  problem: {
    keysChanged: (name: string) => `${name}’s keys have changed`,
    keysChangedText: (name: string) =>
      `That happens when somebody starts anew after losing everything. It may also be somebody who pretends to be ${name}. Nothing is sent until you decide.`,
    keysRefused: (name: string, server: string) => `${server} shows keys for ${name} that ${name} has not signed`,
    keysRefusedText: (name: string) =>
      `Nothing is sent to devices that ${name} did not sign. Ask ${name} in another way, and tell whoever runs the server.`,
    chainRefused: (server: string) => `${server} shows members that nobody in this group has signed`,
    chainRefusedText: 'Nothing is sent until the list of members is right again. What you wrote waits here.',
    look: 'Look',
    accept: 'Use the new keys',
    acceptAsk: (name: string) => `Use the new keys of ${name}?`,
    acceptText: (name: string) =>
      `Do this only if ${name} told you, face to face or by a call, that the keys are new. From then on messages are encrypted for them, and what waits is sent.`,
    sendAnyway: 'Send anyway after checking',
    parked: {
      keys_changed: (name: string) => `${name}’s keys have changed, so this was not sent.`,
      keys_refused: 'The server shows keys that were not signed, so this was not sent.',
      chain_refused: 'The server shows members that nobody has signed, so this was not sent.',
      no_session: 'No device of the other side could be reached in a way that is safe, so this was not sent.',
    },
  },

  trust: {
    none: 'No keys yet',
    unknown: 'Keys not seen yet',
    known: 'Not verified',
    verified: 'Verified',
    changed: 'Keys changed',
    refused: 'Keys not signed',
  },

  safety: {
    title: (name: string) => `Safety number with ${name}`,
    text: (name: string) =>
      `If you both see the same digits, nobody stands between you and ${name}. Compare them by a call or side by side, not in a message.`,
    digits: 'Safety number',
    group: (index: number, digits: string) => `Group ${index}: ${digits}`,
    code: (name: string) => `Code of the safety number with ${name}`,
    show: 'Show my code',
    scan: 'Scan their code',
    copy: 'Copy the digits',
    verify: 'Mark as verified',
    unverify: 'Take the mark back',
    isVerified: (name: string) => `You have verified ${name}.`,
    changed: (name: string) => `These are the new keys of ${name}. They are not in use until you decide.`,
    none: (name: string) => `${name} has no keys yet, so there is nothing to compare.`,
    working: 'Working out the safety number…',
    result: {
      match: (name: string) => `The codes match. ${name} is verified.`,
      mismatch:
        'The codes do not match. Do not trust this conversation until you know why: somebody may stand between you.',
      other_people: 'That code is about other people, or about another account of theirs.',
      other_version: 'That code is of another version of Skerry. Update both, then scan again.',
      malformed: 'That is not the code of a safety number.',
    },
  },

  details: {
    open: 'Who can read this, and settings',
    title: (name: string) => name,
    directText: (server: string) => `Encrypted conversation on ${server}`,
    groupText: (server: string) => `Encrypted group on ${server}`,
    members: (count: number) => counted(count, 'member'),
    devices: (count: number) => counted(count, 'device'),
    founder: 'Founder',
    founderHint: 'The founder can remove others.',
    you: 'you',
    safety: 'Safety number',
    safetyOf: (name: string) => `Safety number with ${name}`,
    remove: 'Remove',
    removeOf: (name: string) => `Remove ${name}`,
    removeAsk: (name: string, group: string) => `Remove ${name} from ${group}?`,
    removeText: (name: string) =>
      `${name} keeps what was said so far and can read nothing that is written from now on: everyone’s next message starts with new keys.`,
    removeConfirm: 'Remove',
    add: 'Add people',
    addTitle: (group: string) => `Add people to ${group}`,
    addText: 'They read what is written from now on, not what was said before.',
    addOne: (name: string) => `Add ${name}`,
    added: 'Member',
    addShort: 'Add',
    rename: 'Name of the group',
    renameHint: 'Encrypted: the server does not see it.',
    renamed: 'The group has its new name.',
    leave: 'Leave group',
    leaveAsk: (group: string) => `Leave ${group}?`,
    leaveText:
      'You can read nothing that is written from then on. What was said so far stays on this device. Somebody has to add you to come back.',
    leaveConfirm: 'Leave',
    receipts: 'Tell others what you have read',
    receiptsHint: 'For all direct messages on this server. The server does not see it.',
  },

  search: {
    open: 'Search in this conversation',
    title: (name: string) => `Search in ${name}`,
    text: 'Looks through what this device has decrypted. Nothing of your search leaves it.',
    field: 'Words to look for',
    results: 'Found messages',
    none: 'Nothing found on this device.',
    noneYet: 'Nothing found so far.',
    further: 'Look further back',
    found: (count: number) => counted(count, 'message'),
    file: 'Attachment',
  },

  file: {
    attach: 'Attach files',
    drop: 'Drop files to attach them. They are encrypted on this device first.',
    tray: 'Attachments of this message',
    encrypting: 'encrypting…',
    uploading: (percent: number) => `${percent} %`,
    ready: 'ready',
    cancel: (name: string) => `Take ${name} out`,
    retry: (name: string) => `Try ${name} again`,
    retryShort: 'Try again',
    tooLarge: (name: string, most: string) => `${name} is larger than ${most} and was not attached.`,
    tooMany: (most: number) => `A message carries at most ${most} files. The others were not attached.`,
    empty: (name: string) => `${name} is empty or a folder and was not attached.`,
    unreadable: (name: string) => `${name} could not be read and was not attached.`,
    waits: 'Wait until all files are encrypted and sent to the server.',
    hasFailed: 'One file failed. Try it again or take it out.',
    save: 'Save',
    saveOf: (name: string, size: string) => `Save ${name}, ${size}`,
    show: (size: string) => `Show picture (${size})`,
    open: (name: string) => `Enlarge ${name}`,
    cancelDownload: 'Cancel',
    receiving: (percent: number) => `Fetching and decrypting: ${percent} %`,
    gone: 'This file is not on the server any more.',
    damaged: 'What the server gave is not what was sent. It was not opened.',
    away: 'The server does not answer. Try again when it is back.',
    failed: 'This file could not be fetched.',
    notPicture: 'Not a picture Skerry shows; it can be saved.',
    unnamed: 'file',
    sending: (count: number) => counted(count, 'file'),
  },
};
