import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { command } from './commands.ts';
import { ERRORS } from './errors.ts';
import { event } from './events.ts';
import { down } from './frames.ts';
import { LIMITS, CLOSE } from './limits.ts';
import { openApi } from './openapi.ts';
import type { Route } from './route.ts';
import { machinesItem } from './machines.ts';
import { ROUTES } from './routes.ts';
import { up } from './up-frames.ts';
import { PROTOCOL } from './version.ts';
import { voiceSay } from './voice.ts';

/**
 * SPEC P-4: the wire of a version never changes by accident. If this fails on purpose, decide whether an older peer can
 * still read what is sent; if it can't, raise PROTOCOL.max first. Then put the new hash here.
 */
const PINNED = { version: 1, hash: '90aca78d2bb5184e' };

const schema = (type: z.ZodMiniType) => z.toJSONSchema(type, { unrepresentable: 'any', io: 'input' });

test('P-4: the wire of this version is the pinned one', () => {
  const byName = Object.entries(ROUTES).sort(([a], [b]) => (a < b ? -1 : 1));
  const routes = byName.map(([name, r]) => [
    name,
    r.method,
    r.path,
    r.auth,
    schema(r.params),
    schema(r.query),
    r.body === null ? null : schema(r.body),
    schema(r.answer),
    (r as Route).bodyBytes ?? null,
    (r as Route).answerBytes ?? null,
    (r as Route).lines === undefined ? null : schema((r as Route).lines ?? r.answer),
    (r as Route).jsonBytes ?? null,
  ]);
  const wire = JSON.stringify({
    up: schema(up),
    down: schema(down),
    command: schema(command),
    event: schema(event),
    machinesItem: schema(machinesItem),
    voiceSay: schema(voiceSay),
    routes,
    ERRORS,
    LIMITS,
    CLOSE,
  });
  expect({ version: PROTOCOL.max, hash: createHash('sha256').update(wire).digest('hex').slice(0, 16) }).toEqual(PINNED);
});

test('P-6: the OpenAPI document names every route once, with its parameters and whether it needs a session', () => {
  const doc = openApi({ title: 'Skerry', version: '1' }) as {
    paths: Record<string, Record<string, { operationId: string; security?: unknown; parameters?: { name: string }[] }>>;
  };
  const operations = Object.values(doc.paths).flatMap((methods) => Object.values(methods));
  expect(operations.map((operation) => operation.operationId).sort()).toEqual(Object.keys(ROUTES).sort());
  for (const [name, route] of Object.entries(ROUTES)) {
    const operation = operations.find((one) => one.operationId === name);
    expect(operation?.security, name).toEqual(route.auth === 'none' ? undefined : [{ [route.auth]: [] }]);
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1]);
    expect(
      (operation?.parameters ?? []).map((parameter) => parameter.name),
      name,
    ).toEqual(expect.arrayContaining(inPath));
  }
});

test('P-11: a frame with a field too many is refused, one from the server with a field too many is read without it', () => {
  expect(up.safeParse({ t: 'ping', n: 1, extra: true }).success).toBe(false);
  expect(down.parse({ t: 'mark', seq: 1, tag: 'a', extra: true })).toEqual({ t: 'mark', seq: 1, tag: 'a' });
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1', null])(
  'L-2: a sequence number of %s is refused (T34)',
  (seq) => {
    expect(down.safeParse({ t: 'mark', seq, tag: 'a' }).success).toBe(false);
  },
);
