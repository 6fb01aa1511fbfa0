import { existsSync, realpathSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AGENT_BYTES, AGENT_LIMITS, type AgentReply } from '@skerry/protocol/agents';
import { StartError } from '@skerry/server/command-line';
import { CallRefusal } from './call-refusal.ts';

type Listed = Extract<AgentReply, { did: 'listed' }>;

/** The folders in which runs may be started. A path counts by where it really leads. */
export class FolderPicker {
  /** Without symbolic links. */
  readonly root: string;

  /** @throws StartError when there is no such folder */
  constructor(root: string) {
    try {
      this.root = realpathSync(root);
    } catch (cause) {
      throw new StartError(`There is no folder ${root}.`, cause);
    }
  }

  /** The folder that a path leads to. @throws CallRefusal `no_such_folder`, `outside` */
  async resolve(asked: string): Promise<string> {
    if (!path.isAbsolute(asked) || asked.includes('\0')) throw new CallRefusal('no_such_folder');
    const inside = (at: string) => {
      const within = path.relative(this.root, at);
      return within !== '..' && !within.startsWith(`..${path.sep}`) && !path.isAbsolute(within);
    };
    const real = await realpath(asked).catch(() => undefined);
    // Whether there is something outside is nobody's business.
    if (real === undefined) throw new CallRefusal(inside(path.normalize(asked)) ? 'no_such_folder' : 'outside');
    if (!inside(real)) throw new CallRefusal('outside');
    if (!(await stat(real).catch(() => undefined))?.isDirectory()) throw new CallRefusal('no_such_folder');
    return real;
  }

  /** The folders in a folder, by name; hidden ones and links that lead out are left out. @throws CallRefusal */
  async list(asked: string): Promise<Listed> {
    const at = await this.resolve(asked);
    const found = await readdir(at, { withFileTypes: true }).catch(() => {
      throw new CallRefusal('no_such_folder');
    });
    const folders: { name: string; repository: boolean }[] = [];
    let cut = false;
    for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry;
      if (name.startsWith('.') || name.length > 255 || !(entry.isDirectory() || entry.isSymbolicLink())) continue;
      if (folders.length === AGENT_LIMITS.folders) {
        cut = true;
        break;
      }
      const whole = path.join(at, name);
      if (entry.isSymbolicLink() && (await this.resolve(whole).catch(() => undefined)) === undefined) continue;
      folders.push({ name, repository: existsSync(path.join(whole, '.git')) });
    }
    const parent = at === this.root ? null : path.dirname(at);
    const reply = (): Listed => ({ v: 1, did: 'listed', path: at, parent, folders, cut });
    while (folders.length > 0 && Buffer.byteLength(JSON.stringify(reply())) > AGENT_BYTES.call) {
      folders.length = Math.floor(folders.length / 2);
      cut = true;
    }
    return reply();
  }
}
