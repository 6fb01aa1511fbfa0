import type { Plugin } from 'vite';

/** Rules of the Markdown parser that parse.ts switches off, by the function that carries each out. */
const LEFT_OUT = [
  ['replacements', 'replace'],
  ['smartquotes', 'smartquotes'],
  ['table', 'table'],
  ['code', 'code'],
  ['hr', 'hr'],
  ['reference', 'reference'],
  ['html_block', 'html_block'],
  ['heading', 'heading'],
  ['lheading', 'lheading'],
  ['image', 'image'],
  ['html_inline', 'html_inline'],
  ['entity', 'entity'],
] as const;
const RENDERER = /(\/\/#region src\/renderer\.ts\n)[^]*?(\/\/#endregion\n)/;

/**
 * Leaves out of the Markdown parser what is never used here: rules that are switched off, and the making of HTML. The
 * package is one file without entry points to its parts, so a bundler cannot see that. Tests run on the same.
 * @throws Error in the build when the package is no longer written as expected
 */
export function leanMarkdown(): Plugin {
  return {
    name: 'lean-markdown',
    transform(code, id) {
      if (!/\/markdown-it\/dist\/markdown-it\.mjs(?:\?|$)/.test(id)) return undefined;
      let lean = cut(code, RENDERER, '$1var Renderer = class {};\n$2');
      for (const [rule, name] of LEFT_OUT)
        lean = cut(lean, new RegExp(String.raw`\[\s*"${rule}",\s*${name}\s*(?:,\s*\[[^\]]*\]\s*)?\],?`), '');
      return { code: lean, map: null };
    },
  };
}

function cut(code: string, pattern: RegExp, by: string): string {
  if (!pattern.test(code)) throw new Error(`markdown-it has changed: ${pattern.source} is not in it`);
  return code.replace(pattern, by);
}
