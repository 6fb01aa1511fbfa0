import { act, cleanup, setup } from '@testing-library/svelte';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';

beforeEach(async () => {
  await setup();
});

afterEach(async () => {
  await act();
  cleanup();
});

// Files share their worker: a part that is still loading when a file ends would be broken for the files after it.
afterAll(async () => {
  await vi.dynamicImportSettled();
}, 60_000);
