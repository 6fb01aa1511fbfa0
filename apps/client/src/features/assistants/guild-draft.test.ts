import type { GuildConfig } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { GuildDraft } from './guild-draft.svelte.ts';

const saved: GuildConfig = {
  id: '0190a0a0-0000-7000-8000-000000000001',
  serverId: '0190a0a0-0000-7000-8000-000000000002',
  guildId: '100000000000000001',
  guildName: 'Quay',
  botActive: false,
  botName: 'Coral',
  personality: 'Dry.',
  rules: '',
  information: 'Open at nine.',
  messagesSentCount: 0,
  messagesReceivedCount: 0,
  lastMessageSentAt: null,
  lastMessageReceivedAt: null,
  websiteCount: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

describe('what is written over the texts of an assistant', () => {
  it('tells the server of changed fields alone, and of none that is as it was again', () => {
    const draft = new GuildDraft(saved);
    draft.set('rules', 'No prices.');
    draft.set('personality', 'Warm.');
    draft.set('personality', 'Dry.');
    expect([draft.changed, draft.update, draft.isChanged]).toEqual([['rules'], { rules: 'No prices.' }, true]);
    draft.discard();
    expect([draft.isChanged, draft.value('rules')]).toEqual([false, '']);
  });

  it('follows the server where the person wrote nothing, and says when saving would overwrite somebody', () => {
    const draft = new GuildDraft(saved);
    draft.set('rules', 'Mine');
    draft.follow({ ...saved, information: 'Open at ten.' });
    expect([draft.value('information'), draft.value('rules'), draft.isOverwriting]).toEqual([
      'Open at ten.',
      'Mine',
      false,
    ]);
    draft.follow({ ...saved, rules: 'Theirs' });
    expect([draft.value('rules'), draft.isOverwriting]).toEqual(['Mine', true]);
    draft.follow({ ...saved, rules: 'Mine' });
    expect([draft.isChanged, draft.isOverwriting]).toEqual([false, false]);
  });

  it('finds what the server would refuse: too long, no name, what cannot be shown', () => {
    const draft = new GuildDraft(saved);
    draft.set('personality', 'x'.repeat(4_001));
    expect([draft.problem('personality'), draft.canBeSaved]).toEqual(['over', false]);
    draft.set('personality', 'x'.repeat(4_000));
    expect([draft.problem('personality'), draft.canBeSaved]).toEqual([undefined, true]);
    draft.set('botName', '   ');
    expect([draft.problem('botName'), draft.canBeSaved]).toEqual(['empty', false]);
    draft.set('botName', ' Coral 2 ');
    expect(draft.update.botName).toBe('Coral 2');
    draft.set('rules', 'turned \u202e around');
    expect(draft.problem('rules')).toBe('unsafe');
  });
});
