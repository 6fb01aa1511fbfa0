import type { Attachment } from 'svelte/attachments';

export type TooltipContent = {
  readonly title: string;
  readonly detail?: string | undefined;
  readonly keys?: string | undefined;
};

export type TooltipOptions = {
  readonly side?: 'top' | 'right' | 'bottom' | undefined;
  /** Read by screen readers as a description. Leave it off where the tooltip only repeats the accessible name. */
  readonly describe?: boolean | undefined;
};

const OPEN_AFTER_MS = 450;
const WARM_MS = 300;
const GAP = 8;

let bubble: HTMLElement | undefined;
let owner: Element | undefined;
let closedAt = 0;

/**
 * A tooltip on hover and on keyboard focus. One element serves the whole page; it can be pointed at, leaves with
 * Escape, and never appears by touch (a long press means a menu there).
 */
export function tooltip(
  content: () => TooltipContent | string | undefined,
  options: TooltipOptions = {},
): Attachment<HTMLElement> {
  return (node) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const open = (): void => {
      const value = content();
      if (value === undefined || value === '' || !node.isConnected) return;
      show(node, typeof value === 'string' ? { title: value } : value, options);
    };
    const plan = (delay: number): void => {
      clearTimeout(timer);
      timer = setTimeout(open, delay);
    };
    const cancel = (): void => {
      clearTimeout(timer);
      if (owner === node) hide();
    };

    node.addEventListener(
      'pointerenter',
      (event) => {
        if (event.pointerType === 'touch') return;
        plan(performance.now() - closedAt < WARM_MS ? 0 : OPEN_AFTER_MS);
      },
      { signal },
    );
    node.addEventListener(
      'pointerleave',
      (event) => {
        clearTimeout(timer);
        if (owner === node && !(event.relatedTarget instanceof Node && bubble?.contains(event.relatedTarget))) hide();
      },
      { signal },
    );
    node.addEventListener('pointerdown', cancel, { signal });
    node.addEventListener(
      'focus',
      () => {
        if (node.matches(':focus-visible')) plan(0);
      },
      { signal },
    );
    node.addEventListener('blur', cancel, { signal });
    node.addEventListener(
      'keydown',
      (event) => {
        if (event.key === 'Escape' && owner === node) {
          hide();
          event.stopPropagation();
        }
      },
      { signal },
    );
    return () => {
      leaving.abort();
      cancel();
    };
  };
}

function show(node: HTMLElement, content: TooltipContent, options: TooltipOptions): void {
  hide();
  const element = (bubble ??= create());
  element.replaceChildren(line('tip-title', content.title));
  if (content.keys !== undefined) element.append(line('tip-keys', content.keys));
  if (content.detail !== undefined) element.append(line('tip-detail', content.detail));
  document.body.append(element);
  owner = node;
  if (options.describe === true) node.setAttribute('aria-describedby', element.id);
  place(element, node.getBoundingClientRect(), options.side ?? 'top');
  addEventListener('scroll', hide, { capture: true, passive: true, once: true });
}

function hide(): void {
  if (owner === undefined) return;
  if (owner.getAttribute('aria-describedby') === bubble?.id) owner.removeAttribute('aria-describedby');
  owner = undefined;
  closedAt = performance.now();
  bubble?.remove();
  removeEventListener('scroll', hide, { capture: true });
}

function create(): HTMLElement {
  const element = document.createElement('div');
  element.id = 'skerry-tooltip';
  element.className = 'tip';
  element.setAttribute('role', 'tooltip');
  element.addEventListener('pointerleave', hide);
  return element;
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  return element;
}

function place(element: HTMLElement, target: DOMRect, side: 'top' | 'right' | 'bottom'): void {
  const { width, height } = element.getBoundingClientRect();
  let left = target.left + (target.width - width) / 2;
  let top = side === 'bottom' ? target.bottom + GAP : target.top - height - GAP;
  if (side === 'right') {
    left = target.right + GAP;
    top = target.top + (target.height - height) / 2;
  } else if (side === 'top' && top < GAP) {
    top = target.bottom + GAP;
  } else if (side === 'bottom' && top + height > innerHeight - GAP) {
    top = target.top - height - GAP;
  }
  element.style.left = `${Math.round(Math.max(GAP, Math.min(left, innerWidth - width - GAP)))}px`;
  element.style.top = `${Math.round(Math.max(GAP, Math.min(top, innerHeight - height - GAP)))}px`;
}
