import { createHash } from 'node:crypto';
import type { ContentBlock, SessionUpdate, ToolCallContent } from '@agentclientprotocol/sdk';
import { AGENT_BYTES, AGENT_LIMITS, type RunContent, type RunLine } from '@skerry/protocol/agents';
import type { Ask, Line, RunEntry } from '../runs/run-entry.ts';
import { type Cutter, fitted, named } from './cutter.ts';
import { wireChoice, wireSubject, wireWrite } from './wire-subject.ts';

export type WireEntry = { readonly id: string; readonly line: RunLine };

const MOST_PARTS = 50;
/** A text that is longer than this many entries is cut. */
const MOST_PIECES = 16;

/**
 * What of a run's log goes to the person's devices: the same ids and contents however often it is made. Some entries are
 * of no use there and make none; a long text makes several.
 * @param asked the asks of this run so far, for the choice that an answer names
 */
export function wireEntries({ id, at, entry }: Line, asked: (ask: string) => Ask | undefined): readonly WireEntry[] {
  return piecesOf(entry).flatMap((piece, number) => {
    const line = fitted(AGENT_BYTES.entry, (cutter): RunLine | null => {
      const content = contentOf(piece, cutter, asked);
      return content === null ? null : { v: 1, at, cut: cutter.cut, entry: content };
    });
    return line === null ? [] : [{ id: number === 0 ? id : derivedId(id, number), line }];
  });
}

/** What is only text is better in several pieces than cut. */
function piecesOf(entry: RunEntry): readonly RunEntry[] {
  if (entry.kind === 'output') return pieces(entry.text).map((text) => ({ ...entry, text }));
  if (entry.kind !== 'update') return [entry];
  const { update } = entry;
  if (update.sessionUpdate !== 'agent_message_chunk' && update.sessionUpdate !== 'agent_thought_chunk') return [entry];
  return pieces(textOf(update.content)).map((text) => ({
    kind: 'update',
    update: { sessionUpdate: update.sessionUpdate, content: { type: 'text', text } },
  }));
}

/** Small enough that control characters, six bytes each as JSON, still fit. */
const PIECE = 6_000;

function pieces(text: string): readonly string[] {
  const made: string[] = [];
  let from = 0;
  while (from < text.length && made.length < MOST_PIECES - 1) {
    let end = Math.min(from + PIECE, text.length);
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? '')) end--;
    made.push(text.slice(from, end));
    from = end;
  }
  return from < text.length ? [...made, text.slice(from)] : made;
}

