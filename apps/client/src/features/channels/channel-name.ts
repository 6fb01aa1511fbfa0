import { LIMITS } from '@skerry/protocol';

const VALID = /^[\p{L}\p{N}](?:[\p{L}\p{N}._-]*[\p{L}\p{N}])?$/u;

/** What was typed as a channel is called: small letters, dashes for spaces. */
export function asChannelName(typed: string): string {
  return [
    ...typed
      .toLocaleLowerCase()
      .replace(/^#+/, '')
      .replace(/[\s-]*\s[\s-]*/g, '-'),
  ]
    .slice(0, LIMITS.channelName)
    .join('');
}

export function isChannelName(name: string): boolean {
  return VALID.test(name);
}
