import { mentionOf } from '@skerry/protocol';
import { settle } from '@skerry/core/testing';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import { inRoot } from '../../testing/root.svelte.ts';
import { Composer } from './composer.svelte.ts';
import { Conversation } from './conversation.svelte.ts';

let live: LiveServer;
let stops: (() => void)[] = [];

beforeEach(async () => {
  live = await liveServer();
});
afterEach(async () => {
  for (const stop of stops) stop();
  stops = [];
  document.body.replaceChildren();
  await live.client[Symbol.asyncDispose]();
});

/** A composer with a text field, as the component has it. */
async function open(): Promise<{
  composer: Composer;
  conversation: Conversation;
  field: HTMLTextAreaElement;
  type: (text: string) => void;
}> {
  const timeline = live.handle.timeline(live.general);
  const parts = {
    server: live.handle,
    channel: live.general,
    timeline,
    openLink: () => undefined,
    openPerson: () => undefined,
  };
  const { value: conversation, stop } = inRoot(() => new Conversation(parts));
  const { value: composer, stop: stopComposer } = inRoot(() => new Composer(conversation));
  const field = document.createElement('textarea');
  document.body.append(field);
  const detach = composer.attach(field);
  stops.push(() => {
    stopComposer();
    stop();
    detach();
    timeline[Symbol.dispose]();
  });
  await settle();
  flushSync();
  const type = (text: string): void => {
    field.value = text;
    field.setSelectionRange(text.length, text.length);
    composer.typed(text);
    flushSync();
  };
  return { composer, conversation, field, type };
}

const onServer = (): string[] => live.server.model.page(live.anna, live.general, {}).messages.map(({ text }) => text);
const submit = async (composer: Composer): Promise<void> => {
  await composer.submit();
  await settle();
  flushSync();
};

describe('Composer', () => {
  it('sends what was typed once, with people as ids, and is empty at once', async () => {
    const { composer, type } = await open();
    type('hello @bob ');
    const sending = composer.submit();
    expect(composer.text).toBe('');
    await composer.submit();
    await sending;
    await settle();
    expect(onServer()).toEqual([`hello ${mentionOf(live.bob)}`]);
  });

  it('suggests people after an @ and puts the chosen name into the text', async () => {
    const { composer, type } = await open();
    type('ask @bo');
    expect(composer.suggestions.map((one) => (one.kind === 'person' ? one.account.username : '?'))).toEqual(['bob']);
    composer.accept();
    flushSync();
    expect(composer.text).toBe('ask @bob ');
    expect(composer.suggestions).toEqual([]);
  });

  it('keeps a draft over leaving and coming back, and none of what was sent', async () => {
    const first = await open();
    first.type('half a thought');
    first.composer.saveDraft();
    const second = await open();
    expect(second.composer.text).toBe('half a thought');
    second.type('half a thought, finished');
    await submit(second.composer);
    expect(live.handle.draft(live.general).get()).toBe('');
    expect((await open()).composer.text).toBe('');
  });

  it('edits the own last message, and what was being written comes back after it', async () => {
    const { composer, conversation, type } = await open();
    type('first @bob');
    await submit(composer);
    await live.as(live.bob, { kind: 'message.send', channel: live.general, text: 'not mine', replyTo: null });
    expect(composer.editLast()).toBe(true);
    flushSync();
    expect(composer.text).toBe('first @bob');
    type('first @bob, corrected');
    await submit(composer);
    expect(onServer()).toEqual([`first ${mentionOf(live.bob)}, corrected`, 'not mine']);
    expect([composer.text, conversation.writing.kind]).toEqual(['', 'new']);

    type('a draft');
    composer.editLast();
    flushSync();
    expect(composer.cancel()).toBe(true);
    flushSync();
    expect(composer.text).toBe('a draft');
  });

  it('keeps an edit that could not be taken, and its field stays in the edit', async () => {
    const { composer, conversation, type } = await open();
    type('first');
    await submit(composer);
    composer.editLast();
    flushSync();
    type('first, corrected at length');
    const edit = vi.spyOn(live.handle, 'edit').mockRejectedValueOnce(new Error('no space'));
    await expect(composer.submit()).rejects.toThrow('no space');
    flushSync();
    expect([composer.text, conversation.writing.kind]).toEqual(['first, corrected at length', 'edit']);
    await Promise.all([composer.submit(), composer.submit()]);
    await settle();
    flushSync();
    expect(edit).toHaveBeenCalledTimes(2);
    expect([composer.text, conversation.writing.kind]).toEqual(['', 'new']);
    expect(onServer()).toEqual(['first, corrected at length']);
  });

  it('answers the message it was told to answer, once', async () => {
    const target = await live.as(live.bob, {
      kind: 'message.send',
      channel: live.general,
      text: 'a question',
      replyTo: null,
    });
    const { composer, conversation, type } = await open();
    const message = conversation.timeline.view.get().messages.at(-1)?.message;
    expect(message?.id).toBe(target);
    if (message !== undefined) conversation.write({ kind: 'reply', to: message });
    type('an answer');
    await submit(composer);
    type('something else');
    await submit(composer);
    const replies = live.server.model.page(live.anna, live.general, {}).messages.map(({ replyTo }) => replyTo);
    expect(replies).toEqual([null, target, null]);
  });

  it('takes an unsent message back as it was typed', async () => {
    const { composer, conversation, type } = await open();
    await live.setReachable(false);
    type('for @bob, later');
    await submit(composer);
    const [pending] = conversation.timeline.view.get().pending;
    expect(pending?.text).toBe(`for ${mentionOf(live.bob)}, later`);
    if (pending !== undefined) await conversation.editPending(pending);
    await settle();
    flushSync();
    expect(composer.text).toBe('for @bob, later');
    expect(conversation.timeline.view.get().pending).toEqual([]);
    await live.setReachable(true);
    expect(onServer()).toEqual([]);
  });

  it('counts as the server does, ids in place of names, and refuses to send what is too long', async () => {
    const { composer, type } = await open();
    type(`${'😀'.repeat(7_990)}`);
    expect([composer.over, composer.isNearlyFull, composer.canSend]).toEqual([-10, true, true]);
    type(`${'😀'.repeat(7_990)} @bob`);
    expect(composer.over).toBe(-10 + 1 + mentionOf(live.bob).length);
    await submit(composer);
    expect(onServer()).toEqual([]);
    expect(composer.isEmpty).toBe(false);
  });
});
