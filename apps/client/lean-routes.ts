import type { Plugin } from 'vite';

const SUMMARY = /^\s*summary: (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"),\n/gm;

/**
 * Leaves the sentences about each route out of the client: they are for the OpenAPI document, which only a server makes.
 * @throws Error in the build when the route table is no longer written as expected
 */
export function leanRoutes(): Plugin {
  return {
    name: 'lean-routes',
    transform(code, id) {
      if (!/\/protocol\/dist\/(?:assistant-)?routes\.js(?:\?|$)/.test(id)) return undefined;
      if ((code.match(SUMMARY) ?? []).length < 20)
        throw new Error('the routes have no summaries that could be left out');
      return { code: code.replace(SUMMARY, ''), map: null };
    },
  };
}
