import { render, screen } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import Markdown from './Markdown.svelte';
import type { MarkdownScope } from './scope.ts';

const ADA = '0199a9f2-6c1d-7b3e-8f00-0123456789ab';
const BEN = '0199a9f2-6c1d-7b3e-8f00-0123456789ac';

function scope(): MarkdownScope {
  return {
    person: (account) => (account === ADA ? { name: 'Ada Brandt', isMe: true } : undefined),
    openPerson: vi.fn(),
    openLink: vi.fn(),
  };
}

afterEach(() => {
  document.body.replaceChildren();
});

describe('a rendered message', () => {
  it('keeps the spaces between its parts', () => {
    const { container } = render(Markdown, { text: 'a **b** *c* `d` e', scope: scope() });
    expect(container.textContent).toBe('a b c d e');
  });

  it('shows markup as text and makes no element of it', () => {
    const text = '<img src=x onerror=alert(1)><script>alert(1)</script>';
    const { container } = render(Markdown, { text, scope: scope() });
    expect(container.textContent).toBe(text);
    expect(container.querySelector('img, script')).toBeNull();
  });

  it('shows a mention by the name this server knows, and somebody unknown as someone', () => {
    const { container } = render(Markdown, { text: `<@${ADA}> <@${BEN}>`, scope: scope() });
    expect(container.textContent).toBe('@Ada Brandt @someone');
  });

  it('hands a pressed link to the gate and does not follow it itself', () => {
    const given = scope();
    render(Markdown, { text: '[words](https://example.org/)', scope: given });
    const link = screen.getByRole('link', { name: 'words' });
    const click = new MouseEvent('click', { bubbles: true, cancelable: true });
    link.dispatchEvent(click);
    expect(given.openLink).toHaveBeenCalledWith('https://example.org/');
    expect(click.defaultPrevented).toBe(true);
    expect(link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
  });

  it('colours code of a known language and leaves its text as it was', async () => {
    const code = 'const a = "<b>"; // x';
    const { container } = render(Markdown, { text: `\`\`\`js\n${code}\n\`\`\``, scope: scope() });
    expect(container.querySelector('pre')?.textContent).toBe(code);
    await vi.waitFor(() => expect(container.querySelector('.keyword')?.textContent).toBe('const'), 5000);
    expect(container.querySelector('pre')?.textContent).toBe(code);
  });
});
