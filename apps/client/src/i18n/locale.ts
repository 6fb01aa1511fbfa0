/**
 * The locale of dates and numbers: the language of the catalogue, so that a page is never half in one language and
 * half in another, with the person's own region where that is of the same language.
 */
export function displayLocale(wanted: readonly string[], language = 'en', fallback = 'en-GB'): string {
  return wanted.find((tag) => tag === language || tag.startsWith(`${language}-`)) ?? fallback;
}

/** Whether the person's own locale counts hours to 12; that habit is kept whatever the language. */
export function usesTwelveHours(tag: string | undefined): boolean {
  return new Intl.DateTimeFormat(tag, { hour: 'numeric' }).resolvedOptions().hour12 === true;
}
