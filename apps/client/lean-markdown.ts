import type { Plugin } from 'vite';

/** Rules of the Markdown parser that parse.ts switches off, by the function that carries each out. */
const LEFT_OUT = [
  ['strip_references', 'strip_references'],
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

/** What these files hold runs when the parser is loaded, or only serves what is left out. */
const EMPTIED = ['common/html_blocks', 'common/html_re', 'rules_block/html_block', 'rules_inline/html_inline'];

/** Methods nothing here calls, and those that parse.ts gives the parser its own for. */
const METHODS = [
  ['ruler', ['at', 'after', 'enable', 'enableOnly']],
  [
    'markdownit',
    ['validateLink', 'normalizeLink', 'normalizeLinkText', 'enable', 'use', 'render', 'parseInline', 'renderInline'],
  ],
] as const;

/** Parts of single functions: presets that are not chosen, rules of a preset, links by reference, what plugins are given. */
const PARTS = [
  [/\tzero: \{[^]*?(?=\};\nvar BAD_PROTO_RE)/, ''],
  [/\t\tconst components = p\.components;\n\t\tif \(components\) \{\n[^]*?\n\t\t\}\n(?=\t\treturn this;)/, ''],
  [
    /(\tif \(parseReference\) )\{\n\t\tif \(typeof state\.env\.references === "undefined"\) return false;\n[^]*?\n\t\}\n(?=\tif \(!silent\) \{\n\t\tstate\.pos = labelStart;\n\t\tstate\.posMax = labelEnd;\n\t\tconst token_o = state\.push\("link_open")/,
    '$1return false;\n',
  ],
  [/"renderer",\s*new Renderer\(\)/, '"renderer", undefined'],
  [/"utils",\s*utils_exports/, '"utils", undefined'],
  [/Object\.assign\(\{\}, helpers_exports\)/, '{ parseLinkDestination, parseLinkLabel, parseLinkTitle }'],
  [/callable\(MarkdownIt\)/, 'MarkdownIt'],
  [/(?:_defineProperty\(MarkdownIt, "\w+", \w+\);\n)+/, ''],
] as const;

/** Fields are set by a function that is made for any class; those of this package have plain names and no setters. */
const FIELD = /_defineProperty\(\s*this,\s*(?:\/\*\*(?:(?!\*\/)[^])*\*\/\s*)?"(\w+)",\s*([^]*?)\s*\);\n/g;

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
      return { code: lean(code), map: null };
    },
  };
}

/** The source of the parser, shortened. */
function lean(code: string): string {
  let text = inRegion(code, 'renderer', () => 'var Renderer = class {};\n');
  for (const file of EMPTIED) text = inRegion(text, file, () => '');
  for (const [rule, name] of LEFT_OUT)
    text = cut(text, new RegExp(String.raw`\[\s*"${rule}",\s*${name}\s*(?:,\s*\[[^\]]*\]\s*)?\],?`), '');
  for (const [pattern, by] of PARTS) text = cut(text, pattern, by);
  for (const [file, names] of METHODS)
    text = inRegion(text, file, (region) =>
      names.reduce(
        (left, name) => cut(left, new RegExp(String.raw`\n\t${name}\([^\n]*\{\n[^]*?\n\t\}(?=\n)`), ''),
        region,
      ),
    );
  return cut(text, FIELD, 'this.$1 = $2;\n');
}

/** Changes what one source file of the package became. */
function inRegion(code: string, file: string, change: (region: string) => string): string {
  const region = new RegExp(String.raw`(//#region src/${file}\.ts\n)([^]*?)(?=//#endregion\n)`);
  return cut(code, region, (_, head, body) => head + change(body));
}

type By = string | ((match: string, head: string, body: string) => string);

function cut(code: string, pattern: RegExp, by: By): string {
  if (code.search(pattern) < 0) throw new Error(`markdown-it has changed: ${pattern.source} is not in it`);
  return typeof by === 'string' ? code.replace(pattern, by) : code.replace(pattern, by);
}
