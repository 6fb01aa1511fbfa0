/** `hub`: many servers, with rail and registry. `hosted`: served by one server and pinned to it. */
export type Mode = 'hub' | 'hosted';

/** What the server wrote into the page it delivered. Read once at start. */
export type PageInfo = {
  readonly mode: Mode;
  /** Where a one-time sign-in for a local trial can be fetched, relative to this page; undefined where there is none. */
  readonly welcome: string | undefined;
};

/** Reads the page's meta tags. An unknown mode counts as `hosted`, the narrower one. */
export function readPageInfo(document: Pick<Document, 'querySelector'>): PageInfo {
  const mode = content(document, 'skerry-mode');
  const welcome = content(document, 'skerry-welcome');
  return { mode: mode === 'hub' ? 'hub' : 'hosted', welcome: welcome === '' ? undefined : welcome };
}

function content(document: Pick<Document, 'querySelector'>, name: string): string {
  return document.querySelector(`meta[name="${name}"]`)?.getAttribute('content')?.trim() ?? '';
}
