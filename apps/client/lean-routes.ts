import type { Plugin } from 'vite';

const ROUTE = /^ {4}\w+: route\(\{$/gm;
const SUMMARY = /^\s*summary: (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"),\n/gm;

/**
 * Leaves the sentences about each route out of the client: they are for the OpenAPI document, which only a server makes.
 * @throws Error in the build when the route tables are no longer written as expected
 */
export function leanRoutes(): Plugin {
  return {
    name: 'lean-routes',
    transform(code, id) {
      if (!/\/protocol\/dist\/\w+-routes\.js(?:\?|$)/.test(id)) return undefined;
      const routes = code.match(ROUTE)?.length ?? 0;
      if (routes === 0 || routes !== code.match(SUMMARY)?.length)
        throw new Error('the routes have no summaries that could be left out');
      return { code: code.replace(SUMMARY, ''), map: null };
    },
  };
}
