import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { aliases } from './aliases.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let needed: ReadonlySet<string> | undefined;

export default defineConfig({
  // Relative addresses: the same files are served at a root, under a sub-path and from a desktop shell.
  base: './',
  plugins: [
    tailwindcss(),
    svelte(),
    preloadFont('inter-latin-wght-normal'),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      // Registration is ours (platform/service-worker.ts): it needs a Trusted Types policy.
      injectRegister: false,
      manifest: false,
      injectManifest: {
        globPatterns: [
          'index.html',
          'boot.js',
          'manifest.webmanifest',
          'icons/mark.svg',
          'assets/*.{js,css}',
          'assets/inter-latin-wght-normal-*.woff2',
        ],
      },
    }),
  ],
  resolve: { alias: aliases },
  build: {
    outDir: 'dist',
    // Tailwind 4 needs these engines anyway (cascade layers, color-mix, @property).
    target: ['es2022', 'safari16.4', 'chrome111', 'firefox128'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What the first page needs is one file: some fifty small ones compress worse and ask fifty times.
          groups: [{ name: (id, graph) => ((needed ??= modulesNeededAtStart(graph)).has(id) ? 'start' : null) }],
        },
      },
    },
  },
  server: { host: '127.0.0.1', port: 4410 },
});

type ModuleGraph = { getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null };

/** Every module that a chain of static imports leads to from the entry. */
function modulesNeededAtStart(graph: ModuleGraph): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = [here('./src/main.ts')];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(graph.getModuleInfo(id)?.importedIds ?? []));
  }
  return found;
}

/** Asks for the text face together with the script, so that the first paint already has it. */
function preloadFont(name: string): Plugin {
  return {
    name: 'preload-font',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const file = Object.keys(bundle ?? {}).find((path) => path.includes(name) && path.endsWith('.woff2'));
        if (file === undefined) return [];
        const attrs = { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: '', href: `./${file}` };
        return [{ tag: 'link', attrs, injectTo: 'head' }];
      },
    },
  };
}