/** The id of a further piece of an entry: made of the entry's own id, so that a piece sent again has the same one. */
export function derivedId(id: string, number: number): string {
  const hex = createHash('sha256').update(`skerry/entry-piece ${id} ${number}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function contentOf(entry: RunEntry, cutter: Cutter, asked: (ask: string) => Ask | undefined): RunContent | null {
  const name = (text: string) => cutter.short(text, AGENT_LIMITS.name);
  const maybe = (text: string | null) => (text === null ? null : cutter.text(text));
  switch (entry.kind) {
    case 'begun':
      return {
        kind: 'begun',
        agent: named(entry.agent.join(' ')),
        folder: cutter.path(entry.folder),
        start: entry.start,
      };
    case 'prompt':
      return { kind: 'prompt', text: cutter.text(entry.text), by: entry.by ?? null };
    case 'update':
      return updated(entry.update, cutter);
    case 'mode':
      return { kind: 'mode', mode: name(entry.mode) };
    case 'asked':
      return { kind: 'asked', ask: entry.ask.id, subject: wireSubject(entry.ask.subject, cutter) };
    case 'answered': {
      const choices = asked(entry.ask)?.choices ?? [];
      const place = choices.findIndex(({ optionId }) => optionId === entry.choice);
      const choice = entry.choice === null || place < 0 ? null : wireChoice({ choices }, place);
      return { kind: 'answered', ask: entry.ask, choice, by: entry.by ?? null };
    }
    case 'read':
    case 'wrote':
      return { kind: entry.kind, path: cutter.path(entry.path), bytes: entry.bytes };
    case 'command': {
      const { command, args, cwd } = wireSubject({ ...entry, kind: 'command' }, cutter) as {
        command: string;
        args: string[];
        cwd: string;
      };
      return { kind: 'command', terminal: name(entry.terminal), command, args, cwd };
    }
    case 'output':
      return { kind: 'output', terminal: name(entry.terminal), text: cutter.text(entry.text) };
    case 'exited': {
      const { terminal, code, signal } = entry;
      return { kind: 'exited', terminal: name(terminal), code, signal: signal === null ? null : name(signal) };
    }
    case 'refused':
      return { kind: 'refused', what: cutter.text(entry.what), why: cutter.text(entry.why) };
    case 'turn':
      return { kind: 'turn', stop: name(entry.stop), why: maybe(entry.why) };
    case 'ended':
      return { kind: 'ended', why: entry.why };
    default:
      return entry satisfies never;
  }
}

/** What an agent tells of. There are kinds that nobody here has a use for. */
function updated(update: SessionUpdate, cutter: Cutter): RunContent | null {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
    case 'agent_thought_chunk': {
      const text = textOf(update.content);
      const as = update.sessionUpdate === 'agent_message_chunk' ? 'answer' : 'thought';
      return text === '' ? null : { kind: 'said', as, text: cutter.text(text) };
    }
    case 'plan':
      return {
        kind: 'plan',
        steps: cutter.list(update.entries, AGENT_LIMITS.planSteps, ({ content, status }) => ({
          text: cutter.short(content, 500),
          state: oneOf(STEP_STATES, status) ?? 'pending',
        })),
      };
    case 'tool_call':
    case 'tool_call_update':
      return {
        kind: 'tool',
        id: toolId(update.toolCallId),
        title: update.title == null ? null : cutter.text(update.title),
        tool: update.kind == null ? null : cutter.short(update.kind, AGENT_LIMITS.name),
        state: oneOf(TOOL_STATES, update.status),
        locations:
          update.locations == null
            ? null
            : cutter.list(update.locations, MOST_PARTS, ({ path, line }) => ({
                path: cutter.path(path),
                line: Number.isSafeInteger(line) && Number(line) >= 0 ? Number(line) : null,
              })),
        parts:
          update.content == null ? null : cutter.list(update.content, MOST_PARTS, (part) => toolPart(part, cutter)),
      };
    case 'current_mode_update':
      return { kind: 'mode', mode: cutter.short(update.currentModeId, AGENT_LIMITS.name) };
    default:
      return null;
  }
}

const STEP_STATES = ['pending', 'in_progress', 'completed'] as const;
const TOOL_STATES = [...STEP_STATES, 'failed'] as const;

function oneOf<T extends string>(known: readonly T[], given: string | null | undefined): T | null {
  return known.find((one) => one === given) ?? null;
}

type ToolPart = NonNullable<(RunContent & { kind: 'tool' })['parts']>[number];

function toolPart(part: ToolCallContent, cutter: Cutter): ToolPart {
  switch (part.type) {
    case 'content':
      return { kind: 'text', text: cutter.text(textOf(part.content)) };
    case 'diff':
      return {
        kind: 'diff',
        ...wireWrite({ path: part.path, before: part.oldText ?? null, after: part.newText }, cutter),
      };
    case 'terminal':
      return { kind: 'terminal', terminal: cutter.short(part.terminalId, AGENT_LIMITS.name) };
    default:
      return part satisfies never;
  }
}

/** Two long ones must not become one by being cut. */
function toolId(id: string): string {
  return id.length <= AGENT_LIMITS.title ? id : createHash('sha256').update(id).digest('base64url');
}

function textOf(content: ContentBlock): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'resource_link':
      return content.uri;
    case 'resource':
      return content.resource.uri;
    case 'image':
    case 'audio':
      return `[${content.type}]`;
    default:
      return content satisfies never;
  }
}
