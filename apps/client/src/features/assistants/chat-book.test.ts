import type { AssistantsView, EntryId, FleetAssistantsView } from '@skerry/core';
import type { ChatGroup, GuildConfig } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { chatSections } from './chat-book.svelte.ts';

const A = 'a' as EntryId;
const B = 'b' as EntryId;
const SAME = '0190a0a0-0000-7000-8000-000000000001';

const group = (id: string, serverId: string | null, updatedAt: string): ChatGroup => ({
  id,
  serverId,
  name: null,
  paneCount: 1,
  createdAt: updatedAt,
  updatedAt,
  conversations: [],
});
const part = (entryId: EntryId, label: string, guildName: string) => ({
  entryId,
  label,
  view: { guilds: [{ serverId: SAME, guildName } as GuildConfig] } as unknown as AssistantsView,
});
const view = { servers: [part(A, 'Harbour', 'Quay'), part(B, 'Lighthouse', 'Mill')] } as unknown as FleetAssistantsView;
const all = new Map([
  [A, [group('1', SAME, '2026-01-01T00:00:00.000Z'), group('2', null, '2026-01-02T00:00:00.000Z')]],
  [B, [group('1', SAME, '2026-01-03T00:00:00.000Z'), group('3', SAME, '2026-01-01T00:00:00.000Z')]],
]);
const book = { groupsOf: (entry: EntryId) => all.get(entry) ?? [] };
const seen = (filter: Parameters<typeof chatSections>[2]) =>
  chatSections(book, view, filter).map((one) => [one.server, one.guildName, one.groups.map(({ id }) => id)]);

describe('test conversations by guild (S3.32, S3.34)', () => {
  it('stand under their guild on their server, also where ids are the same, the last used first', () => {
    expect(seen(undefined)).toEqual([
      ['Lighthouse', 'Mill', ['1', '3']],
      ['Harbour', undefined, ['2']],
      ['Harbour', 'Quay', ['1']],
    ]);
  });

  it('are those of one guild, or of all', () => {
    expect(seen({ entry: A, serverId: SAME })).toEqual([['Harbour', 'Quay', ['1']]]);
    expect(seen({ entry: A, serverId: 'other' })).toEqual([]);
  });
});
