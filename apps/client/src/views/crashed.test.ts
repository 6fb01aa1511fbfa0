import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import Crashed from './Crashed.svelte';

it('says that the view failed, and draws it again on demand', async () => {
  const again = vi.fn();
  render(Crashed, { error: new Error('secret'), again });
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('This view stopped working');
  expect(document.body.textContent).not.toContain('secret');
  await fireEvent.click(screen.getByRole('button', { name: 'Show it again' }));
  expect(again).toHaveBeenCalledOnce();
});
