import { StoreFull, type InboxRow } from '@skerry/core';
import { settle } from '@skerry/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import { Inbox } from './inbox.svelte.ts';

let live: LiveServer;
let row: InboxRow;
let inbox: Inbox;

beforeEach(async () => {
  live = await liveServer();
  const text = `<@${live.anna}> look at this`;
  await live.as(live.bob, { kind: 'message.send', channel: live.general, text, replyTo: null });
  inbox = new Inbox(live.client);
  const [first] = inbox.rows;
  if (first?.kind !== 'message') throw new Error('the mention did not reach the inbox');
  ({ row } = first);
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

async function lastText(): Promise<string | undefined> {
  using timeline = live.handle.timeline(live.general);
  await settle();
  const { messages, pending } = timeline.view.get();
  return pending.at(-1)?.text ?? messages.at(-1)?.message.text;
}

describe('answering from the inbox', () => {
  it('sends the answer and takes the item off the list', async () => {
    expect(await inbox.reply(row, 'On it')).toBe(true);
    expect([await lastText(), inbox.count('needs')]).toEqual(['On it', 0]);
  });

  it('counts an answer that is queued as given, also when the item could not be marked', async () => {
    vi.spyOn(live.handle, 'setInbox').mockRejectedValue(new StoreFull('No room is left'));
    expect(await inbox.reply(row, 'On it')).toBe(false);
    expect([await lastText(), inbox.count('needs')]).toEqual(['On it', 1]);
  });

  it('refuses where the answer itself was not taken, so that its text is kept', async () => {
    vi.spyOn(live.handle, 'send').mockRejectedValue(new StoreFull('No room is left'));
    await expect(inbox.reply(row, 'On it')).rejects.toBeInstanceOf(StoreFull);
    expect(inbox.count('needs')).toBe(1);
  });
});
