import { screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import { t } from '../i18n/t.ts';
import { showStartFailure } from './start-failure.ts';

it('says that the app could not start, in place of an empty page, and offers to load it again', () => {
  const target = document.createElement('div');
  target.append('what was half drawn');
  document.body.append(target);
  const reload = vi.fn();
  showStartFailure(target, reload);
  expect(screen.getByRole('alert').textContent).toContain(t.app.startFailed.text);
  expect(target.textContent).not.toContain('half drawn');
  screen.getByRole('button', { name: t.app.startFailed.reload }).click();
  expect(reload).toHaveBeenCalledOnce();
  target.remove();
});
