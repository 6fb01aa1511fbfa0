import { type AccountId, type ModelSettings, SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';
import { newId } from '../new-id.ts';
import { SERVER_TOKENS_PER_DAY } from './answerer.ts';
import type { AssistantDeps } from './assistant-deps.ts';

/** Which model answers for one person. A key comes in and never goes out. */
export function modelHandlers({
  db,
  clock,
  secrets,
  serverModel,
}: AssistantDeps): Pick<Handlers, 'assistantModel' | 'setAssistantModel' | 'removeAssistantModel'> {
  const settings = async (account: AccountId): Promise<ModelSettings> => {
    const { own, tokensToday } = await db.read('assistants.model', { account, now: clock.now() });
    if (own !== null)
      return {
        source: 'own',
        endpoint: own.endpoint,
        model: own.model,
        // One that is no longer opened is to be entered again. A-2
        hasKey: own.apiKey !== null && secrets.open(own.apiKey, { use: 'model', account, row: own.id }) !== undefined,
        tokensPerDay: own.tokensPerDay,
        tokensToday,
      };
    return {
      source: serverModel === null ? 'none' : 'server',
      // Where the operator's model runs is the operator's alone.
      endpoint: null,
      model: serverModel?.model ?? null,
      hasKey: false,
      tokensPerDay: serverModel === null ? null : SERVER_TOKENS_PER_DAY,
      tokensToday,
    };
  };

  return {
    assistantModel: ({ caller }) => settings(caller.account),

    setAssistantModel: async ({ caller, body }) => {
      const { account } = caller;
      if (!URL.canParse(body.endpoint)) throw new SkerryError('bad_request', { field: 'endpoint' });
      const { own } = await db.read('assistants.model', { account, now: clock.now() });
      const id = newId(clock);
      const kept =
        own?.apiKey == null || own.endpoint !== body.endpoint
          ? undefined
          : secrets.open(own.apiKey, { use: 'model', account, row: own.id });
      // A key that was entered for one endpoint is never sent to another.
      const key = body.key === undefined ? kept : (body.key ?? undefined);
      await db.write('assistants.setModel', {
        account,
        id,
        endpoint: body.endpoint,
        model: body.model,
        apiKey: key === undefined ? null : secrets.seal(key, { use: 'model', account, row: id }),
        tokensPerDay: body.tokensPerDay,
      });
      return settings(account);
    },

    removeAssistantModel: async ({ caller }) => {
      await db.write('assistants.removeModel', { account: caller.account });
      return settings(caller.account);
    },
  };
}
