import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RunFolder } from './run-folder.ts';

const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'skerry-run-')));
afterAll(() => rmSync(top, { recursive: true }));
const inside = path.join(top, 'project');
const outside = path.join(top, 'project-secrets');
mkdirSync(path.join(inside, 'src'), { recursive: true });
mkdirSync(outside);
writeFileSync(path.join(outside, 'key'), 'secret');
writeFileSync(path.join(inside, 'src', 'a.txt'), 'one\n');
symlinkSync(outside, path.join(inside, 'out'));
symlinkSync(path.join(outside, 'key'), path.join(inside, 'key'));
symlinkSync(path.join(outside, 'new'), path.join(inside, 'dangling'));
symlinkSync(path.join(inside, 'src'), path.join(inside, 'in'));
symlinkSync('circle', path.join(inside, 'circle'));
const folder = new RunFolder(inside);

describe('the folder of a run', () => {
  it('is read and written through any path that stays inside', async () => {
    expect(await folder.read(path.join(inside, 'src', 'a.txt'))).toBe('one\n');
    expect(await folder.read(path.join(inside, 'in', 'a.txt'))).toBe('one\n');
    expect(await folder.read(`${inside}/src/../src/./a.txt`)).toBe('one\n');
    expect(await folder.read(path.join(inside, 'none'))).toBeNull();
    const deep = path.join(inside, 'new', 'deep', 'b.txt');
    expect((await folder.write(deep, 'two')).bytes).toBe(3);
    expect(readFileSync(deep, 'utf8')).toBe('two');
    await folder.write(deep, '2');
    expect(readFileSync(deep, 'utf8')).toBe('2');
    expect(await folder.folderAt(path.join(inside, 'in'))).toBe(path.join(inside, 'src'));
  });

  it.each([
    ['its parent', path.join(inside, '..', 'project-secrets', 'key')],
    ['a neighbour whose name begins alike', path.join(outside, 'key')],
    ['the system', '/etc/passwd'],
    ['a link to a folder', path.join(inside, 'out', 'key')],
    ['a file that is not there yet behind a link', path.join(inside, 'out', 'sub', 'new')],
    ['a link to a file', path.join(inside, 'key')],
    ['a link to what is not there', path.join(inside, 'dangling')],
    ['a circle of links', path.join(inside, 'circle')],
    ['a relative path', 'src/a.txt'],
    ['a zero byte', `${inside}/a\0b`],
    ['itself', inside],
  ])('refuses %s, and leaves everything as it was', async (_, asked) => {
    await expect(folder.read(asked)).rejects.toThrow(/outside|nowhere|not an absolute|zero byte|not a file|EISDIR/);
    await expect(folder.write(asked, 'overwritten')).rejects.toThrow(
      /outside|nowhere|not an absolute|zero byte|not a file|EISDIR/,
    );
    expect(readFileSync(path.join(outside, 'key'), 'utf8')).toBe('secret');
    expect(existsSync(path.join(outside, 'new'))).toBe(false);
    expect(existsSync(path.join(outside, 'sub'))).toBe(false);
  });

  it('refuses what is no text, what is too large, and what is no file, without waiting', async () => {
    writeFileSync(path.join(inside, 'picture'), Buffer.from([0xff, 0xd8, 0xff]));
    writeFileSync(path.join(inside, 'large'), Buffer.alloc(10 * 1024 * 1024 + 1));
    execFileSync('mkfifo', [path.join(inside, 'pipe')]);
    await expect(folder.read(path.join(inside, 'picture'))).rejects.toThrow('not a text');
    await expect(folder.read(path.join(inside, 'large'))).rejects.toThrow('larger than 10 MiB');
    await expect(folder.read(path.join(inside, 'pipe'))).rejects.toThrow('not a file');
    await expect(folder.write(path.join(inside, 'pipe'), 'x')).rejects.toThrow(/not a file|ENXIO/);
    await expect(folder.folderAt(path.join(inside, 'src', 'a.txt'))).rejects.toThrow('not a folder');
    await expect(folder.folderAt(outside)).rejects.toThrow('outside');
  });
});
