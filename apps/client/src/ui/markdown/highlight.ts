import type { ElementContent, RootContent } from 'hast';
import bash from 'highlight.js/lib/languages/bash';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';

/** A run of code and the class its colour comes from. */
export type Highlighted = { readonly text: string; readonly style: string | undefined };

const MAX_HIGHLIGHTED = 12_000;
const STYLES = new Set([
  'keyword',
  'built_in',
  'deletion',
  'string',
  'addition',
  'regexp',
  'number',
  'literal',
  'title',
  'name',
  'section',
  'comment',
  'quote',
  'meta',
  'attr',
  'attribute',
  'type',
  'property',
]);

const lowlight = createLowlight({ bash, css, diff, go, javascript, json, python, rust, sql, typescript, xml, yaml });

/** Splits code into coloured runs; undefined for a language that is not known, or for too much of it. */
export function highlight(text: string, language: string): readonly Highlighted[] | undefined {
  if (text.length > MAX_HIGHLIGHTED || !lowlight.registered(language)) return undefined;
  const runs: Highlighted[] = [];
  collect(lowlight.highlight(language, text).children, undefined, runs);
  return runs;
}

function collect(
  nodes: readonly (RootContent | ElementContent)[],
  style: string | undefined,
  runs: Highlighted[],
): void {
  for (const node of nodes) {
    if (node.type === 'text') runs.push({ text: node.value, style });
    else if (node.type === 'element') collect(node.children, styleOf(node.properties['className']) ?? style, runs);
  }
}

/** Only classes of our own list pass, so code cannot name one that means something else here. */
function styleOf(className: unknown): string | undefined {
  const first: unknown = Array.isArray(className) ? className[0] : undefined;
  const name = typeof first === 'string' ? first.replace(/^hljs-/, '') : '';
  return STYLES.has(name) ? name : undefined;
}
