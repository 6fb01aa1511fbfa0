import { displayLocale, usesTwelveHours } from '../i18n/locale.ts';
import { t } from '../i18n/t.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/*
 * Words come from the catalogue, numbers and dates from Intl. Formatters are made once: building one costs more than
 * a thousand calls.
 */
const locale = displayLocale(navigator.languages);
const isTwelveHours = usesTwelveHours(navigator.language);
const clockFormat = new Intl.DateTimeFormat(locale, {
  hour: isTwelveHours ? 'numeric' : '2-digit',
  minute: '2-digit',
  hour12: isTwelveHours,
});
const dayFormat = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const yearDayFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
const shortDayFormat = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const fullFormat = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
const listFormat = new Intl.ListFormat(locale, { type: 'conjunction' });

/** Time of day of a moment in ms since 1970, as "09:24". */
export function clock(at: number): string {
  return clockFormat.format(at);
}

/** Everything about a moment, for tooltips and screen readers. */
export function fullTime(at: number): string {
  return fullFormat.format(at);
}

/** Heading of a day in a conversation: "Today", "Yesterday", "Monday 3 March". */
export function dayLabel(at: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY);
  if (days === 0) return t.time.today;
  if (days === 1) return t.time.yesterday;
  return days > 0 && days < 300 ? dayFormat.format(at) : yearDayFormat.format(at);
}

/** Age of something in a list: "now", "3 min", "2 h", "yesterday", then a date. */
export function age(at: number, now: number): string {
  const elapsed = Math.max(0, now - at);
  if (elapsed < MINUTE) return t.time.now;
  if (elapsed < HOUR) return t.time.minutes(Math.floor(elapsed / MINUTE));
  if (elapsed < 12 * HOUR || startOfDay(now) === startOfDay(at)) return t.time.hours(Math.floor(elapsed / HOUR));
  if (startOfDay(now) - startOfDay(at) <= DAY + HOUR) return t.time.yesterdayInline;
  return shortDayFormat.format(at);
}

/** "10:02" today, "yesterday, 10:02", else with the date: for "last seen" and "last checked". */
export function since(at: number, now: number): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY);
  if (days === 0) return clock(at);
  return `${days === 1 ? t.time.yesterdayInline : shortDayFormat.format(at)}, ${clock(at)}`;
}

/** Time left until a retry: "12 s", "2 min". Never below zero. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return seconds < 90 ? t.time.seconds(seconds) : t.time.minutes(Math.ceil(seconds / 60));
}

/** Round trip in ms. */
export function latency(ms: number): string {
  return `${Math.max(1, Math.round(ms))} ms`;
}

/** A count in a badge: at most "99+". */
export function cappedCount(count: number): string {
  return count > 99 ? '99+' : String(count);
}

/** "Anna, Ben and Cem". */
export function listOf(names: readonly string[]): string {
  return listFormat.format(names);
}

function startOfDay(at: number): number {
  const day = new Date(at);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}
