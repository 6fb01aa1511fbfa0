import type { DiscordBot } from '@skerry/protocol';

/** View Channels, Send Messages, Read Message History: the least an assistant can work with. */
const LEAST = 0x400n | 0x800n | 0x10000n;

/**
 * The address at which a guild's owner lets the bot in, or undefined where the one the server gave is no invitation of
 * Discord's for this very bot, or asks for more than an assistant needs.
 */
export function inviteOf(bot: DiscordBot): string | undefined {
  if (!URL.canParse(bot.inviteUrl)) return undefined;
  const url = new URL(bot.inviteUrl);
  const asked = url.searchParams;
  const isDiscord = url.origin === 'https://discord.com' && url.pathname === '/oauth2/authorize' && url.hash === '';
  const permissions = asked.get('permissions') ?? '';
  const isLeast = /^\d{1,20}$/.test(permissions) && (BigInt(permissions) & ~LEAST) === 0n;
  const isPlain = [...asked.keys()].sort().join(' ') === 'client_id permissions scope' && asked.get('scope') === 'bot';
  return isDiscord && isPlain && isLeast && asked.get('client_id') === bot.applicationId ? url.href : undefined;
}
