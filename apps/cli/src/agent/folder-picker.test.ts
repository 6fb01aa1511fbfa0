import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AGENT_BYTES } from '@skerry/protocol/agents';
import { CallRefusal } from './call-refusal.ts';
import { FolderPicker } from './folder-picker.ts';
import { gitBranch } from './git-branch.ts';

const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'skerry-pick-')));
afterAll(() => rmSync(top, { recursive: true }));
const root = path.join(top, 'root');
for (const folder of ['root/boat/.git', 'root/.hidden', 'root/empty', 'outside/secret', 'rootless', 'root/many'])
  mkdirSync(path.join(top, folder), { recursive: true });
writeFileSync(path.join(root, 'boat/.git/HEAD'), 'ref: refs/heads/new-mast\n');
writeFileSync(path.join(root, 'a-file'), '');
symlinkSync(path.join(top, 'outside'), path.join(root, 'way-out'));
symlinkSync(path.join(root, 'boat'), path.join(root, 'way-in'));
symlinkSync(path.join(root, 'nowhere'), path.join(root, 'broken'));
const picker = new FolderPicker(root);
const problem = async (asked: string) => {
  const error: unknown = await picker.resolve(asked).catch((thrown: unknown) => thrown);
  return error instanceof CallRefusal ? error.problem : error;
};

describe('the folders in which runs may be started', () => {
  it('are listed by name with their repositories, without files, hidden ones and links that lead out', async () => {
    expect(await picker.list(root)).toEqual({
      v: 1,
      did: 'listed',
      path: root,
      parent: null,
      folders: [
        { name: 'boat', repository: true },
        { name: 'empty', repository: false },
        { name: 'many', repository: false },
        { name: 'way-in', repository: true },
      ],
      cut: false,
    });
    expect(await picker.list(path.join(root, 'way-in'))).toMatchObject({ path: path.join(root, 'boat'), parent: root });
  });

  it.each([
    [path.join(root, '..')],
    [path.join(root, 'way-out')],
    [path.join(root, 'way-out/secret')],
    [path.join(root, 'boat/../../outside')],
    ['/'],
    ['/nowhere/at/all'],
    [path.join(top, 'rootless')],
  ])('do not lead out of the root: %s is refused', async (asked) => {
    expect(await problem(asked)).toBe('outside');
  });

  it.each([['boat'], [''], [`${root}\0`], [path.join(root, 'nowhere')], [path.join(root, 'a-file')]])(
    'are folders that are there: %j is refused',
    async (asked) => {
      expect(await problem(asked)).toBe('no_such_folder');
    },
  );

  it('fit a reply, and say when there are more', async () => {
    for (let at = 0; at < 260; at++)
      mkdirSync(path.join(root, 'many', `${String(at).padStart(3, '0')}${'漢'.repeat(80)}`));
    const list = await picker.list(path.join(root, 'many'));
    expect(list.cut).toBe(true);
    expect(list.folders.length).toBeGreaterThan(50);
    expect(Buffer.byteLength(JSON.stringify(list))).toBeLessThanOrEqual(AGENT_BYTES.call);
  });

  it('tell their branch by what git wrote, also in a further working tree', async () => {
    expect(await gitBranch(path.join(root, 'boat'))).toBe('new-mast');
    const tree = path.join(root, 'boat/.git/worktrees/tree');
    mkdirSync(tree, { recursive: true });
    writeFileSync(path.join(tree, 'HEAD'), 'ref: refs/heads/other\n');
    mkdirSync(path.join(root, 'empty/tree'));
    writeFileSync(path.join(root, 'empty/tree/.git'), `gitdir: ${tree}\n`);
    expect(await gitBranch(path.join(root, 'empty/tree'))).toBe('other');
    expect(await gitBranch(top)).toBeNull();
  });
});
