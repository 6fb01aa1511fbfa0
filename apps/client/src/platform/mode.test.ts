import { describe, expect, it } from 'vitest';
import { readPageInfo } from './mode.ts';

function page(metas: string): Document {
  return new DOMParser().parseFromString(`<html><head>${metas}</head></html>`, 'text/html');
}

describe('what the server wrote into the page', () => {
  it('S0.29, C1: is the mode, which decides whether there is a list of servers, and the welcome', () => {
    const metas = '<meta name="skerry-mode" content="hub"><meta name="skerry-welcome" content="welcome.json">';
    expect(readPageInfo(page(metas))).toEqual({ mode: 'hub', welcome: 'welcome.json' });
  });

  it('is the narrower mode where it is missing or unknown', () => {
    expect(readPageInfo(page(''))).toEqual({ mode: 'hosted', welcome: undefined });
    expect(readPageInfo(page('<meta name="skerry-mode" content="HUB!">')).mode).toBe('hosted');
  });
});
