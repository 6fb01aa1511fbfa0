import { safeText } from '@skerry/protocol';

// eslint-disable-next-line no-control-regex -- what a program tells a terminal begins with these
const SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/**
 * What a program printed, as a page may show it: colours and movements are left out, and of a line that was written over
 * and over what stood there last is kept.
 */
export function printed(output: string): string {
  const lines = output.replaceAll('\r\n', '\n').replaceAll(SEQUENCE, '').split('\n');
  while (lines.at(-1) === '') lines.pop();
  return safeText(lines.map((line) => line.split('\r').findLast((part) => part !== '') ?? '').join('\n'));
}
