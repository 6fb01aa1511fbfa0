import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { call, RawSocket, signUp } from '../harness/raw-client.ts';
import { SpawnedServer } from '../harness/spawn-server.ts';

const SENDS = 25;

/** Killing a process proves the order of commit and answer, not that the bytes were on the disk; the trace does. P-23. */
describe.skipIf(!canTrace())('Under strace (skipped where strace is missing or may not trace)', () => {
  it('a sync of the disk precedes every answer', async () => {
    const { answers, withoutSync } = await trace({});
    expect(answers).toBe(SENDS);
    expect(withoutSync).toBe(0);
  });

  it('an answer before the commit is seen as one without a sync', async () => {
    const { answers, withoutSync } = await trace({ SKERRY_BREAK: 'answer-before-commit' });
    expect(answers).toBe(SENDS);
    expect(withoutSync).toBeGreaterThan(0);
  });
});

/** Sends one after the other and reads from the trace which answers left without a sync since the one before. */
async function trace(env: Record<string, string>): Promise<{ answers: number; withoutSync: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skerry-trace-'));
  const file = path.join(folder, 'trace.txt');
  const calls = 'trace=fsync,fdatasync,write,writev,sendto,sendmsg';
  try {
    const plain = await SpawnedServer.start({ data: folder, args: ['--client', 'none'] });
    const owner = await signUp(plain.origin, 'owner', plain.setupCode);
    const channel = (await call(plain.origin, 'snapshot', { token: owner.accessToken })).channels[0]!.channel.id;
    await plain.stop();
    const traced = await SpawnedServer.start({
      data: folder,
      wrapper: ['strace', '-D', '-f', '-qq', '-s', '64', '-e', calls, '-o', file],
      args: ['--client', 'none'],
      env,
    });
    try {
      using socket = await RawSocket.live(traced.origin, owner.accessToken);
      for (let i = 0; i < SENDS; i++)
        await socket.command({ kind: 'message.send', channel, text: `line ${i}`, replyTo: null });
      await traced.stop();
    } finally {
      await traced[Symbol.asyncDispose]();
    }
    return read(await readFile(file, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function read(text: string): { answers: number; withoutSync: number } {
  let synced = false;
  let answers = 0;
  let withoutSync = 0;
  for (const line of text.split('\n')) {
    // A sync counts when it is over, an answer when it begins.
    if (/f(?:data)?sync(?:\(| resumed).*= 0$/.test(line)) synced = true;
    if (!/\\?"t\\?":\\?"ok\\?"/.test(line) || line.includes('resumed>')) continue;
    answers += 1;
    if (!synced) withoutSync += 1;
    synced = false;
  }
  return { answers, withoutSync };
}

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-e', 'trace=fsync', '-o', '/dev/null', process.execPath, '-e', ''], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
