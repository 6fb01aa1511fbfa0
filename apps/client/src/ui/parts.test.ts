import { fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet, flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import Badge from './Badge.svelte';
import Button from './Button.svelte';
import PasswordField from './PasswordField.svelte';
import SixWords from './SixWords.svelte';
import StatusGlyph from './StatusGlyph.svelte';
import Tabs from './Tabs.svelte';
import TextField from './TextField.svelte';
import { worstStatus } from './status.ts';

const words = (text: string) => createRawSnippet(() => ({ render: () => `<span>${text}</span>` }));

describe('a button', () => {
  it('ignores presses while it is loading and says that it is busy', async () => {
    const onclick = vi.fn();
    const { rerender } = render(Button, { children: words('Save'), onclick, loading: true });
    const button = screen.getByRole('button', { name: 'Save' });
    await fireEvent.click(button);
    expect([onclick.mock.calls.length, button.getAttribute('aria-busy')]).toEqual([0, 'true']);
    await rerender({ loading: false });
    await fireEvent.click(button);
    expect(onclick).toHaveBeenCalledTimes(1);
  });

  it('does not submit a form while it is loading', async () => {
    const form = document.body.appendChild(document.createElement('form'));
    const onsubmit = vi.fn((event: Event) => event.preventDefault());
    form.addEventListener('submit', onsubmit);
    render(Button, { target: form, props: { children: words('Save'), type: 'submit', loading: true } });
    await fireEvent.click(screen.getByRole('button'));
    expect(onsubmit).not.toHaveBeenCalled();
    form.remove();
  });
});

describe('a text field', () => {
  it('ties label, hint and error to the input', async () => {
    const { rerender } = render(TextField, { label: 'Name', hint: 'Small letters.' });
    const input = screen.getByLabelText('Name');
    const described = () => document.getElementById(input.getAttribute('aria-describedby') ?? '')?.textContent;
    expect([described(), input.hasAttribute('aria-invalid')]).toEqual(['Small letters.', false]);
    await rerender({ error: 'Taken.' });
    expect([described(), input.getAttribute('aria-invalid')]).toEqual(['Taken.', 'true']);
  });

  it('shows and hides a password on demand', async () => {
    render(PasswordField, { label: 'Password', value: 'secret' });
    const input = screen.getByLabelText<HTMLInputElement>('Password');
    expect([input.type, input.autocomplete]).toEqual(['password', 'current-password']);
    await fireEvent.click(screen.getByRole('button', { name: 'Show password' }));
    expect(input.type).toBe('text');
    await fireEvent.click(screen.getByRole('button', { name: 'Hide password' }));
    expect(input.type).toBe('password');
  });
});

describe('tabs', () => {
  const tabs = [
    { id: 'a', label: 'Needs you', count: 8 },
    { id: 'b', label: 'Everything' },
    { id: 'c', label: 'Later' },
  ];

  it('move by arrows, Home and End, around the ends, with one stop for Tab', async () => {
    const onchange = vi.fn();
    render(Tabs, { label: 'Views', tabs, value: 'a', onchange, controls: 'panel' });
    for (const key of ['ArrowLeft', 'ArrowRight', 'End', 'Home'])
      await fireEvent.keyDown(document.querySelector('[aria-selected=true]') ?? document.body, { key });
    expect(onchange.mock.calls.flat()).toEqual(['c', 'a', 'c', 'a']);
    expect(screen.getAllByRole('tab').map((tab) => tab.tabIndex)).toEqual([0, -1, -1]);
    expect(document.activeElement).toBe(screen.getAllByRole('tab')[0]);
  });
});

describe('small marks', () => {
  it('a badge is absent at zero and speaks its label instead of the bare number', () => {
    const { container, unmount } = render(Badge, { count: 0 });
    expect(container.textContent).toBe('');
    unmount();
    render(Badge, { count: 120, label: '120 mentions' });
    expect(screen.getByText('99+').getAttribute('aria-hidden')).toBe('true');
    expect(screen.getByText('120 mentions')).toBeTruthy();
  });

  it('a status differs by shape, not by colour alone', () => {
    const shapes = (['live', 'connecting', 'waiting', 'attention', 'down', 'paused', 'muted'] as const).map(
      (status) => {
        const { container, unmount } = render(StatusGlyph, { status });
        flushSync();
        const drawn = [...container.querySelectorAll('svg > *')].map((shape) =>
          [shape.tagName, shape.getAttribute('d'), shape.getAttribute('fill')].join(),
        );
        const name = container.querySelector('svg')?.getAttribute('aria-label');
        unmount();
        return { drawn: drawn.join(), name };
      },
    );
    expect(new Set(shapes.map((shape) => shape.drawn)).size).toBe(7);
    expect(shapes.every((shape) => (shape.name ?? '') !== '')).toBe(true);
  });

  it('the worst status is the one to know about first', () => {
    expect([
      worstStatus([]),
      worstStatus(['live', 'muted', 'down', 'connecting']),
      worstStatus(['down', 'attention']),
    ]).toEqual(['live', 'down', 'attention']);
  });

  it('the six words keep their order as a list', () => {
    render(SixWords, { words: ['amber', 'kestrel', 'tidal', 'fennel', 'oxbow', 'slate'], label: 'Six words' });
    expect(screen.getAllByRole('listitem').map((item) => item.textContent?.replace(/\s/g, ''))).toEqual([
      '1amber',
      '2kestrel',
      '3tidal',
      '4fennel',
      '5oxbow',
      '6slate',
    ]);
  });
});
