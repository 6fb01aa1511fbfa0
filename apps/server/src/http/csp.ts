export type ClientMode = 'hub' | 'hosted';

const LOOPBACK = ['http://127.0.0.1:*', 'ws://127.0.0.1:*', 'http://localhost:*', 'ws://localhost:*'];

/**
 * What the client's pages may do. A hub talks to any server over TLS and to this machine; a hosted client to its own
 * server alone.
 */
export function contentSecurityPolicy(mode: ClientMode): string {
  const connect = mode === 'hosted' ? ["'self'"] : ["'self'", 'https:', 'wss:', ...LOOPBACK];
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connect.join(' ')}`,
    "media-src 'self' blob:",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html app-sw',
  ].join('; ');
}
