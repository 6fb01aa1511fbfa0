/** How a page is called in a list: its address without what all of them have. */
export function websiteName(url: string): string {
  if (!URL.canParse(url)) return url;
  const { host, pathname, search } = new URL(url);
  return `${host}${pathname === '/' ? '' : pathname}${search}`;
}

/** The address a person meant; a missing scheme means https. Undefined where it cannot be a page. */
export function websiteAddress(typed: string): string | undefined {
  const text = typed.trim();
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (text === '' || full.length > 2_000 || !URL.canParse(full)) return undefined;
  const { protocol, host, username, password } = new URL(full);
  const isWeb = (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
  // A word alone is no host, but this machine and addresses of numbers are.
  return isWeb && /[.:]|^localhost$/.test(host) ? full : undefined;
}
