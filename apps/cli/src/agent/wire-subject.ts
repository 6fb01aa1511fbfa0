import { createHash } from 'node:crypto';
import { AGENT_BYTES, AGENT_LIMITS, type AgentSubject, type AskContent } from '@skerry/protocol/agents';
import { ASK_LIMITS, type LocalAsk } from '../asks/local-ask.ts';
import type { Ask, Choice, Subject } from '../runs/run-entry.ts';
import { Cutter, fitted, named } from './cutter.ts';

const MOST_ARGS = 1_000;
const MOST_WRITES = 50;

/** What an agent wants to do, as a person's devices get it. */
export function wireSubject(subject: Subject, cutter: Cutter): AgentSubject {
  switch (subject.kind) {
    case 'command':
      return {
        kind: 'command',
        command: cutter.text(subject.command),
        args: cutter.list(subject.args, MOST_ARGS, (arg) => cutter.text(arg)),
        cwd: cutter.path(subject.cwd),
        env: cutter.list(subject.env, MOST_ARGS, ({ name, value }) => ({
          name: cutter.text(name),
          value: cutter.text(value),
        })),
      };
    case 'write':
      return { kind: 'write', ...wireWrite(subject, cutter) };
    case 'tool':
      return {
        kind: 'tool',
        title: cutter.text(subject.title),
        tool: cutter.short(subject.tool, AGENT_LIMITS.name),
        input: cutter.text(JSON.stringify(subject.input)),
        writes: cutter.list(subject.writes, MOST_WRITES, (write) => wireWrite(write, cutter)),
      };
    default:
      return subject satisfies never;
  }
}

type Write = { readonly path: string; readonly before: string | null; readonly after: string };

export function wireWrite({ path, before, after }: Write, cutter: Cutter): Write {
  return {
    path: cutter.path(path),
    before: before === null ? null : cutter.text(before),
    after: cutter.text(after),
  };
}

const NUMBERED = /^choice \d+$/;

/** Agents may give their choices ids of any length, but none that is another one's number here. T18 */
export function wireChoice({ choices }: Pick<Ask, 'choices'>, at: number): string {
  const { optionId = '' } = choices[at] ?? {};
  const isFine = optionId !== '' && optionId.length <= AGENT_LIMITS.name && !NUMBERED.test(optionId);
  return isFine ? optionId : `choice ${at + 1}`;
}

/** @returns undefined when the question has no such choice */
export function choiceOf(ask: Pick<Ask, 'choices'>, wire: string): Choice | undefined {
  return ask.choices.find((_, at) => wireChoice(ask, at) === wire);
}

/** A permission as an ask. It is the same each time it is made, so that it can be sent again. */
export function permissionContent(ask: Ask, { folder, seed }: { folder: string; seed: string }): AskContent {
  return fitted(AGENT_BYTES.ask, (cutter) => {
    const subject = wireSubject(ask.subject, cutter);
    const choices = cutter.list(ask.choices, AGENT_LIMITS.choices, (choice) => ({
      id: wireChoice(ask, ask.choices.indexOf(choice)),
      name: cutter.short(choice.name, AGENT_LIMITS.choice),
      kind: choice.kind,
    }));
    const where = cutter.path(folder);
    // Read last: it tells of everything that was cut above.
    return {
      v: 1 as const,
      salt: saltOf(seed, ask.id),
      kind: 'permission' as const,
      folder: where,
      subject,
      choices,
      cut: cutter.cut,
    };
  });
}

const REST = '\n… the rest is on the machine';

/** What an agent asks by `skerry mcp`. The same each time it is made. */
export function questionContent(
  ask: Pick<LocalAsk, 'id' | 'kind' | 'text' | 'choices' | 'folder' | 'agent'>,
  seed: string,
): AskContent {
  let most: number = ASK_LIMITS.text;
  for (;;) {
    const made: AskContent = {
      v: 1,
      salt: saltOf(seed, ask.id),
      kind: ask.kind,
      text: ask.text.length <= most ? ask.text : `${new Cutter().short(ask.text, most - REST.length)}${REST}`,
      choices: [...ask.choices],
      folder: ask.folder,
      agent: named(ask.agent),
    };
    if (Buffer.byteLength(JSON.stringify(made)) <= AGENT_BYTES.ask || most < 100) return made;
    most = Math.floor(most / 2);
  }
}

/** Nobody who does not have the seed guesses it; whoever has makes it again. */
function saltOf(seed: string, ask: string): string {
  return createHash('sha256').update(`skerry/ask-salt ${seed} ${ask}`).digest().subarray(0, 16).toString('base64url');
}
