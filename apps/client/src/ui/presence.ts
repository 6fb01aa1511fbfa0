export type Presence = 'online' | 'away' | 'busy' | 'offline';
