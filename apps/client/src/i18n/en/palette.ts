import { counted } from '../plural.ts';

export const palette = {
  label: 'Search or jump to',
  placeholder: 'Search or jump to…',
  groupRecent: 'Recent',
  groupPlaces: 'Jump to',
  groupPeople: 'People',
  groupServers: 'Servers',
  groupActions: 'Actions',
  cached: 'saved copy',
  move: 'move',
  open: 'open',
  footer: (places: number, servers: number) => `${counted(places, 'place')} on ${counted(servers, 'server')}`,
  empty: (servers: number) => `Nothing here on ${counted(servers, 'server')}.`,
  results: (count: number) => counted(count, 'result'),
  hint: '@ people · # channels · > actions',
  action: {
    addServer: 'Add a server',
    assistants: 'Open the assistants',
    inbox: 'Open the inbox',
    servers: 'Manage servers',
    settings: 'Open settings',
    lightTheme: 'Switch to light theme',
    darkTheme: 'Switch to dark theme',
    shortcuts: 'Show keyboard shortcuts',
    markAllRead: 'Mark everything as read',
  },
};
