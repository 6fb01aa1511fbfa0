import { ASSISTANT_LIMITS, encodeRunnerLogin, SkerryError } from '@skerry/protocol';
import { isSigned } from '../ed25519.ts';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import type { AssistantDeps } from './assistant-deps.ts';
import { isBoxKey } from '../sealed-box.ts';
import { sealForRunner } from './seal-for-runner.ts';

type Route =
  'runners' | 'addRunner' | 'removeRunner' | 'runnerSignIn' | 'runnerTokens' | 'runnerAnswer' | 'runnerActions';

/** A change that did not come through these handlers is seen after this long. */
const LOOK_MS = 1_000;

/** Programs that speak to Discord: registered by admins, known by their keys, told what they need and no more. */
export function runnerHandlers(deps: AssistantDeps): Pick<Handlers, Route> {
  const { db, limits, clock, serverId, secrets, runners, changes, answerer, stopping } = deps;
  return {
    runners: async ({ caller }) => ({ runners: await db.read('assistants.runners', { actor: caller.account }) }),

    addRunner: async ({ caller, body }) => {
      // Before the key is looked at: who may not, learns nothing.
      await db.read('assistants.runners', { actor: caller.account });
      if (!isBoxKey(body.boxKey)) throw new SkerryError('bad_request', { field: 'boxKey' });
      return db.write('assistants.addRunner', { actor: caller.account, id: newId(clock), ...body });
    },

    removeRunner: async ({ caller, params }) => {
      await db.write('assistants.removeRunner', { actor: caller.account, id: params.runnerId });
      runners.end(params.runnerId);
      changes.notify();
      return {};
    },

    runnerSignIn: async ({ body, address }) => {
      limits.take('signInAddress', address);
      const { signature, ...login } = body;
      const isGenuine = isSigned({
        bytes: encodeRunnerLogin({ serverId, ...login }),
        signature,
        publicKey: body.publicKey,
      });
      const { publicKey, nonce, expiry } = body;
      const known = await db.write('assistants.runnerSignIn', {
        publicKey,
        nonce,
        expiry,
        isGenuine,
        now: clock.now(),
      });
      return { runnerId: known.id, ...runners.issue(known) };
    },

    runnerTokens: async ({ caller, query, gone }) => {
      const signal = AbortSignal.any([gone, stopping]);
      const until = Date.now() + ASSISTANT_LIMITS.pollMs;
      while (query.since !== undefined && !signal.aborted && Date.now() < until) {
        if ((await db.read('assistants.version', null)) !== query.since) break;
        await changes.wait(Math.max(1, Math.min(LOOK_MS, until - Date.now())), signal);
      }
      // It may have been taken away while it waited.
      const boxKey = runners.boxKeyOf(caller.runner);
      if (boxKey === undefined) throw new SkerryError('unauthorized');
      const { version, tokens } = await db.read('assistants.runnerConfig', null);
      return {
        version,
        tokens: tokens.flatMap(({ account, id, botId, token, servers }) => {
          const opened = secrets.open(token, { use: 'bot', account, row: id });
          if (opened === undefined) return [];
          const sealedToken = sealForRunner(opened, { serverId, runner: caller.runner, account, token: id, boxKey });
          return [{ userId: account, tokenId: id, botId, sealedToken, servers }];
        }),
      };
    },

    runnerAnswer: async ({ body, gone }) => {
      const { accountId, guildId, messages } = body;
      const knowledge = await db.read('assistants.knowledge', { account: accountId, guildId });
      if (!knowledge.guild.botActive) return { kind: 'silent', reason: 'inactive' };
      const last = messages.at(-1);
      // Programs that answer each other never stop.
      if (last === undefined || last.by !== 'person' || last.text.trim() === '')
        return { kind: 'silent', reason: 'nothing' };
      limits.take('assistantAnswer', accountId);
      const signal = AbortSignal.any([gone, stopping]);
      try {
        const { text, engine } = await answerer.answer({
          account: accountId,
          knowledge,
          turns: messages.map(({ by, authorName, text: said }) => ({ by, name: authorName, text: said })),
          most: ASSISTANT_LIMITS.answerText,
          signal,
          onText: () => undefined,
        });
        return { kind: 'answer', text, engine };
      } catch (error) {
        if (signal.aborted) return { kind: 'silent', reason: 'nothing' };
        if (error instanceof SkerryError && error.code === 'upstream_failed')
          return { kind: 'silent', reason: 'failed' };
        throw error;
      }
    },

    runnerActions: ({ body }) => db.write('assistants.takeReports', { actions: body.actions, now: clock.now() }),
  };
}
