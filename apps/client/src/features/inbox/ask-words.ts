import type { AskView } from '@skerry/core';
import { safeName } from '@skerry/protocol';
import { commandLine, textOf, visible } from '../../agents/visible.ts';
import { t } from '../../i18n/t-asks.ts';

const LINE = 160;

/** Who asks, as far as it can be read here. What an agent calls itself is its own word. @param run what its run says */
export function agentOf({ content }: AskView, run: string | undefined): string {
  const said = content !== null && content.kind !== 'permission' ? content.agent : (run ?? '');
  const name = safeName(said).trim();
  return name === '' ? t.asks.agent : name;
}

/** An ask in one line. That of a permission is made of what would be done, never of the agent's words about it. T18 */
export function lineOf({ content }: AskView): string {
  if (content === null) return t.asks.locked;
  return cut(content.kind === 'permission' ? subjectLine(content.subject) : content.text.slice(0, 4 * LINE));
}

/** Whether that line is a piece of what would be done, to be set like code. */
export const isCode = ({ content }: AskView): boolean => content?.kind === 'permission';

type Subject = Extract<NonNullable<AskView['content']>, { kind: 'permission' }>['subject'];

function subjectLine(subject: Subject): string {
  switch (subject.kind) {
    case 'command':
      return t.asks.run(textOf(commandLine([subject.command, ...subject.args.slice(0, 40)])));
    case 'write':
      return t.asks.write(textOf(visible(subject.path)));
    case 'tool':
      return textOf(visible(subject.title.slice(0, 4 * LINE)));
  }
}

function cut(text: string): string {
  const line = safeName(text.replaceAll(/\s+/g, ' ').trim());
  return line.length > LINE ? `${line.slice(0, LINE)}…` : line;
}
