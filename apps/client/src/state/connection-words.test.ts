import type { ConnectionState } from '@skerry/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isArriving, isTroubled, statusOf, stateWords } from './connection-words.ts';

const IDLE: ConnectionState = { kind: 'offline', since: 0 };
const WAITING: ConnectionState = { kind: 'waiting', attempt: 2, nextAt: 1, cause: { kind: 'unreachable' }, since: 0 };

afterEach(() => vi.restoreAllMocks());
const device = (isOnline: boolean): void => {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(isOnline);
};

describe('how a connection stands', () => {
  it('is on its way before the first try, where there is a network', () => {
    device(true);
    expect([stateWords(IDLE), statusOf(IDLE), isArriving(IDLE), isTroubled(IDLE)]).toEqual([
      'Connecting…',
      'connecting',
      true,
      false,
    ]);
    expect([stateWords(WAITING), isTroubled(WAITING)]).toEqual(['Not reachable', true]);
  });

  it('blames no server while it is the device that is offline', () => {
    device(false);
    expect([stateWords(IDLE), stateWords(WAITING), statusOf(IDLE), isArriving(IDLE), isTroubled(IDLE)]).toEqual([
      'Not connected',
      'Not connected',
      'down',
      false,
      true,
    ]);
  });
});
