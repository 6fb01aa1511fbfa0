import type { DiscordBot } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { inviteOf } from './invite.ts';

const applicationId = '100000000000000009';
const bot = (inviteUrl: string): DiscordBot => ({
  botId: '100000000000000001',
  botName: 'Helper',
  applicationId,
  readsMessages: true,
  connectedAt: '2026-01-01T00:00:00.000Z',
  inviteUrl,
});
const good = `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot&permissions=68608`;

describe('the invite link of a bot (T14)', () => {
  it('is shown as the server gives it: to see channels, read their history and write', () => {
    expect(inviteOf(bot(good))).toBe(good);
  });

  it.each([
    ['administrator', good.replace('68608', '8')],
    ['one permission more', good.replace('68608', '68610')],
    ['another bot', good.replace(applicationId, '100000000000000008')],
    ['another host', good.replace('discord.com', 'discord.com.evil.example')],
    ['another scope', good.replace('scope=bot', 'scope=bot%20identify')],
    ['somewhere to be sent on to', `${good}&redirect_uri=https%3A%2F%2Fevil.example`],
    ['a second client', `${good}&client_id=100000000000000008`],
    ['a script', 'javascript:alert(1)'],
    ['no address', 'discord'],
  ])('is not shown with %s', (_what, url) => {
    expect(inviteOf(bot(url))).toBeUndefined();
  });
});
