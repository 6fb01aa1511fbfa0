/** Words of the primitives. */
export const ui = {
  cancel: 'Cancel',
  close: 'Close',
  back: 'Back',
  save: 'Save',
  undo: 'Undo',
  unexpected: 'Something went wrong in Skerry. Nothing was changed.',
  copied: 'Copied',
  copyFailed: 'Could not copy',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  notices: 'Notices',
  loading: 'Loading…',
  partMissing: 'This part of Skerry could not be loaded. Check the connection and try again.',
  step: { todo: ' (not started)', running: ' (checking)', done: ' (done)', failed: ' (failed)' },
  mute: { hour: 'Mute for an hour', tomorrow: 'Mute until tomorrow', always: 'Mute', end: 'Unmute' },
  openLinkFailed: 'Skerry does not open addresses of this kind.',
  opensOutside: (host: string) => `Opens ${host} outside Skerry`,
};

/** The 12 px mark, in words. */
export const status = {
  live: 'Live',
  connecting: 'Connecting',
  waiting: 'Waiting to try again',
  attention: 'Needs your attention',
  down: 'Not reachable',
  paused: 'Paused',
  muted: 'Muted',
};

export const presence = { online: 'Online', away: 'Away', busy: 'Do not disturb', offline: 'Offline' };

export const time = {
  now: 'now',
  today: 'Today',
  yesterday: 'Yesterday',
  yesterdayInline: 'yesterday',
  seconds: (count: number) => `${count} s`,
  minutes: (count: number) => `${count} min`,
  hours: (count: number) => `${count} h`,
};
