import type { AccountId, ChannelId } from '@skerry/protocol';
import type { ConversationView } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { readersLine } from './readers.ts';

const of = (...members: [name: string, devices: number][]): ConversationView => ({
  channel: 'c' as ChannelId,
  kind: 'group',
  title: 'Crew',
  members: members.map(([account, devices]) => ({
    account: account as AccountId,
    devices,
    trust: devices === 0 ? 'none' : 'known',
    founder: false,
  })),
  peer: null,
  peerReadN: null,
  problem: null,
});
const line = (view: ConversationView): string =>
  readersLine(view, { me: 'me' as AccountId, nameOf: (account) => account.toUpperCase() });

describe('the line that says who can read', () => {
  it('names everyone with the number of devices, oneself last', () => {
    expect(line(of(['me', 2], ['ben', 1]))).toBe('Only BEN (1 device) and you (2 devices) can read this.');
  });

  it('says who has no device yet instead of leaving them out', () => {
    expect(line(of(['ben', 0], ['me', 1]))).toBe('Only BEN (no device yet) and you (1 device) can read this.');
  });

  it('counts those it does not name, and never fewer than there are', () => {
    const text = line(of(['a', 1], ['b', 1], ['c', 1], ['d', 1], ['e', 1], ['me', 1]));
    expect(text).toMatch(
      /^Only A \(1 device\), B \(1 device\), C \(1 device\), 2 more people,? and you \(1 device\) can read this\.$/,
    );
  });

  it('does not count oneself among the readers after leaving', () => {
    expect(line(of(['ben', 1], ['cem', 1]))).toBe('Only BEN (1 device) and CEM (1 device) can read this.');
  });
});
