import { BlockList, isIPv4 } from 'node:net';
import type { VoiceStatus } from '@skerry/protocol/voice';

type Distance = NonNullable<VoiceStatus['reachedFrom']>;

const NEAR = new BlockList();
NEAR.addSubnet('10.0.0.0', 8);
NEAR.addSubnet('172.16.0.0', 12);
NEAR.addSubnet('192.168.0.0', 16);
NEAR.addSubnet('169.254.0.0', 16);
NEAR.addSubnet('100.64.0.0', 10);

/** From how far away something came, by the IPv4 address it came from. */
export function distanceOf(address: string): Distance {
  if (!isIPv4(address) || NEAR.check(address)) return 'network';
  return address.startsWith('127.') ? 'machine' : 'internet';
}

const ORDER: readonly Distance[] = ['machine', 'network', 'internet'];

export function farther(known: Distance | null, seen: Distance): Distance {
  return known !== null && ORDER.indexOf(known) > ORDER.indexOf(seen) ? known : seen;
}
