import { randomBytes } from 'node:crypto';
import { type Answer, type ChannelId, type RouteName, ROUTES, uuidv7 } from '@skerry/protocol';
import { PASSWORD } from './people.ts';

export type RawSession = {
  readonly token: string;
  snapshot(): Promise<Answer<'snapshot'>>;
  send(channel: ChannelId, text: string): Promise<void>;
};

/** A session without any client: for the writing side and for the bare socket. */
export async function signInRaw(origin: string, username: string): Promise<RawSession> {
  const { accessToken } = await call(origin, 'signIn', { body: { username, password: PASSWORD, device: 'Bench' } });
  return {
    token: accessToken,
    snapshot: () => call(origin, 'snapshot', { token: accessToken }),
    send: async (channel, text) => {
      const id = uuidv7(Date.now(), randomBytes(10));
      const command = { kind: 'message.send', channel, text, replyTo: null };
      await call(origin, 'command', { body: { id, command }, token: accessToken });
    },
  };
}

async function call<N extends RouteName>(
  origin: string,
  name: N,
  { body, token }: { body?: unknown; token?: string },
): Promise<Answer<N>> {
  const route = ROUTES[name];
  const response = await fetch(`${origin}${route.path}`, {
    method: route.method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${name} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer<N>;
}
