import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { aliases } from './aliases.ts';
import { directImports } from './direct-imports.ts';
import { leanIcons } from './lean-icons.ts';
import { leanMarkdown } from './lean-markdown.ts';
import { leanRoutes } from './lean-routes.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const needed = new Map<string, ReadonlySet<string>>();

export default defineConfig({
  // Relative addresses: the same files are served at a root, under a sub-path and from a desktop shell.
  base: './',
  plugins: [
    tailwindcss(),
    svelte(),
    leanIcons(),
    leanMarkdown(),
    leanRoutes(),
    directImports(),
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
    // The start would name every file that a screen is made of, which is more than those ahead of time are worth: the
    // service worker has them all.
    modulePreload: { polyfill: false, resolveDependencies: () => [] },
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What the first page needs is one file: some fifty small ones compress worse and ask fifty times. The same
          // for what a channel needs above that.
          groups: [
            { name: (id, graph) => (neededFor('./src/main.ts', graph).has(id) ? 'start' : null), priority: 2 },
            { name: (id, graph) => (isOfChannel(id, graph) ? 'channel' : null), priority: 1 },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1', port: 4410 },
});

type ModuleGraph = { getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null };

/** Every module that a chain of static imports leads to from a file. */
function neededFor(entry: string, graph: ModuleGraph): ReadonlySet<string> {
  const known = needed.get(entry);
  if (known !== undefined) return known;
  const found = new Set<string>();
  const queue = [here(entry)];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(graph.getModuleInfo(id)?.importedIds ?? []));
  }
  needed.set(entry, found);
  return found;
}

/** Timeline, composer and Markdown. Small parts that dialogs use as well stay out: a dialog must not bring all this. */
function isOfChannel(id: string, graph: ModuleGraph): boolean {
  return (
    /\/features\/messages\/|\/ui\/markdown\/|\/node_modules\/(?:markdown-it|virtua)\/|\/views\/Channel/.test(id) &&
    neededFor('./src/views/ChannelView.svelte', graph).has(id)
  );
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
