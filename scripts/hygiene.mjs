/**
 * @typedef {{ path: string, size: number, text: string | undefined }} TrackedFile size in bytes; text is undefined for a binary file
 * @typedef {{ name: string, pattern: RegExp, only?: RegExp, not?: RegExp }} Rule paths it looks at, and does not
 */

const LARGEST = 500_000;
const TEST = /\.test\.(ts|mjs)$/;
/** These two files have to spell out what they look for. */
const OWN = /^scripts\/hygiene(?:\.test)?\.mjs$/;
const CODE = /\.(ts|mjs|cjs|js|svelte|css|html)$/;
/** @type {readonly Rule[]} */
const RULES = [
  {
    name: 'leaves work for later',
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    not: /^package-lock\.json$/,
  },
  {
    name: 'holds a path of one machine',
    pattern: /(?:^|[\s"'`(=:])\/(?:root|work|home\/[a-z]|Users\/[A-Za-z]|tmp\/bash)[/\w]/m,
  },
  { name: 'holds an unresolved merge', pattern: /^(?:<{7}|>{7}) /m },
  { name: 'holds a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  {
    name: 'holds a hidden control or direction character',
    pattern: /(?![\t\n\r])\p{Cc}|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u,
  },
  { name: 'has Windows line ends', pattern: /\r\n/ },
  {
    name: 'names a registry',
    pattern: /"resolved": "[a-z]+:|"(?:https?|git\+[a-z]+):\/\/[^"]*\.tgz/,
    only: /^package-lock\.json$/,
  },
  { name: 'runs one test and leaves out the others', pattern: /\b(?:it|test|describe)\.only\b/, only: TEST },
  { name: 'halts in a debugger', pattern: /\bdebugger;/, only: CODE },
  { name: 'turns off the compiler', pattern: /@ts-(?:no)?check\b|@ts-ignore\b/, only: CODE },
];

/**
 * Finds what has no place in the repository, whatever the tools for a single language say.
 * @param {readonly TrackedFile[]} files
 * @returns {string[]} one sentence for each finding
 */
export function findings(files) {
  return files.flatMap((file) => {
    const found = file.size > LARGEST ? [`${file.path} is larger than ${String(LARGEST / 1000)} kB.`] : [];
    const { text } = file;
    if (text === undefined || OWN.test(file.path)) return found;
    for (const rule of RULES) {
      if (rule.only?.test(file.path) === false || rule.not?.test(file.path) === true) continue;
      const match = rule.pattern.exec(text);
      if (match !== null) found.push(`${file.path}:${String(lineOf(text, match))} ${rule.name}.`);
    }
    return found;
  });
}

/**
 * @param {string} text
 * @param {RegExpExecArray} match
 */
function lineOf(text, match) {
  // A match may begin with the line break before it.
  const start = match.index + (match[0].startsWith('\n') ? 1 : 0);
  return text.slice(0, start).split('\n').length;
}
