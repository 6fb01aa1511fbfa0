import { describe, expect, it } from 'vitest';
import { websiteAddress, websiteName } from './website-name.ts';

describe('the address of a website', () => {
  it.each([
    ['quay.example', 'https://quay.example'],
    [' http://quay.example/open ', 'http://quay.example/open'],
    ['quay.example:8080/a?b=c', 'https://quay.example:8080/a?b=c'],
    ['http://127.0.0.1:5000/x', 'http://127.0.0.1:5000/x'],
    ['quay', undefined],
    ['', undefined],
    ['ftp://quay.example', undefined],
    ['javascript:alert(1)', undefined],
    ['https://me:secret@quay.example', undefined],
    [`https://quay.example/${'x'.repeat(2_000)}`, undefined],
  ])('%j is read as %j', (typed, meant) => {
    expect(websiteAddress(typed)).toBe(meant);
  });

  it('is called by its host and path, whatever a server gives', () => {
    expect(['https://quay.example/', 'https://quay.example/open?x=1', 'not one'].map(websiteName)).toEqual([
      'quay.example',
      'quay.example/open?x=1',
      'not one',
    ]);
  });
});
