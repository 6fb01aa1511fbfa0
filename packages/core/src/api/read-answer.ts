import { errorBody, type RouteName, type Route, SkerryError } from '@skerry/protocol';
import { ReachError } from '../errors.ts';
import type { HttpAnswer } from '../platform.ts';
import type { Cause } from '../views.ts';

/**
 * Turns what came back into the answer of that route. Fields the schema does not name are dropped.
 * @throws SkerryError what the server said · ReachError what did not come from a Skerry server, or makes no sense
 */
export function readAnswer(name: RouteName, route: Route, answer: HttpAnswer): unknown {
  if (route.answerBytes !== undefined && answer.bytes !== undefined) {
    if (!isPlain(answer.contentType)) throw new ReachError({ kind: 'notSkerry' }, { answered: answer.status });
    return answer.bytes;
  }
  const body = parse(answer);
  if (answer.status >= 200 && answer.status < 300) {
    if (body === undefined) throw new ReachError({ kind: 'notSkerry' }, { answered: answer.status });
    const read = route.answer.safeParse(body);
    if (!read.success)
      throw new ReachError(
        { kind: 'protocol', what: `answer to ${name}` },
        { cause: read.error, answered: answer.status },
      );
    return read.data;
  }
  const said = readError(body);
  if (said !== undefined) throw said;
  throw new ReachError(causeOfStatus(answer.status), { answered: answer.status });
}

/** Bytes or a picture; a page or JSON comes from something else. SPEC P-30. */
function isPlain(contentType: string): boolean {
  return /^(?:application\/octet-stream|image\/(?:png|jpeg|webp))\b/i.test(contentType);
}

/** Errors travel as `{ error: { code, message, … } }`. */
function readError(body: unknown): SkerryError | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined;
  const read = errorBody.safeParse(body.error);
  return read.success ? SkerryError.fromBody(read.data) : undefined;
}

/** Without a body of ours it was something on the way that answered. */
function causeOfStatus(status: number): Cause {
  if (status === 429) return { kind: 'rateLimited', retryAfterMs: 30_000 };
  if (status >= 500) return { kind: 'serverError' };
  return { kind: 'notSkerry' };
}

function parse(answer: HttpAnswer): unknown {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(answer.contentType)) return undefined;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    return undefined;
  }
}
