import type { Clock, Curve, Exclusive, Random } from '../ports.ts';
import type { SignalStores } from './stores.ts';

/** What one device of one account on one server works with. Two server entries share none of it but the platform's. */
export type Device = {
  readonly stores: SignalStores;
  readonly exclusive: Exclusive;
  readonly curve: Curve;
  readonly random: Random;
  readonly clock: Clock;
};

/** Whoever makes, uses or drops prekeys does it under this name. */
export const PREKEYS = 'prekeys';
