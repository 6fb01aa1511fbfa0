import { deriveAccountKeys } from '@skerry/crypto';
import { readPhrase } from '@skerry/crypto/phrase';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { general, sendAndSee } from '../harness/member.ts';
import { call, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';
import { until } from '../harness/watch.ts';
import { filesIn, formsOf, foundIn } from './forms.ts';
import { canReach, idOf, Keyed, messages, say } from './keyed-member.ts';

const PROGRAM = createRequire(import.meta.url).resolve('skerry-cli/dist/main.js');
const CONTROL = 'CanaryThatMayBeSeen7261';
const SECRETS = {
  text: 'CanaryOfATextQ4811',
  edited: 'CanaryOfAnEditQ4812',
  group: 'CanaryOfAGroupQ4813',
  named: 'CanaryOfANameQ4814',
  file: 'CanaryOfAFileQ4815',
  fileName: 'CanaryOfAFileNameQ4816',
};

/** Everything secret that comes of a person's words for that server. */
async function secretKeysOf(words: readonly string[], origin: string) {
  const read = readPhrase(words.join(' '));
  if (!read.ok) throw new Error('the words are not right');
  const { serverId } = await call(origin, 'info');
  const account = deriveAccountKeys(read.master, { serverId, index: 0 });
  const { sign, box, vault, backup } = account;
  return { account, keys: [Buffer.from(words.join(' ')), read.master, sign.secret, box.secret, vault, backup] };
}

/** T37: what is said in encrypted conversations, and what they and their files are called, is nowhere on the server. */
describe('A server of encrypted conversations', () => {
  let server: SpawnedServer;
  let copies: string;
  beforeAll(async () => {
    copies = await mkdtemp(path.join(tmpdir(), 'skerry-test-'));
    server = await SpawnedServer.start({ logLevel: 'debug', args: ['--client', 'none'] });
    await signUp(server.origin, 'owner', server.setupCode);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(copies, { recursive: true, force: true });
  });

  it('recognises each form it looks for', () => {
    for (const form of formsOf(CONTROL)) {
      const around = Buffer.concat([Buffer.from('...'), form, Buffer.from('...')]);
      expect(foundIn(around, [CONTROL, SECRETS.text])).toEqual([CONTROL]);
    }
    const coded = Buffer.from(Buffer.from(`x{"text":"${CONTROL}"}`).toString('base64'));
    expect(foundIn(coded, [CONTROL])).toEqual([CONTROL]);
  });

  it('has none of it in its database, its log, its backups; nor has a device, on its disk (T37, E-1)', async () => {
    const disk = path.join(copies, 'device');
    const anna = await Keyed.create({ folder: disk });
    await using ben = await Keyed.create();
    const a = await anna.register(server.origin, 'anna');
    const b = await ben.register(server.origin, 'ben');
    await canReach(a, idOf(b));
    await sendAndSee(a, await general(a), CONTROL);

    const direct = await a.sealed.startDirect(idOf(b));
    const first = await say(a, direct, SECRETS.text);
    const bytes = Buffer.from(SECRETS.file.repeat(50));
    const upload = a.sealed.attach(direct, { name: SECRETS.fileName, type: 'text/plain', bytes });
    await until(upload.state, ({ kind }) => kind === 'ready');
    await a.sealed.send({ channel: direct, text: '', replyTo: null, uploads: [upload.id] });
    await a.edit(first, SECRETS.edited);
    const group = await a.sealed.createGroup({ name: SECRETS.named, members: [idOf(b)] });
    await say(a, group, SECRETS.group);
    a.setDraft(direct, SECRETS.text);
    const seen = await messages(b, direct, (all) => all.length === 2 && all[0]?.message.text === SECRETS.edited);
    const file = await b.sealed.open(seen[1]!.message.id, seen[1]!.sealed!.attachments[0]!.blob);
    expect(Buffer.from(file).equals(bytes)).toBe(true);
    await messages(b, group, (all) => all.some(({ message }) => message.text === SECRETS.group));
    const { keys, account } = await secretKeysOf(await anna.member.client.person.words(), server.origin);
    await anna.member[Symbol.asyncDispose]();

    const copy = path.join(copies, 'backup');
    await promisify(execFile)(process.execPath, [PROGRAM, 'backup', '--to', copy, '--data', server.data]);
    const secrets = Object.values(SECRETS);
    const parts: [string, Buffer][] = [['log', Buffer.from(server.log)]];
    for (const folder of [server.data, copies])
      for (const one of await filesIn(folder)) parts.push([one, await readFile(one)]);
    for (const [name, part] of parts) expect(foundIn(part, secrets), name).toEqual([]);
    // A device has its keys, sealed; the server and its backups have none of them in any way.
    for (const [name, part] of parts.filter(([one]) => !one.startsWith(disk)))
      expect(foundIn(part, keys), name).toEqual([]);
    // The control: the public half of the same key is there.
    const publicKey = Buffer.from(account.sign.publicKey).toString('base64url');
    expect(parts.some(([name, part]) => name.startsWith(server.data) && part.includes(publicKey))).toBe(true);
    const withControl = parts.filter(([, part]) => foundIn(part, [CONTROL]).length > 0).map(([name]) => name);
    expect(withControl.some((name) => name.startsWith(server.data))).toBe(true);
    expect(withControl.some((name) => name.startsWith(copy))).toBe(true);
    expect(withControl.some((name) => name.startsWith(disk))).toBe(true);
  });
});
