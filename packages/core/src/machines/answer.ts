import { type Ask, type Command, type CommandId, encodeAskAnswer, SkerryError, toBase64Url } from '@skerry/protocol';
import { AGENT_BYTES, answerContent, type AnswerContent, type AskContent } from '@skerry/protocol/agents';
import { LocalError } from '../errors.ts';
import { sealAgentBody } from './agent-body.ts';
import type { MachineDeps } from './deps.ts';
import type { AnswerProgress } from './face.ts';
import type { Reader } from './reader.ts';

type Decision = { readonly choice: string | null; readonly text: string | null };

/** What was signed and may have arrived: given once more it leaves as the same bytes under the same id. */
export type Attempt = {
  readonly of: string;
  readonly id: CommandId;
  readonly command: Command;
  readonly decision: string;
};

type Answering = {
  readonly ask: Ask;
  readonly decision: Decision;
  readonly reader: Reader;
  readonly attempts: Map<string, Attempt>;
  readonly progress: (progress: AnswerProgress) => void;
  /** How the ask stands on its server now. */
  readonly look: () => Promise<Ask | undefined>;
};

const MOST_ATTEMPTS = 256;
const encoder = new TextEncoder();

/**
 * Signs what the person decided over what was asked, where and until when, and sends it to the ask's own server, which takes
 * one answer. Resolves once it has committed this one. M-10, M-11
 * @throws SkerryError `ask_closed` when somebody was quicker, `unavailable`; LocalError `bad_request` for what it does not offer
 */
export async function answerAsk(deps: MachineDeps, answering: Answering): Promise<void> {
  const { ask, attempts, progress, look } = answering;
  if (ask.state !== 'open') throw closed(ask);
  let attempt: Attempt | undefined;
  progress({ kind: 'sending' });
  try {
    attempt = await attemptOf(deps, answering);
    await deps.run(attempt.id, attempt.command, deps.signal);
    attempts.delete(ask.id);
    // Until the event of it comes, nobody shall think that nothing happened.
    await look();
    progress({ kind: 'none' });
  } catch (error) {
    const isClosed = error instanceof SkerryError && error.code === 'ask_closed';
    const now = isClosed ? await look() : undefined;
    // Another attempt of this device, whose answer was lost on its way, was the one.
    if (attempt !== undefined && now?.answer?.decision === attempt.decision) return progress({ kind: 'none' });
    const isExpired = now?.state === 'expired';
    const isLost = error instanceof SkerryError && error.code === 'unavailable';
    progress({
      kind: 'failed',
      problem: isExpired ? 'expired' : isClosed ? 'closed' : isLost ? 'unavailable' : 'other',
    });
    throw error;
  }
}

async function attemptOf(deps: MachineDeps, { ask, decision, reader, attempts }: Answering): Promise<Attempt> {
  const content = await reader.readAsk(ask);
  if (content === null) throw new LocalError('bad_request', 'What is asked can’t be read on this device.');
  check(content, decision);
  const of = JSON.stringify([decision.choice, decision.text]);
  const before = attempts.get(ask.id);
  if (before?.of === of) return before;
  const made = await sign(deps, { ask, decision, reader });
  attempts.set(ask.id, { of, ...made });
  if (attempts.size > MOST_ATTEMPTS) attempts.delete(String(attempts.keys().next().value));
  return { of, ...made };
}

/** @throws LocalError `bad_request` for what the ask does not offer, or what may not be said from afar */
function check(content: AskContent, { choice, text }: Decision): void {
  const offered = content.kind === 'permission' ? content.choices.map(({ id }) => id) : content.choices;
  if (choice !== null && !offered.includes(choice)) throw new LocalError('bad_request', 'There is no such choice.');
  if (content.kind !== 'permission') {
    if (choice === null && (text === null || text.trim() === ''))
      throw new LocalError('bad_request', 'An answer is a choice or a text.');
    return;
  }
  if (choice === null) throw new LocalError('bad_request', 'A permission is given or refused by one of its choices.');
  const isYes = content.choices.some(({ id, kind }) => id === choice && kind.startsWith('allow'));
  // Nobody can see here what they would say yes to. M-16
  if (content.cut && isYes)
    throw new LocalError('bad_request', 'This is too long to be shown here, so it can only be refused.');
}

async function sign(
  { keys, subtle, platform, newId }: MachineDeps,
  { ask, decision, reader }: Pick<Answering, 'ask' | 'decision' | 'reader'>,
): Promise<Omit<Attempt, 'of'>> {
  const ring = keys.get();
  const [key] = await reader.keysOf(ask.machine, ask.run);
  if (ring === undefined || key === undefined)
    throw new LocalError('no_device', 'The keys of this run are not on this device.');
  const { random } = platform;
  const content: AnswerContent = { v: 1, salt: toBase64Url(random.bytes(16)), ...decision };
  if (!answerContent.safeParse(content).success) throw new LocalError('too_large', 'This answer is too long.');
  const plain = encoder.encode(JSON.stringify(content));
  if (plain.length > AGENT_BYTES.answer) throw new LocalError('too_large', 'This answer is too long.');
  const { serverId, self } = ring;
  const { machine, run, id, digest, expiresAt } = ask;
  const place = { serverId, account: self.name, machine };
  const body = await sealAgentBody(plain, { ...place, body: { use: 'answer', run, ask: id } }, { key, subtle, random });
  const decided = await ring.digest(plain);
  const said = { ...place, run, ask: id, digest, decision: decided, expiresAt, device: self.device };
  const signature = toBase64Url(ring.sign(encodeAskAnswer(said)));
  const command: Command = { kind: 'ask.answer', ask: id, digest, expiresAt, decision: decided, body, signature };
  return { id: newId(), command, decision: decided };
}

function closed({ state }: Ask): LocalError {
  return new LocalError(
    'ask_closed',
    state === 'answered'
      ? 'This was answered already.'
      : state === 'cancelled'
        ? 'This was cancelled: the agent no longer waits.'
        : 'The time to answer this is over.',
  );
}
