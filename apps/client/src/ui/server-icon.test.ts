import { fireEvent, render } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import ServerIcon from './ServerIcon.svelte';

const pictureOf = (byte: number) => ({ type: 'image/png' as const, bytes: new Uint8Array([byte]) });
const isDrawn = (container: Element) => container.querySelector('.tile')?.classList.contains('drawn');
const imageIn = (container: Element): HTMLImageElement => {
  const image = container.querySelector('img');
  if (image === null) throw new Error('there is no picture');
  return image;
};

afterEach(() => document.body.replaceChildren());

describe("a server's icon", () => {
  it('keeps its picture while the server changes, however many others show it (S0.31)', async () => {
    const picture = pictureOf(1);
    render(ServerIcon, { name: 'Harbour', tone: 1, picture });
    const { container, rerender } = render(ServerIcon, { name: 'Harbour', tone: 1, picture });
    expect(container.textContent).toContain('H');
    await fireEvent.load(imageIn(container));
    expect([isDrawn(container), container.textContent]).toEqual([true, expect.not.stringContaining('H')]);
    const { src } = imageIn(container);
    await rerender({ dimmed: true });
    // The image is the one that is loaded, so nothing will say so again.
    expect([imageIn(container).src, isDrawn(container)]).toEqual([src, true]);
  });

  it('shows its letter until another picture is loaded, and when there is none', async () => {
    const { container, rerender } = render(ServerIcon, { name: 'Harbour', tone: 1, picture: pictureOf(1) });
    await fireEvent.load(imageIn(container));
    await rerender({ picture: pictureOf(2) });
    expect([isDrawn(container), container.textContent]).toEqual([false, expect.stringContaining('H')]);
    await fireEvent.load(imageIn(container));
    expect(isDrawn(container)).toBe(true);
    await rerender({ picture: null });
    expect([container.querySelector('img'), isDrawn(container)]).toEqual([null, false]);
    expect(container.textContent).toContain('H');
  });
});
