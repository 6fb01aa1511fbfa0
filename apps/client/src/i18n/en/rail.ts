import { counted } from '../plural.ts';

export const rail = {
  label: 'Servers',
  inbox: 'Inbox',
  inboxCount: (count: number) => `Inbox, ${counted(count, 'item')} for you`,
  add: 'Add a server',
  connections: 'Connections',
  connectionsState: (state: string) => `Connections: ${state}`,
  settings: 'Settings',
  assistants: 'Assistants',
  agentsCount: (count: number) => `Agents, ${counted(count, 'question')} for you`,
  /** Accessible name of a server: everything the icon shows. */
  server: (parts: { name: string; mentions: number; unread: boolean; state: string | undefined; talking: boolean }) =>
    [
      parts.name,
      parts.mentions > 0 ? counted(parts.mentions, 'mention') : parts.unread ? 'unread messages' : undefined,
      parts.state,
      parts.talking ? 'you are talking here' : undefined,
    ]
      .filter((part) => part !== undefined)
      .join(', '),
  tipLine: (host: string, account: string) => `${host} · ${account}`,
  tipMentions: (count: number) => counted(count, 'mention'),
  tipLive: (latency: string) => `Live, ${latency}`,
  moreAbove: (count: number) => `${count} more above`,
  moreBelow: (count: number) => `${count} more below`,
  menuLabel: (name: string) => `Actions for ${name}`,
  menu: {
    open: 'Open',
    markRead: 'Mark as read',
    moveUp: 'Move up',
    moveDown: 'Move down',
    rename: 'Rename and colour…',
    details: 'Connection details…',
    devices: 'Your devices…',
    copyAddress: 'Copy address',
    tryNow: 'Try to connect now',
    pause: 'Pause',
    resume: 'Resume',
    signIn: 'Sign in…',
    signOut: 'Sign out…',
    remove: 'Remove…',
  },
  moved: (name: string, position: number, total: number) => `${name} is now at place ${position} of ${total}.`,
  addressCopied: 'The address is in the clipboard.',
  markedRead: (name: string) => `Everything on ${name} is marked as read.`,
};
