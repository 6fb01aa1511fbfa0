/**
 * Where a worker's program is. Workers run built files only, since Node 20 cannot run TypeScript; this module itself may
 * be running from `dist` (beside the workers) or, in a test, from `src`. The one place that knows.
 */
export function workerEntry(name: 'writer' | 'reader' | 'copier' | '../assistants/page-worker'): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? `../../dist/db/${name}.js` : `./${name}.js`, import.meta.url);
}
