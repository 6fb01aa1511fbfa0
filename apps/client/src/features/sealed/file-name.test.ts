import { describe, expect, it } from 'vitest';
import { cleanFileName } from './file-name.ts';

describe('the name of a file somebody sent', () => {
  it('stays as it is when it is only a name', () => {
    expect(cleanFileName('Übersicht 2026 (final).pdf')).toBe('Übersicht 2026 (final).pdf');
  });

  it('never leads out of the folder, hides nothing and turns no direction', () => {
    expect(cleanFileName('../../etc/passwd')).toBe('_.._etc_passwd');
    expect(cleanFileName('photo\u202Egpj.exe')).toBe('photogpj.exe');
    expect(cleanFileName('a\0b\n.txt')).toBe('ab.txt');
    expect(cleanFileName('C:\\x|y?.txt')).toBe('C__x_y_.txt');
  });

  it('keeps its ending when it is cut, and is nothing when nothing is left', () => {
    const long = cleanFileName(`${'x'.repeat(400)}.jpeg`) ?? '';
    expect(long).toHaveLength(120);
    expect(long.endsWith('.jpeg')).toBe(true);
    expect(cleanFileName('...')).toBeUndefined();
    expect(cleanFileName('\u200b \u202e')).toBeUndefined();
  });
});
