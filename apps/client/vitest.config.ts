import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { aliases } from './aliases.ts';
import { leanIcons } from './lean-icons.ts';
import { leanMarkdown } from './lean-markdown.ts';

export default defineConfig({
  plugins: [svelte(), leanIcons(), leanMarkdown(), svelteTesting({ autoCleanup: false })],
  resolve: { alias: aliases },
  test: {
    environment: 'happy-dom',
    setupFiles: ['src/testing/setup.ts'],
    // Linked in so that libraries shipping Svelte sources are compiled, and the alias above reaches markdown-it.
    server: { deps: { inline: ['markdown-it', 'bits-ui', 'svelte-sonner', '@lucide/svelte'] } },
  },
});
