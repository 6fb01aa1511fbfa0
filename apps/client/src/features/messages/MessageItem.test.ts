import { mentionOf, type MessageId } from '@skerry/protocol';
import { settle } from '@skerry/core/testing';
import { render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import ConversationProbe from '../../testing/ConversationProbe.svelte';

let live: LiveServer;

beforeEach(async () => {
  live = await liveServer();
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

const say = (text: string, replyTo: MessageId | null = null): Promise<MessageId> =>
  live.as(live.bob, { kind: 'message.send', channel: live.general, text, replyTo });

async function show(): Promise<void> {
  render(ConversationProbe, { server: live.handle, channel: live.general, me: live.anna });
  await settle();
  flushSync();
  await settle();
  flushSync();
}

describe('a message', () => {
  it('names people, marks the one that names me, and says who wrote it to a screen reader', async () => {
    await say(`hello ${mentionOf(live.anna)} and **all**`);
    await show();
    const article = screen.getByRole('article');
    expect(article.getAttribute('aria-label')).toContain('bob');
    expect(article.getAttribute('aria-label')).toContain('hello @anna and all');
    expect(article.className).toContain('tome');
    expect(screen.getByRole('button', { name: '@anna' })).toBeTruthy();
  });

  it('shows what it answers, and of a deleted one only that there was one', async () => {
    const first = await say('the question');
    await say('the answer', first);
    await show();
    expect(screen.getByRole('button', { name: /in reply to bob.*the question/ })).toBeTruthy();
    await live.as(live.bob, { kind: 'message.delete', message: first });
    flushSync();
    expect(screen.getAllByRole('article')[0]?.textContent).toContain('Message deleted');
    expect(document.body.textContent).not.toContain('the question');
  });

  it('counts reactions and takes mine back when it is pressed', async () => {
    const id = await say('react to me');
    await live.as(live.bob, { kind: 'reaction.set', message: id, emoji: '🎉', on: true });
    await live.as(live.anna, { kind: 'reaction.set', message: id, emoji: '🎉', on: true });
    await show();
    const mine = screen.getByRole('button', { name: '🎉, 2 reactions, yours too' });
    expect(mine.getAttribute('aria-pressed')).toBe('true');
    mine.click();
    await settle();
    flushSync();
    expect(screen.getByRole('button', { name: '🎉, 1 reaction' }).getAttribute('aria-pressed')).toBe('false');
    expect(live.server.model.message(live.bob, id).reactions).toEqual([{ emoji: '🎉', accounts: [live.bob] }]);
  });

  it('renders nothing of what a server sends as markup', async () => {
    await say('<img src=x onerror=alert(1)> [x](javascript:alert(1)) <script>1</script>');
    await show();
    const article = screen.getByRole('article');
    expect(article.querySelector('img, script, a')).toBeNull();
    expect(article.textContent).toContain('<img src=x onerror=alert(1)>');
  });
});
