import type * as z from 'zod/mini';
import { ACCOUNT_ROUTES } from './account-routes.ts';
import { ASSISTANT_ROUTES } from './assistant-routes.ts';
import { FIRST_ROUTES } from './first-routes.ts';
import { KEY_ROUTES } from './key-routes.ts';
import { MACHINE_ROUTES } from './machine-routes.ts';
import type { Schema } from './route.ts';
import { VOICE_ROUTES } from './voice-routes.ts';

/**
 * The one table of HTTP routes: the server validates by it, clients call by it, OpenAPI is made from it. SPEC P-6. It is
 * made of parts, each in a file of its own, so that a client loads those that the screens of its person call.
 */
export const ROUTES = {
  ...FIRST_ROUTES,
  ...ACCOUNT_ROUTES,
  ...KEY_ROUTES,
  ...ASSISTANT_ROUTES,
  ...MACHINE_ROUTES,
  ...VOICE_ROUTES,
} as const;

export type RouteName = keyof typeof ROUTES;
type RouteOf<N extends RouteName> = (typeof ROUTES)[N];
export type Params<N extends RouteName> = z.infer<RouteOf<N>['params']>;
export type Query<N extends RouteName> = z.infer<RouteOf<N>['query']>;
export type Body<N extends RouteName> = RouteOf<N>['body'] extends Schema ? z.infer<RouteOf<N>['body']> : null;
export type Answer<N extends RouteName> = z.infer<RouteOf<N>['answer']>;
