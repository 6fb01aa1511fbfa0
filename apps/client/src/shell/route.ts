/** Where the person is. The ids of servers are those of this device's own entries, never a server's. */
export type Route =
  | { readonly kind: 'home' }
  | { readonly kind: 'welcome' }
  | { readonly kind: 'add'; readonly input: string | undefined }
  | { readonly kind: 'server'; readonly entry: string }
  | { readonly kind: 'channel'; readonly entry: string; readonly channel: string; readonly message: string | undefined }
  | { readonly kind: 'inbox' }
  /** Where the code of a computer is read. */
  | { readonly kind: 'pair' }
  | { readonly kind: 'servers'; readonly entry: string | undefined }
  | {
      readonly kind: 'settings';
      readonly section: SettingsSection;
      /** Of the devices: only those on this server. */
      readonly entry?: string | undefined;
    }
  /** Assistants over all servers; they read the rest of the address themselves. */
  | { readonly kind: 'assistants'; readonly path: readonly string[] }
  /** Machines and runs over all servers; they read the rest of the address themselves. */
  | { readonly kind: 'agents'; readonly path: readonly string[] }
  /** A link of the project's grammar, still to be parsed and agreed to. */
  | { readonly kind: 'link'; readonly link: string; readonly params: string }
  | { readonly kind: 'notFound' };

export const SETTINGS_SECTIONS = ['you', 'keys', 'devices', 'appearance', 'keyboard', 'admin', 'about'] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

const MAX_LENGTH = 4096;

/** Reads the part of the address after `#`. Total: what is not known is `notFound`. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, '');
  if (text === '' || text === '/') return { kind: 'home' };
  if (text.length > MAX_LENGTH || !text.startsWith('/')) return { kind: 'notFound' };
  const [path = '', query = ''] = split(text.slice(1));
  const parts = path.replace(/\/$/, '').split('/').map(decode);
  if (parts.some((part) => part === undefined || part === '')) return { kind: 'notFound' };
  return match(parts as string[], query) ?? { kind: 'notFound' };
}

function match([head, first, ...rest]: string[], query: string): Route | undefined {
  const depth = first === undefined ? 0 : 1 + rest.length;
  switch (head) {
    case 'welcome':
      return depth === 0 ? { kind: 'welcome' } : undefined;
    case 'add':
      return depth === 0 ? { kind: 'add', input: new URLSearchParams(query).get('address') ?? undefined } : undefined;
    case 'inbox':
    case 'pair':
      return depth === 0 ? { kind: head } : undefined;
    case 'servers':
      return depth <= 1 ? { kind: 'servers', entry: first } : undefined;
    case 'settings':
      if (depth === 0) return { kind: 'settings', section: 'you' };
      if (depth === 2 && first === 'devices') return { kind: 'settings', section: first, entry: rest[0] };
      return depth === 1 && isSection(first) ? { kind: 'settings', section: first } : undefined;
    case 'assistants':
    case 'agents':
      return { kind: head, path: first === undefined ? [] : [first, ...rest] };
    case 'l':
      return depth === 1 && first !== undefined && /^[a-z]{1,16}$/.test(first)
        ? { kind: 'link', link: first, params: query }
        : undefined;
    case 's':
      return first === undefined ? undefined : matchServer(first, rest);
    default:
      return undefined;
  }
}

function matchServer(entry: string, rest: readonly string[]): Route | undefined {
  if (rest.length === 0) return { kind: 'server', entry };
  const [c, channel, m, message] = rest;
  if (c !== 'c' || channel === undefined) return undefined;
  if (rest.length === 2) return { kind: 'channel', entry, channel, message: undefined };
  return rest.length === 4 && m === 'm' && message !== undefined
    ? { kind: 'channel', entry, channel, message }
    : undefined;
}

/** The address of a route, with its `#`: for links. */
export function hrefOf(route: Route): string {
  switch (route.kind) {
    case 'home':
    case 'notFound':
      return '#/';
    case 'welcome':
    case 'inbox':
    case 'pair':
      return `#/${route.kind}`;
    case 'add':
      return route.input === undefined ? '#/add' : `#/add?address=${encodeURIComponent(route.input)}`;
    case 'server':
      return `#/s/${encodeURIComponent(route.entry)}`;
    case 'channel': {
      const channel = `#/s/${encodeURIComponent(route.entry)}/c/${encodeURIComponent(route.channel)}`;
      return route.message === undefined ? channel : `${channel}/m/${encodeURIComponent(route.message)}`;
    }
    case 'servers':
      return route.entry === undefined ? '#/servers' : `#/servers/${encodeURIComponent(route.entry)}`;
    case 'settings':
      return `#/settings/${route.section}${route.entry === undefined ? '' : `/${encodeURIComponent(route.entry)}`}`;
    case 'assistants':
    case 'agents':
      return [`#/${route.kind}`, ...route.path.map(encodeURIComponent)].join('/');
    case 'link':
      return `#/l/${route.link}${route.params === '' ? '' : `?${route.params}`}`;
  }
}

/** The server a route belongs to. */
export function entryOf(route: Route): string | undefined {
  return route.kind === 'server' || route.kind === 'channel' ? route.entry : undefined;
}

/**
 * The route of an address that was opened from outside: `/l/<kind>` with its parameters after `#`, or, where the
 * server could only send people on, `/?l=<kind>`. Undefined for an address of the app itself.
 */
export function routeOfOutsideLink(address: Pick<URL, 'pathname' | 'search' | 'hash'>): Route | undefined {
  const kind = /\/l\/([a-z]{1,16})\/?$/.exec(address.pathname)?.[1] ?? new URLSearchParams(address.search).get('l');
  if (kind === null || !/^[a-z]{1,16}$/.test(kind)) return undefined;
  return { kind: 'link', link: kind, params: address.hash.replace(/^#/, '') };
}

function split(text: string): [string, string] {
  const at = text.indexOf('?');
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function isSection(value: string | undefined): value is SettingsSection {
  return SETTINGS_SECTIONS.includes(value as SettingsSection);
}
