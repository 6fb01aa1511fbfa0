import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte(), svelteTesting({ autoCleanup: false })],
  resolve: { alias: { entities: fileURLToPath(new URL('./src/ui/markdown/entities-shim.ts', import.meta.url)) } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    // Linked in so that libraries shipping Svelte sources are compiled, and the alias above reaches markdown-it.
    server: { deps: { inline: ['markdown-it', 'bits-ui', 'svelte-sonner', '@lucide/svelte'] } },
  },
});
