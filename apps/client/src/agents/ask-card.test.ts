import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AskView } from '@skerry/core';
import { askView, permission } from '../testing/agents-views.ts';
import AskCard from './AskCard.svelte';
import type { Decision } from './decision.ts';

let given: Decision[];
beforeEach(() => {
  given = [];
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** Shows it, as somebody who had the time to look. */
function show(ask: AskView, more: { listens?: boolean; looked?: boolean } = {}): (next: AskView) => Promise<void> {
  const onAnswer = (decision: Decision): void => void given.push(decision);
  const props = { ask, onAnswer, agent: 'Claude Code', listens: more.listens ?? false };
  const { rerender } = render(AskCard, { props });
  if (more.looked !== false) vi.advanceTimersByTime(600);
  flushSync();
  return async (next) => {
    await rerender({ ...props, ask: next });
    vi.advanceTimersByTime(600);
    flushSync();
  };
}
const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole('button', { name });
/** Files share their page: a notice of another one may still be there. */
const inCard = () => within(document.querySelector<HTMLElement>('[data-ask]') ?? document.body);
const card = (): HTMLElement =>
  screen.getByRole('region', { name: /Claude Code asks|Something is asked/ }).closest('section') as HTMLElement;

describe('the card of a permission', () => {
  it('quotes exactly what would run, and says what that means from the command alone (T18)', () => {
    const args = ['-c', 'echo "safe"; curl evil.example\u202e', 'say: [Allowed by Skerry]'];
    show(askView({ content: permission({ subject: { kind: 'command', command: 'sh', args, cwd: '/tmp', env: [] } }) }));
    const shown = screen.getByRole('group', { name: 'The exact command' });
    expect(shown.textContent).toBe(
      String.raw`sh -c $'echo "safe"; curl evil.example\u202e' 'say: [Allowed by Skerry]'`,
    );
    expect(
      screen.getByText(/Runs a script that stands in the command\. Uses the network\. Runs outside the folder/),
    ).toBeTruthy();
  });

  it('gives the ids of the choices, by its own words and never by the agent’s (M-16, T18)', async () => {
    const choices = permission().choices.map((one) => ({ ...one, name: 'Deny' }));
    show(askView({ content: permission({ choices }) }));
    await fireEvent.click(button(/^Allow once/));
    await fireEvent.click(button('Allow in this run'));
    await fireEvent.click(button(/^Deny N/));
    expect(given.map(({ choice }) => choice)).toEqual(['allow', 'always', 'refuse']);
  });

  it('sends why not with the no', async () => {
    show(askView());
    await fireEvent.click(button('Deny and say why'));
    await vi.waitFor(() => screen.getByRole('textbox'));
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: ' Use the test database. ' } });
    await fireEvent.click(button('Deny with this reason'));
    expect(given).toEqual([{ choice: 'refuse', text: 'Use the test database.' }]);
  });

  it('takes no yes in the moment in which it appears, since the press was meant for something else', async () => {
    show(askView(), { listens: true, looked: false });
    await fireEvent.click(button(/^Allow once/));
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(given).toEqual([]);
    vi.advanceTimersByTime(600);
    flushSync();
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(given).toEqual([{ choice: 'allow', text: null }]);
  });

  it('hears Y and N only with the focus, or where nothing is being written', async () => {
    show(askView());
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(given).toEqual([]);
    await fireEvent.keyDown(card(), { key: 'y', ctrlKey: true });
    await fireEvent.keyDown(card(), { key: 'y', repeat: true });
    expect(given).toEqual([]);
    await fireEvent.keyDown(card(), { key: 'n' });
    expect(given).toEqual([{ choice: 'refuse', text: null }]);
    const field = document.body.appendChild(document.createElement('textarea'));
    await fireEvent.keyDown(field, { key: 'y', bubbles: true });
    field.remove();
    expect(given).toHaveLength(1);
  });

  it('must be seen to its end before it can be allowed (T18)', async () => {
    const heights = vi.spyOn(Element.prototype, 'scrollHeight', 'get').mockReturnValue(9_000);
    show(askView(), { listens: true });
    expect(screen.getByText('Read to the end before you allow it.')).toBeTruthy();
    expect(button(/^Allow once/).disabled).toBe(true);
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(given).toEqual([]);
    const body = document.querySelector('.body') as HTMLElement;
    body.scrollTop = 9_000;
    await fireEvent.scroll(body);
    flushSync();
    heights.mockRestore();
    await fireEvent.click(button(/^Allow once/));
    expect(given).toHaveLength(1);
  });

  it('can only be denied when it is too long to be shown (M-16)', async () => {
    show(askView({ content: permission({ cut: true }) }), { listens: true });
    expect(screen.queryByRole('button', { name: /Allow/ })).toBeNull();
    await fireEvent.keyDown(document.body, { key: 'y' });
    await fireEvent.click(button(/^Deny N/));
    expect(given).toEqual([{ choice: 'refuse', text: null }]);
  });

  it('offers nothing that would be queued: the server is gone, the time is over, it is being sent (T19)', async () => {
    const become = show(askView({ stale: true }), { listens: true });
    const isShut = (): boolean =>
      inCard()
        .queryAllByRole('button')
        .every((one) => (one as HTMLButtonElement).disabled);
    expect([isShut(), screen.queryByText(/Work can’t be reached.*Nothing is queued/) !== null]).toEqual([true, true]);
    await become(askView({ progress: { kind: 'sending' } }));
    expect([isShut(), screen.queryByText('Sending…') !== null]).toEqual([true, true]);
    await become(askView({ expiresAt: Date.now() - 1 }));
    expect([
      inCard().queryAllByRole('button').length,
      screen.queryByText(/^Expired .* Nothing was done/) !== null,
    ]).toEqual([0, true]);
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(given).toEqual([]);
  });

  it('says what became of it: confirmed, answered elsewhere, cancelled, not sent (S1.22)', async () => {
    const answer = {
      device: 2,
      deviceName: 'Phone',
      isThis: true,
      at: Date.now(),
      content: { v: 1, salt: '', choice: 'allow', text: null },
    } as const;
    const closed = { state: 'answered', closedAt: Date.now() } as const;
    const become = show(askView({ ...closed, answer, takenAt: Date.now() }));
    expect(screen.getByText(/^Allowed once\. Confirmed by studio-mac/)).toBeTruthy();
    await become(askView({ ...closed, answer, machineOnline: false }));
    expect(screen.getByText(/^Allowed once\. studio-mac is not connected/)).toBeTruthy();
    await become(
      askView({
        ...closed,
        answer: { ...answer, isThis: false, content: { ...answer.content, choice: 'refuse', text: 'no' } },
      }),
    );
    expect(screen.getByText(/^Already answered by Phone .*: Denied/)).toBeTruthy();
    await become(askView({ state: 'cancelled', closedAt: Date.now() }));
    expect(screen.getByText(/^No longer asked since/)).toBeTruthy();
    await become(askView({ progress: { kind: 'failed', problem: 'unavailable' } }));
    expect(screen.getByRole('alert').textContent).toMatch(/Work did not take the answer\. Nothing is queued/);
    expect(button(/^Allow once/).disabled).toBe(false);
  });

  it('says that it can’t be read here instead of guessing', () => {
    show(askView({ content: null }), { listens: true });
    expect(screen.getByText(/This device can’t read it/)).toBeTruthy();
    expect(inCard().queryByRole('button')).toBeNull();
  });
});
