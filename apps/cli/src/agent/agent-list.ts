import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { AGENT_LIMITS } from '@skerry/protocol/agents';
import { ConfigError } from '@skerry/server/command-line';
import { makePrivateFolder } from '../machine/config-folder.ts';
import { replaceFile } from '../machine/secret-store.ts';
import { readJson } from './relay-mark.ts';

/** An agent that may be started from afar, by its name alone. */
export type KnownAgent = { readonly name: string; readonly argv: readonly string[] };

/** Commands by which agents that their makers document speak the Agent Client Protocol. */
const USUAL: readonly KnownAgent[] = [
  { name: 'Gemini CLI', argv: ['gemini', '--acp'] },
  { name: 'Goose', argv: ['goose', 'acp'] },
  { name: 'OpenCode', argv: ['opencode', 'acp'] },
  { name: 'Claude', argv: ['claude-agent-acp'] },
  { name: 'Codex', argv: ['codex-acp'] },
];

const FILE = 'agents.json';

/**
 * Adds agents that are given as `name=command args` to those that are kept, in place of one of the same name.
 * @throws ConfigError
 */
export function keepAgents(config: string, given: readonly string[]): void {
  if (given.length === 0) return;
  const kept = new Map(keptAgents(config).map((agent) => [agent.name, agent]));
  for (const text of given) {
    const agent = parseAgent(text);
    kept.set(agent.name, agent);
  }
  if (kept.size > AGENT_LIMITS.agents) throw new ConfigError(`At most ${AGENT_LIMITS.agents} agents can be kept.`);
  replaceFile(
    path.join(makePrivateFolder(config), FILE),
    `${JSON.stringify({ v: 1, agents: [...kept.values()] }, null, 2)}\n`,
  );
}

/** Those that a person has named, then usual ones that are installed. @throws ConfigError when the file is damaged */
export function knownAgents(config: string, environment: Readonly<Record<string, string | undefined>>): KnownAgent[] {
  const kept = keptAgents(config);
  const names = new Set(kept.map(({ name }) => name));
  const found = USUAL.filter(({ name, argv }) => !names.has(name) && isOnPath(argv[0] ?? '', environment));
  return [...kept, ...found].slice(0, AGENT_LIMITS.agents);
}

function keptAgents(config: string): readonly KnownAgent[] {
  const file = path.join(config, FILE);
  const damaged = () => new ConfigError(`${file} is not a list of agents.`);
  let value: unknown;
  try {
    value = readJson(file);
  } catch {
    throw damaged();
  }
  if (value === undefined) return [];
  const { agents } = (value ?? {}) as { agents?: unknown };
  if (!Array.isArray(agents) || !agents.every(isAgent)) throw damaged();
  return agents;
}

function isAgent(value: unknown): value is KnownAgent {
  const { name, argv } = (value ?? {}) as Partial<KnownAgent>;
  return (
    typeof name === 'string' &&
    isName(name) &&
    Array.isArray(argv) &&
    argv.length > 0 &&
    argv.every((word) => typeof word === 'string')
  );
}

const isName = (name: string): boolean => name.length > 0 && name.length <= AGENT_LIMITS.name && !/\p{C}/u.test(name);

function parseAgent(text: string): KnownAgent {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at)).trim();
  const argv = wordsOf(text.slice(at + 1));
  if (at < 0 || !isName(name) || argv === undefined || argv.length === 0)
    throw new ConfigError(`--agent does not take "${text}"; it takes "name=command args".`);
  return { name, argv };
}

/** Words apart by spaces; quotes keep what is between them together. No shell ever reads it. */
function wordsOf(text: string): readonly string[] | undefined {
  const words: string[] = [];
  const form = /\s*((?:[^\s"']|"[^"]*"|'[^']*')+)/gy;
  let end = 0;
  for (let found = form.exec(text); found !== null; found = form.exec(text)) {
    words.push((found[1] ?? '').replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
    end = form.lastIndex;
  }
  return text.slice(end).trim() === '' ? words : undefined;
}

function isOnPath(command: string, environment: Readonly<Record<string, string | undefined>>): boolean {
  const names = process.platform === 'win32' ? [`${command}.exe`, `${command}.cmd`] : [command];
  return (environment['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .some((folder) => names.some((name) => isProgram(path.join(folder, name))));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
