import type { AgentSubject } from '@skerry/protocol/agents';
import { isOutside } from './place.ts';

/** What a person should know before saying yes. Made of what would be done, never of what the agent says about it. T18. */
export type Risk =
  | 'otherUser'
  | 'deletes'
  | 'script'
  | 'network'
  | 'environment'
  | 'runsOutside'
  | 'namesOutside'
  | 'writesOutside'
  | 'startsItself'
  | 'unknownTool';

const NETWORK = words(
  'curl wget ssh scp sftp rsync nc ncat telnet ftp ping dig nslookup npx bunx uvx pipx gh glab aws gcloud az',
);
const NETWORK_VERBS: Readonly<Record<string, ReadonlySet<string>>> = {
  git: words('push pull fetch clone ls-remote submodule'),
  npm: words('i install ci add update publish exec x login'),
  pnpm: words('i install add update up publish dlx'),
  yarn: words('install add up upgrade publish npm dlx'),
  bun: words('i install add update publish x'),
  pip: words('install download'),
  pip3: words('install download'),
  cargo: words('install add update publish fetch'),
  go: words('get install'),
  docker: words('pull push login run build'),
  podman: words('pull push login run build'),
  apt: words('install update upgrade'),
  'apt-get': words('install update upgrade'),
  brew: words('install update upgrade'),
};
const DELETES = words('rm rmdir unlink shred del erase rd truncate dd mkfs');
const GIT_DELETES = words('clean reset restore rm');
const OTHER_USER = words('sudo su doas pkexec runas');
const SHELLS = words('sh bash zsh dash fish ksh cmd powershell pwsh node deno bun python python3 perl ruby php');
/** With one of these a program runs what stands behind it. */
const SCRIPT_FLAGS = words('-c -e -ec -lc -ic -p -r --eval --print -Command /c /C');
/** Variables that decide which program runs, or make it load something. */
const LOADERS =
  /^(?:PATH|LD_\w+|DYLD_\w+|NODE_OPTIONS|PYTHON\w+|PERL5?\w*|RUBY\w+|BASH_ENV|ENV|SHELL|EDITOR|GIT_\w+)$/i;
/** Files that are run, or read by a program when it starts, without anybody asking for it. */
const STARTS_ITSELF =
  /(?:^|[\\/])(?:\.git|\.ssh|\.github|\.husky|\.vscode|\.envrc|\.npmrc|package\.json|\.(?:bash|zsh)\w*|\.profile)(?:[\\/]|$)/;

/** @param folder of the run */
export function risksOf(subject: AgentSubject, folder: string): readonly Risk[] {
  switch (subject.kind) {
    case 'command':
      return ofCommand(subject, folder);
    case 'write':
      return ofWrite(subject, folder);
    case 'tool':
      return [
        ...new Set<Risk>([
          'unknownTool',
          ...subject.writes.flatMap((write) => ofWrite(write, folder)),
          ...ofInput(subject.input, folder),
        ]),
      ];
  }
}

type Command = Extract<AgentSubject, { kind: 'command' }>;

function ofCommand({ command, args, cwd, env }: Command, folder: string): readonly Risk[] {
  // Some agents hand over a whole line as the program; and a script is read as well as can be.
  const parts = [command, ...args].flatMap((part) => part.split(/[\s;|&()<>`"'$]+/)).filter((part) => part !== '');
  const names = parts.map((part) => baseName(part));
  const hasVerb = (program: string, verbs: ReadonlySet<string>): boolean =>
    names.includes(program) && parts.some((part) => verbs.has(part));
  const risks: [Risk, boolean][] = [
    ['otherUser', names.some((name) => OTHER_USER.has(name))],
    ['deletes', names.some((name) => DELETES.has(name)) || hasVerb('git', GIT_DELETES)],
    [
      'script',
      names.includes('eval') ||
        (names.some((name) => SHELLS.has(name)) && parts.some((part) => SCRIPT_FLAGS.has(part))),
    ],
    [
      'network',
      names.some((name) => NETWORK.has(name)) ||
        Object.entries(NETWORK_VERBS).some(([program, verbs]) => hasVerb(program, verbs)) ||
        [command, ...args].some((part) => /\b(?:https?|ftp|ssh|wss?):\/\//i.test(part)),
    ],
    ['environment', env.some(({ name }) => LOADERS.test(name)) || /^[A-Za-z_]\w*=/.test(command)],
    ['runsOutside', isOutside(cwd, folder)],
    ['namesOutside', parts.slice(1).some((part) => namesOutside(part, folder, cwd))],
  ];
  return risks.flatMap(([risk, is]) => (is ? [risk] : []));
}

/** Most agents run commands themselves and call the field so. */
function ofInput(input: string, folder: string): readonly Risk[] {
  try {
    const { command, args, cwd } = (JSON.parse(input) ?? {}) as Readonly<Record<string, unknown>>;
    const line = [command, args].flat().filter((part) => typeof part === 'string');
    const [program, ...rest] = line;
    if (program === undefined) return [];
    return ofCommand(
      { kind: 'command', command: program, args: rest, cwd: typeof cwd === 'string' ? cwd : folder, env: [] },
      folder,
    );
  } catch {
    return [];
  }
}

function ofWrite(write: { readonly path: string }, folder: string): readonly Risk[] {
  const risks: [Risk, boolean][] = [
    ['writesOutside', isOutside(write.path, folder)],
    ['startsItself', STARTS_ITSELF.test(write.path)],
  ];
  return risks.flatMap(([risk, is]) => (is ? [risk] : []));
}

/** `--out=/etc/x` and `@/etc/x` name a place as `/etc/x` does; `~` is the home folder, which is above. */
function namesOutside(part: string, folder: string, cwd: string): boolean {
  const value = part.replace(/^-{1,2}[\w-]+=/, '').replace(/^@/, '');
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return false;
  if (/^~(?:[\\/]|$)/.test(value)) return true;
  if (!/^(?:[\\/]|[A-Za-z]:[\\/]|\.\.?(?:[\\/]|$))|[\\/]\.\.(?:[\\/]|$)/.test(value)) return false;
  return isOutside(value, folder, cwd);
}

const baseName = (part: string): string => (part.split(/[\\/]/).at(-1) ?? '').replace(/\.(?:exe|cmd|bat)$/i, '');

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
