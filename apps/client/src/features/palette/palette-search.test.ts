import type { EntryId } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { search, type PaletteEntry } from './palette-search.ts';

const server = (id: string, name: string): PaletteEntry => ({
  kind: 'server',
  key: `s-${id}`,
  name,
  alias: '',
  server: id as EntryId,
});
const place = (id: string, name: string, lastAt = 0, mentions = 0): PaletteEntry =>
  ({
    kind: 'channel',
    key: `${id}-${name}`,
    name,
    alias: '',
    server: id as EntryId,
    channel: name,
    isPrivate: false,
    lastAt,
    mentions,
    unread: false,
  }) as unknown as PaletteEntry;
const person = (id: string, name: string, username: string): PaletteEntry =>
  ({
    kind: 'person',
    key: `${id}-${username}`,
    name,
    alias: username,
    server: id as EntryId,
    account: username,
  }) as unknown as PaletteEntry;
const action = (name: string): PaletteEntry => ({ kind: 'action', key: name, name, alias: '', run: () => undefined });

const entries = [
  server('f', 'Fjord Labs'),
  server('w', 'Work'),
  place('f', 'design', 10),
  place('w', 'orders', 30),
  place('w', 'wide-design', 20, 1),
  person('f', 'Deniz Ak', 'deniz'),
  person('w', 'Yuki Tanabe', 'yt'),
  action('Switch to dark theme'),
];
const found = (typed: string): string[] =>
  search(entries, typed).flatMap((group) => group.entries.map((entry) => `${group.kind}:${entry.name}`));

describe('search', () => {
  it('puts names that begin so first, then words, then the inside', () => {
    expect(found('de')).toEqual(['places:design', 'places:wide-design', 'places:orders', 'people:Deniz Ak']);
  });

  it('asks for one kind by its sign', () => {
    expect(found('@de')).toEqual(['people:Deniz Ak']);
    expect(found('#de')).toEqual(['places:design', 'places:wide-design', 'places:orders']);
    expect(found('>dark')).toEqual(['actions:Switch to dark theme']);
    expect(found('@yt')).toEqual(['people:Yuki Tanabe']);
  });

  it('stays on one server when its label stands before a colon', () => {
    expect(found('work: de')).toEqual(['places:wide-design', 'places:orders']);
    expect(found('work:')).toEqual(['places:orders', 'places:wide-design', 'people:Yuki Tanabe']);
    expect(found('nowhere: de')).toEqual([]);
  });

  it('shows mentions and what happened last before anything is typed', () => {
    expect(found('')).toEqual(['recent:wide-design', 'recent:orders', 'recent:design', 'actions:Switch to dark theme']);
  });
});
