import { ASSISTANT_ROUTES, SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';

export type AssistantRoute = keyof typeof ASSISTANT_ROUTES;

/** The answers of a server without assistants: none of these addresses exists. */
export function withoutAssistants(): Pick<Handlers, AssistantRoute> {
  const absent = async (): Promise<never> => {
    throw new SkerryError('not_found');
  };
  const names = Object.keys(ASSISTANT_ROUTES) as AssistantRoute[];
  return Object.fromEntries(names.map((name) => [name, absent])) as unknown as Pick<Handlers, AssistantRoute>;
}
