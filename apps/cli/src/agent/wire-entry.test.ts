import { randomUUID } from 'node:crypto';
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { AGENT_BYTES, type AgentSubject, askContent, runLine } from '@skerry/protocol/agents';
import { runId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import type { Ask, Line, RunEntry, Subject } from '../runs/run-entry.ts';
import { wireEntries } from './wire-entry.ts';
import { choiceOf, permissionContent, questionContent } from './wire-subject.ts';

const line = (entry: RunEntry): Line => ({ n: 1, id: randomUUID(), at: 1_700_000_000_000, entry });
const updated = (update: SessionUpdate): RunEntry => ({ kind: 'update', update });
const none = () => undefined;
const sent = (entry: RunEntry) => wireEntries(line(entry), none);
const only = (entry: RunEntry) => sent(entry)[0]?.line;

/** The worst that JSON makes of a character, wide ones, and pairs at odd places. */
const TEXTS = ['\u0001'.repeat(20_000), '漢'.repeat(20_000), `x${'🪢'.repeat(12_000)}`, 'short', ''];
const CHOICES: Ask['choices'] = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
  { optionId: 'n'.repeat(500), name: 'No', kind: 'reject_once' },
];

function subjects(text: string): Subject[] {
  const write = { path: `/p/${text.slice(0, 9_000)}`, before: text, after: text };
  return [
    {
      kind: 'command',
      command: text,
      args: Array.from({ length: 120 }, () => text),
      env: [{ name: 'A', value: text }],
      cwd: '/p',
    },
    { kind: 'write', ...write },
    { kind: 'tool', title: text, tool: 'edit', input: { text }, writes: Array.from({ length: 60 }, () => write) },
  ];
}

function entries(text: string): RunEntry[] {
  const content = [
    { type: 'content' as const, content: { type: 'text' as const, text } },
    { type: 'diff' as const, path: '/p/a', oldText: text, newText: text },
    { type: 'terminal' as const, terminalId: text },
  ];
  const tool = { toolCallId: text, title: text, content: Array.from({ length: 80 }, () => content).flat() };
  return [
    { kind: 'begun', agent: [text, text], folder: text, session: text, start: 'new', modes: null },
    { kind: 'prompt', text, by: 3, op: randomUUID() },
    updated({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }),
    updated({
      sessionUpdate: 'tool_call',
      ...tool,
      locations: Array.from({ length: 99 }, () => ({ path: text, line: -1 })),
    }),
    updated({ sessionUpdate: 'tool_call_update', ...tool }),
    updated({
      sessionUpdate: 'plan',
      entries: Array.from({ length: 300 }, () => ({
        content: text,
        priority: 'low' as const,
        status: 'pending' as const,
      })),
    }),
    { kind: 'mode', mode: text },
    ...subjects(text).map((subject): RunEntry => ({
      kind: 'asked',
      ask: { id: randomUUID(), subject, digest: '', choices: CHOICES },
    })),
    { kind: 'command', terminal: text, command: text, args: [text], env: [], cwd: text },
    { kind: 'output', terminal: randomUUID(), text },
    { kind: 'refused', what: text, why: text },
    { kind: 'turn', stop: 'failed', why: text },
  ];
}

