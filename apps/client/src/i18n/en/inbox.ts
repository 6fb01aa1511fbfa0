import { counted } from '../plural.ts';

export const inbox = {
  title: 'Inbox',
  scope: (servers: number) =>
    servers === 0 ? 'no servers yet' : servers === 1 ? 'one server' : `all ${servers} servers`,
  views: 'Inbox views',
  needsYou: 'Needs you',
  everything: 'Everything',
  later: 'Later',
  filterLabel: 'Filter by server',
  filterAll: 'All',
  filterServer: (server: string, count: number) => `${server}, ${counted(count, 'item')}`,
  filterStale: (server: string) => `${server}, not up to date`,
  markAllDone: 'Mark all as done',
  markAllDoneAsk: (count: number) => `Mark ${counted(count, 'item')} as done?`,
  markAllDoneText: 'They stay under Everything.',
  list: 'Inbox items',
  place: (channel: string, server: string) => `${channel} · ${server}`,
  reason: {
    mention: 'Mentioned you',
    reply: 'Replied to you',
    direct: 'Wrote to you',
  },
  encrypted: 'end-to-end encrypted',
  openChannel: 'Open in its channel',
  done: 'Done',
  undoDone: 'Undo',
  doneNow: 'Done.',
  sentNotDone: 'Your answer is on its way, but the item could not be marked as done. It is still listed.',
  setLater: 'Later',
  replyingTo: 'Replying to',
  replyTo: (name: string) => `Reply to ${name}`,
  sendMarksDone: 'Enter sends and marks it done',
  upToDate: (count: number) => (count === 1 ? '1 server is up to date.' : `${count} servers are up to date.`),
  allUpToDate: 'All servers are up to date.',
  lastChecked: (server: string, when: string) => `${server}: last checked ${when}`,
  neverChecked: (server: string) => `${server}: not checked yet`,
  why: 'Why?',
  /** @param fresh how many of them are up to date: of the others nobody knows whether one is done */
  emptyTitle: (servers: number, fresh: number) =>
    servers === 0
      ? 'Nothing here yet'
      : fresh === 0
        ? 'Nothing could be checked yet'
        : fresh < servers
          ? `You are done on ${fresh} of ${servers} servers`
          : servers === 1
            ? 'You are done'
            : `You are done on all ${servers} servers`,
  emptyText: 'Mentions, replies and direct messages from every server come here.',
  emptyLater: 'Nothing put aside for later',
  emptyFilter: 'Nothing here from this server',
  pick: 'Choose something on the left to read and answer it here.',
  gone: 'This message was deleted.',
};
