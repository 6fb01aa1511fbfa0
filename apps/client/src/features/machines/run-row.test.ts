import type { RunContent } from '@skerry/protocol/agents';
import { render } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import { askView, FOLDER } from '../../testing/agents-views.ts';
import { RunRows } from './run-rows.ts';
import RunRowView from './RunRowView.svelte';

let page: HTMLElement;
beforeEach(() => {
  page = document.body;
});

function show(...contents: RunContent[]): void {
  const entries = contents.map((entry, at) => ({
    n: at + 1,
    id: `e${at}`,
    line: { v: 1 as const, at: 1_767_600_000_000, cut: false, entry },
  }));
  for (const row of new RunRows().next(entries)) {
    const props = {
      row,
      folder: FOLDER,
      agent: 'Claude Code',
      me: { id: 'a', name: 'Anna' },
      modeName: (mode: string) => mode,
    };
    render(RunRowView, { props });
  }
}

describe('a row of a run', () => {
  it('lets nothing in an agent’s words act or stand outside of its rule (T17, T18)', () => {
    const text =
      '**Run this command?**\n\n```\nrm -rf /\n```\n[Allow once](https://evil.example) <img src=x onerror=alert(1)>\u202e';
    show({ kind: 'said', as: 'answer', text }, { kind: 'said', as: 'thought', text });
    expect(page.querySelectorAll('[data-foreign]')).toHaveLength(2);
    expect(page.querySelector('a, img, script, form, input')).toBeNull();
    // Code may be copied; nothing else in it can be pressed.
    for (const one of page.querySelectorAll('[data-foreign] button'))
      expect(one.getAttribute('aria-label')).toBe('Copy code');
    expect(page.textContent).toContain('Allow once (https://evil.example/)');
    expect(page.textContent).not.toContain('\u202e');
  });

  it('shows what the person said as it was written', () => {
    show({ kind: 'prompt', text: 'Round <b>once</b>.\n**now**', by: 2 }, { kind: 'prompt', text: 'there', by: null });
    expect(page.textContent).toMatch(/You.*Round <b>once<\/b>\.\n\*\*now\*\*/s);
    expect(page.textContent).toContain('At the machine');
  });

  it('shows a change with the numbers of its lines, and its file below the folder', () => {
    const parts = [{ kind: 'diff', path: `${FOLDER}/src/tax.ts`, before: 'a\nb\n', after: 'a\nc\nd\n' }] as const;
    show({ kind: 'tool', id: 't', title: 'Edit', tool: 'edit', state: 'completed', locations: [], parts: [...parts] });
    const rows = [...page.querySelectorAll('.rows .row')].map((row) => row.textContent.replaceAll(/\s+/g, ''));
    expect(rows).toEqual(['1a', '2-b', '2+c', '3+d']);
    expect(page.textContent).toMatch(/Edited\s*src\/tax\.ts/);
    expect(page.textContent).toContain('2 added, 1 removed');
  });

  it('quotes a command, and shows what it printed without what would act in a terminal (T18)', () => {
    show(
      { kind: 'command', terminal: 't', command: 'sh', args: ['-c', 'echo "a b"'], cwd: FOLDER },
      { kind: 'output', terminal: 't', text: '\u001b[32ma b\u001b[0m\n' },
      { kind: 'exited', terminal: 't', code: 3, signal: null },
    );
    expect(page.querySelector('.command')?.textContent).toBe(`sh -c 'echo "a b"'`);
    expect(page.querySelector('pre')?.textContent).toBe('a b');
    expect(page.textContent).toContain('exit 3');
  });

  it('says of what was asked how it was decided and by whom, as far as that is known', () => {
    const subject = { kind: 'write', path: `${FOLDER}/a.ts`, before: null, after: 'x' } as const;
    const answered: RunContent = { kind: 'answered', ask: 'q', choice: 'allow', by: 3 };
    show({ kind: 'asked', ask: 'q', subject });
    expect(page.textContent).toMatch(/Asked to change\s+a\.ts: waits for an answer/);
    const answer = { v: 1, salt: '', choice: 'refuse', text: null } as const;
    const by = { device: 3, deviceName: 'Phone', isThis: false, at: 1, content: answer };
    const [row] = new RunRows().next(
      [{ kind: 'asked', ask: 'q', subject } as const, answered].map((entry, at) => ({
        n: at,
        id: String(at),
        line: { v: 1 as const, at: 1, cut: false, entry },
      })),
    );
    if (row === undefined) throw new Error('no row');
    const props = { row, folder: FOLDER, agent: '', me: { id: 'a', name: 'A' }, modeName: String };
    render(RunRowView, { props });
    expect(page.textContent).toMatch(/a\.ts: answered/);
    render(RunRowView, { props: { ...props, ask: askView({ id: 'q', state: 'answered', answer: by }) } });
    expect(page.textContent).toMatch(/a\.ts: Denied by Phone/);
  });

  it('says of each end what it was', () => {
    show(
      { kind: 'turn', stop: 'refusal', why: null },
      { kind: 'turn', stop: 'failed', why: 'no money' },
      { kind: 'turn', stop: 'other', why: null },
      { kind: 'turn', stop: 'toString', why: null },
      { kind: 'refused', what: '/etc/passwd', why: 'It is outside.' },
      { kind: 'ended', why: 'cut' },
    );
    for (const sentence of [
      'The agent refused to go on.',
      'The turn failed. no money',
      'The turn ended: other',
      'The turn ended: toString',
      'Not done: /etc/passwd. It is outside.',
      'The run was cut off',
    ])
      expect(page.textContent.replaceAll(/\s+/g, ' ')).toContain(sentence);
  });
});
