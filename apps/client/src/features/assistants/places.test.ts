import type { EntryId } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { parseRoute } from '../../shell/route.ts';
import { hrefOfPlace, placeOf, type Place } from './places.ts';

const entry = 'here/there?' as EntryId;
const guild = { entry, serverId: 'row' };

describe('the addresses of the assistants (S3.35)', () => {
  const places: readonly Place[] = [
    { at: 'overview' },
    { at: 'add' },
    { at: 'guild', guild, section: 'config' },
    { at: 'guild', guild, section: 'websites' },
    { at: 'guild', guild, section: 'stats' },
    { at: 'guild', guild, section: 'log' },
    { at: 'chat', guild: undefined, conversation: undefined },
    { at: 'chat', guild, conversation: undefined },
    { at: 'chat', guild: undefined, conversation: { entry, conversationId: 'c' } },
  ];
  it.each(places)('lead back to where they were made: %o', (place) => {
    const route = parseRoute(hrefOfPlace(place));
    expect(route.kind).toBe('assistants');
    expect(placeOf(route.kind === 'assistants' ? route.path : ['?'])).toEqual(place);
  });

  it.each([
    ['x'],
    ['add', 'y'],
    ['g'],
    ['g', 'a'],
    ['g', 'a', 'b', 'c'],
    ['g', 'a', 'b', 'log', 'd'],
    ['chat', 'z'],
    ['chat', 'c', 'a'],
    ['chat', 'c', 'a', 'b', 'd'],
  ])('lead nowhere when they are none: %j', (...path) => {
    expect(placeOf(path)).toBeUndefined();
  });
});
