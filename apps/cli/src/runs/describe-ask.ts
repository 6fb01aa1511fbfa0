import { plainText, quoted, shortened } from './plain-text.ts';
import type { Ask, Subject } from './run-entry.ts';

type Write = { readonly path: string; readonly before: string | null; readonly after: string };

/**
 * What a person decides about, made of what would be done and not of what the agent says about it. T18.
 * @param whole with everything that is too long for a screen
 */
export function describeAsk({ subject, choices }: Ask, whole = false): string {
  const clip = whole ? (text: string) => text : shortened;
  const options = choices.map(({ name }, at) => `  ${at + 1}  ${clip(plainText(name))}`);
  return [...describeSubject(subject, clip), ...options].join('\n');
}

function describeSubject(subject: Subject, clip: (text: string) => string): string[] {
  switch (subject.kind) {
    case 'command':
      return [
        'Run this command?',
        clip([subject.command, ...subject.args].map((part) => `    ${quoted(part)}`).join('\n')),
        `  in ${quoted(subject.cwd)}`,
        ...subject.env.map(({ name, value }) => clip(`  with ${quoted(name)} set to ${quoted(value)}`)),
      ];
    case 'write':
      return [subject.before === null ? 'Make this file?' : 'Change this file?', ...describeWrite(subject, clip)];
    case 'tool':
      return [
        `The agent calls this (${plainText(subject.tool)}): ${clip(quoted(subject.title))}`,
        ...(subject.input === null ? [] : [clip(`  with ${safeJson(subject.input)}`)]),
        ...subject.writes.flatMap((write) => describeWrite(write, clip)),
        'Allow it?',
      ];
    default:
      return subject satisfies never;
  }
}

/** The lines that differ; what is alike at both ends is left out. */
export function describeWrite({ path, before, after }: Write, clip: (text: string) => string = shortened): string[] {
  const [old, fresh] = [(before ?? '').split('\n'), after.split('\n')];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let end = 0;
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end++;
  const removed = before === null ? [] : old.slice(start, old.length - end);
  const added = fresh.slice(start, fresh.length - end);
  const lines = [...removed.map((line) => `  - ${plainText(line)}`), ...added.map((line) => `  + ${plainText(line)}`)];
  return [`  ${quoted(path)}, from line ${start + 1}:`, ...(lines.length === 0 ? [] : [clip(lines.join('\n'))])];
}

const safeJson = (value: unknown): string => plainText(JSON.stringify(value));