describe('an entry as it goes to the devices', () => {
  it('fits its place and its form whatever an agent says, and is the same when it is made again (M-13)', () => {
    for (const text of TEXTS)
      for (const entry of entries(text)) {
        const given = line(entry);
        const made = wireEntries(given, none);
        expect(wireEntries(given, none)).toEqual(made);
        expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
        for (const one of made) {
          expect(runId.safeParse(one.id).success, one.id).toBe(true);
          expect(runLine.safeParse(one.line).error, entry.kind).toBeUndefined();
          expect(Buffer.byteLength(JSON.stringify(one.line)), entry.kind).toBeLessThanOrEqual(AGENT_BYTES.entry);
        }
      }
  });

  it('says that something was cut, and only then', () => {
    expect(only({ kind: 'prompt', text: 'x'.repeat(8_001) })).toMatchObject({ cut: true });
    expect(only({ kind: 'prompt', text: 'x'.repeat(8_000) })).toMatchObject({ cut: false });
    expect(only({ kind: 'turn', stop: 'end_turn', why: null })).toMatchObject({ cut: false });
  });

  it('keeps all of a long answer, in pieces whose characters are whole', () => {
    const text = `x${'🪢'.repeat(20_000)}`;
    const made = sent(updated({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }));
    const said = made.map(({ line: { entry } }) => (entry.kind === 'said' ? entry.text : ''));
    expect(said.join('')).toBe(text);
    for (const piece of said) expect(piece).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
    expect(made.every(({ line: { cut } }) => !cut)).toBe(true);
  });

  it('leaves out what nobody has a use for, and names an answer by the choice that was shown', () => {
    expect(sent(updated({ sessionUpdate: 'available_commands_update', availableCommands: [] }))).toEqual([]);
    expect(sent(updated({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: '' } }))).toEqual([]);
    const ask: Ask = { id: randomUUID(), subject: subjects('a')[1] as Subject, digest: '', choices: CHOICES };
    const answered = (choice: string | null, by?: number) =>
      wireEntries(line({ kind: 'answered', ask: ask.id, choice, ...(by === undefined ? {} : { by }) }), () => ask)[0]
        ?.line.entry;
    expect(answered('n'.repeat(500), 4)).toEqual({ kind: 'answered', ask: ask.id, choice: 'choice 2', by: 4 });
    expect(answered(null)).toEqual({ kind: 'answered', ask: ask.id, choice: null, by: null });
    expect(choiceOf(ask, 'choice 2')?.name).toBe('No');
    expect(choiceOf(ask, 'n'.repeat(500))).toBeUndefined();
    // T18: an agent calls its yes what a no without a name would be called here.
    const sly: Ask['choices'] = [
      { optionId: 'choice 2', name: 'Yes', kind: 'allow_once' },
      { optionId: '', name: 'No', kind: 'reject_once' },
    ];
    const asked: Ask = { ...ask, choices: sly };
    const content = permissionContent(asked, { folder: '/p', seed: 'seed' });
    const no = content.kind === 'permission' ? content.choices[1]?.id : undefined;
    expect(choiceOf(asked, no ?? '')?.kind).toBe('reject_once');
  });
});

describe('a permission as an ask', () => {
  const of = (subject: Subject, seed = 'seed') =>
    permissionContent({ id: 'an-ask', subject, digest: '', choices: CHOICES }, { folder: '/p', seed });

  it('fits, and is marked when anything of it was cut, so that it can only be refused from afar (M-16, T18)', () => {
    for (const text of TEXTS)
      for (const subject of subjects(text)) {
        const made = of(subject);
        expect(askContent.safeParse(made).error).toBeUndefined();
        expect(Buffer.byteLength(JSON.stringify(made))).toBeLessThanOrEqual(AGENT_BYTES.ask);
        if (made.kind === 'permission')
          expect(made.cut).toBe(text.length > 8_000 || isShortened(made.subject, subject));
      }
  });

  it('has a salt that nobody else can make, and that is the same when it is made again', () => {
    const subject = subjects('a')[0] as Subject;
    expect(of(subject)).toEqual(of(subject));
    expect(of(subject, 'other').salt).not.toBe(of(subject).salt);
  });

  it('lets a question of any length fit, and says that the rest is on the machine', () => {
    for (const text of ['\u0001'.repeat(20_000), '漢'.repeat(20_000), 'Which?']) {
      const ask = { id: 'an-ask', kind: 'question' as const, text, choices: ['a'], folder: '/p', agent: 'An agent' };
      const made = questionContent(ask, 'seed');
      expect(askContent.safeParse(made).error).toBeUndefined();
      expect(Buffer.byteLength(JSON.stringify(made))).toBeLessThanOrEqual(AGENT_BYTES.ask);
      if (made.kind !== 'permission') expect(made.text.endsWith('the rest is on the machine')).toBe(text !== 'Which?');
    }
  });
});

/** Lists may be shorter although every text fits. */
function isShortened(made: AgentSubject, subject: Subject): boolean {
  if (made.kind === 'tool' && subject.kind === 'tool') return made.writes.length < subject.writes.length;
  if (made.kind === 'command' && subject.kind === 'command') return made.args.length < subject.args.length;
  return false;
}
