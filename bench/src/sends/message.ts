/** What the measured server is asked, and what it answers. */
export type ToServer = 'start' | 'stop';
export type FromServer =
  | {
      readonly kind: 'ready';
      readonly port: number;
      readonly people: readonly { readonly username: string; readonly channel: string }[];
    }
  /** Share of the time between start and stop in which the event loop's thread ran. */
  | { readonly kind: 'busy'; readonly cpuShare: number; readonly loopShare: number }
  | { readonly kind: 'started' };

export type ToClients = { readonly perSecond: number; readonly ms: number };
export type FromClients =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'sent';
      readonly answered: number;
      readonly refused: number;
      readonly ms: number;
      readonly p50: number;
      readonly p99: number;
    };

export const PASSWORD = 'a password of the benchmark';
