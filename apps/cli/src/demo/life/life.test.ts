import { command, MENTION } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { HARBOUR } from './harbour.ts';
import { LIGHTHOUSE } from './lighthouse.ts';
import { readScript } from './script.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 4, 20, 15, 30);

describe.each([HARBOUR, LIGHTHOUSE])('the past of $name', (place) => {
  const { accounts, steps } = place.life(NOW);
  const sent = steps.flatMap(({ command: done, ...step }) =>
    done.kind === 'message.send' ? [{ ...done, ...step }] : [],
  );
  const named = new Map(accounts.map(({ username, id }) => [username, id]));

  it('is made of commands that a client could send', () => {
    for (const step of steps)
      expect(command.safeParse(step.command), JSON.stringify(step.command)).toMatchObject({ success: true });
  });

  it('happened in order, over days, and none of it in the future', () => {
    const times = steps.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(NOW);
    expect(NOW - (times[0] ?? NOW)).toBeGreaterThan(30 * DAY);
    expect(new Set(sent.map(({ at }) => Math.floor(at / DAY))).size).toBeGreaterThanOrEqual(6);
  });

  it('has nine people, Ada and Ben among them, and no id twice', () => {
    expect(accounts).toHaveLength(9);
    expect([named.has('ada'), named.has('ben')]).toEqual([true, true]);
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
  });

  it.each(['ada', 'ben'])('left something for %s to find', (username) => {
    const id = named.get(username);
    const seen = Math.max(
      ...steps.filter(({ account, command: done }) => account === id && done.kind === 'marker.set').map(({ at }) => at),
    );
    const since = sent.filter(({ at }) => at > seen);
    const mentions = since.filter(({ text }) => [...text.matchAll(MENTION)].some(([, who]) => who === id));
    expect(since.length).toBeGreaterThan(10);
    expect(mentions.length).toBeGreaterThanOrEqual(2);
  });

  it('names only people who are there', () => {
    expect(sent.filter(({ text }) => /@[a-z]/.test(text.replaceAll(MENTION, '')))).toEqual([]);
  });
});

describe('the long channel', () => {
  it('has more than 3,000 messages, with code, answers, reactions and corrections', () => {
    const { steps } = LIGHTHOUSE.life(NOW);
    const made = steps.find(({ command: done }) => done.kind === 'channel.create' && done.name === 'engineering');
    const sent = steps.flatMap(({ command: done }) =>
      done.kind === 'message.send' && String(done.channel) === String(made?.id) ? [done] : [],
    );
    expect(sent.length).toBeGreaterThan(3_000);
    expect(sent.filter(({ text }) => text.includes('```')).length).toBeGreaterThan(100);
    expect(sent.filter(({ replyTo }) => replyTo !== null).length).toBeGreaterThan(100);
    const kinds = steps.map(({ command: done }) => done.kind);
    expect(kinds.filter((kind) => kind === 'reaction.set').length).toBeGreaterThan(300);
    expect(kinds.filter((kind) => kind === 'message.edit').length).toBeGreaterThan(30);
  });
});

describe('a script', () => {
  it('tells who says what, to which line, when, how it was before and who liked it', () => {
    expect(
      readScript(
        'ada: One.\n  +20 ben ^1: Two. {👍 ada lena}\nada: Right. <~ Rihgt.\n| More: of it. {❤️ ben} {🎉 lena}',
      ),
    ).toEqual([
      { who: 'ada', text: 'One.', answers: 0, before: null, reactions: [], gap: null },
      {
        who: 'ben',
        text: 'Two.',
        answers: 1,
        before: null,
        reactions: [{ emoji: '👍', who: ['ada', 'lena'] }],
        gap: 20,
      },
      {
        who: 'ada',
        text: 'Right.\nMore: of it.',
        answers: 0,
        before: 'Rihgt.',
        reactions: [
          { emoji: '❤️', who: ['ben'] },
          { emoji: '🎉', who: ['lena'] },
        ],
        gap: null,
      },
    ]);
  });

  it('is refused where a line says nothing or answers nothing', () => {
    expect(() => readScript('just words')).toThrow(SyntaxError);
    expect(() => readScript('ada ^1: To whom?')).toThrow(SyntaxError);
  });
});
