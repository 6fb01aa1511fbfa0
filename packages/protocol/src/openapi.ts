import * as z from 'zod/mini';
import { errorBody } from './frames.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';

type Json = { [key: string]: unknown };

/** An OpenAPI 3.1 document of every route, made from the same table the server validates by. */
export function openApi(info: { title: string; version: string }): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(ROUTES) as [string, Route][]) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(name, route);
  }
  return {
    openapi: '3.1.0',
    info,
    paths,
    components: {
      securitySchemes: {
        session: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token; send it only after the server proved its key.',
        },
        runner: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of an assistant runner, for a signed challenge.',
        },
      },
      schemas: { Error: schema(z.object({ error: errorBody })) },
    },
  };
}

function operation(name: string, route: Route): Json {
  const parameters = [...fields(route.params, 'path'), ...fields(route.query, 'query')];
  return {
    operationId: name,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.auth === 'none' ? {} : { security: [{ [route.auth]: [] }] }),
    ...(route.body === null ? {} : { requestBody: { required: true, content: content(route.body, route.bodyBytes) } }),
    responses: {
      '200': {
        description: 'Done',
        content: {
          ...content(route.answer, route.answerBytes),
          ...(route.lines === undefined ? {} : { 'application/x-ndjson': { schema: schema(route.lines) } }),
        },
      },
      default: {
        description: 'Refused',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

/** What is not JSON is described by its type alone. */
function content(type: z.ZodMiniType, bytes: number | undefined): Json {
  return bytes === undefined ? { 'application/json': { schema: schema(type) } } : { 'application/octet-stream': {} };
}

function fields(object: z.ZodMiniType, place: 'path' | 'query'): Json[] {
  const { properties, required } = schema(object) as { properties?: Json; required?: string[] };
  return Object.entries(properties ?? {}).map(([name, shape]) => ({
    name,
    in: place,
    required: place === 'path' || (required ?? []).includes(name),
    schema: shape,
  }));
}

function schema(type: z.ZodMiniType): Json {
  const made = z.toJSONSchema(type, { unrepresentable: 'any', io: 'input' }) as Json;
  delete made['$schema'];
  return made;
}
