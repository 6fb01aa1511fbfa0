import * as z from 'zod/mini';

export type Schema = z.ZodMiniType;

export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parameters stand as `:name`. */
  readonly path: string;
  readonly summary: string;
  /** `none`: anyone; `session`: a signed-in account; `runner`: a registered assistant runner (Bearer tokens, both). */
  readonly auth: 'none' | 'session' | 'runner';
  readonly params: Schema;
  readonly query: Schema;
  readonly body: Schema | null;
  readonly answer: Schema;
  /** The body is not JSON but plain bytes, at most so many. */
  readonly bodyBytes?: number;
  /** The answer is not JSON but plain bytes, at most so many. */
  readonly answerBytes?: number;
  /** With `accept: application/x-ndjson` the answer comes line by line as it is made, each line one of these. */
  readonly lines?: Schema;
  /** The JSON of the body may be this large, in bytes; otherwise as large as a frame. */
  readonly jsonBytes?: number;
};

export const none = z.object({});
/** What is not JSON. */
export const bytes = z.instanceof(Uint8Array);
export const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));
/** Query values arrive as text. */
export const queryCount = z.pipe(z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number)), count);

/** One row of a table of routes, with its schemas kept in its type. */
export const route = <
  const R extends Omit<Route, 'params' | 'query' | 'body'> & Partial<Pick<Route, 'params' | 'query' | 'body'>>,
>(
  r: R,
) =>
  ({ params: none, query: none, body: null, ...r }) as unknown as {
    readonly method: R['method'];
    readonly path: R['path'];
    readonly summary: string;
    readonly auth: R['auth'];
    readonly params: R extends { params: infer P extends Schema } ? P : typeof none;
    readonly query: R extends { query: infer Q extends Schema } ? Q : typeof none;
    readonly body: R extends { body: infer B extends Schema } ? B : null;
    readonly answer: R['answer'];
    readonly bodyBytes?: number;
    readonly answerBytes?: number;
    readonly lines?: Schema;
    readonly jsonBytes?: number;
  };
