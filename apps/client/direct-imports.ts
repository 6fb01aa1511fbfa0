import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Plugin } from 'vite';

const PACKAGE = '@skerry/protocol';
const IMPORT = new RegExp(String.raw`\bimport\s*\{([^}]*)\}\s*from\s*["']${PACKAGE}["'];?`, 'g');
const LINE = /^export (?:(\*)|\{([^}]*)\}) from ["'](\.\/[\w-]+\.js)["'];$/gm;
const EXPORTED = /^export (?:declare )?(?:async )?(?:const|let|function\*?|class) (\w+)/gm;

/**
 * Names imported from the wire's package come straight from the file that defines each. Through the package's index every
 * file that imports one name reaches all of them, and what only a screen of its own needs would lie in the first chunk.
 * @throws Error in the build for a name that no file of the package exports
 */
export function directImports(): Plugin {
  let files: ReadonlyMap<string, string> | undefined;
  return {
    name: 'direct-imports',
    apply: 'build',
    // Types are gone by then.
    enforce: 'post',
    transform(code) {
      if (!code.includes(PACKAGE)) return undefined;
      files ??= filesByName();
      const known = files;
      const direct = code.replace(IMPORT, (_, names: string) => linesFor(names, known));
      return direct === code ? undefined : { code: direct, map: null };
    },
  };
}

function linesFor(names: string, files: ReadonlyMap<string, string>): string {
  const lines = names
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const file = files.get(each.split(/\s/, 1)[0] ?? '');
      if (file === undefined) throw new Error(`${PACKAGE} exports no ${each}`);
      return `import { ${each} } from ${JSON.stringify(file)};`;
    });
  return lines.join(' ');
}

function filesByName(): ReadonlyMap<string, string> {
  const index = createRequire(import.meta.url).resolve(PACKAGE);
  const files = new Map<string, string>();
  for (const [, star, names, from] of readFileSync(index, 'utf8').matchAll(LINE)) {
    const file = path.join(path.dirname(index), from ?? '');
    const found =
      star === undefined
        ? (names ?? '').split(',').map((each) => each.trim())
        : [...readFileSync(file, 'utf8').matchAll(EXPORTED)].map(([, name]) => name ?? '');
    for (const name of found) files.set(name, file);
  }
  return files;
}
