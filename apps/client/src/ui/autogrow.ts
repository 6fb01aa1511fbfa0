import type { Attachment } from 'svelte/attachments';

/**
 * Grows a text area with its text up to `maxHeight` px, then lets it scroll. `value` is read so that a change from
 * the program (a cleared composer, a restored draft) is measured as well. (`field-sizing` is not in every webview.)
 */
export function autogrow(value: () => string, maxHeight = 320): Attachment<HTMLTextAreaElement> {
  return (node) => {
    const fit = (): void => {
      node.style.height = 'auto';
      // With border-box sizing the border is not part of scrollHeight.
      const wanted = node.scrollHeight + node.offsetHeight - node.clientHeight;
      node.style.height = `${Math.min(wanted, maxHeight)}px`;
      node.style.overflowY = wanted > maxHeight ? 'auto' : 'hidden';
    };
    let width = 0;
    const observer = new ResizeObserver(() => {
      // Only a change of width re-wraps; reacting to our own height would loop.
      if (node.clientWidth !== width) {
        width = node.clientWidth;
        fit();
      }
    });
    observer.observe(node);
    // An attachment runs as an effect: this read makes it run again when the text changes.
    value();
    fit();
    return () => observer.disconnect();
  };
}
