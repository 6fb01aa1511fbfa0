import type { Dice } from './dice.ts';
import { EXCHANGES, type Words } from './engineering-exchanges.ts';
import type { Life } from './life.ts';
import { readScript } from './script.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const PEOPLE = ['ada', 'ben', 'lena', 'kofi', 'sara', 'milan', 'ines', 'oskar', 'wei'];

type Talk = {
  readonly life: Life;
  readonly dice: Dice;
  /** Unix milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Messages, at least. */
  readonly least: number;
};

/** Months of a working channel: on weekdays, between nine and six, an exchange now and then. */
export function engineeringTalk({ life, dice, from, until, least }: Talk): void {
  const days = workdays(from, until);
  let said = 0;
  for (const [nth, day] of days.entries()) {
    const goal = Math.ceil((least * (nth + 1)) / days.length);
    let at = day;
    const missing = () => goal - said;
    for (const total = Math.max(1, missing()); missing() > 0;) {
      const lines = readScript(dice.pick(EXCHANGES)(wordsFor(dice)));
      // The last day ends early: what comes after `until` is told elsewhere.
      const start = Math.min(at + dice.between(2, 12) * MINUTE, until - 30 * MINUTE);
      at = life.talk('engineering', start, lines) + Math.floor((5 * 60 * MINUTE) / total);
      said += lines.length;
    }
  }
}

/** Nine o'clock of every weekday. */
function workdays(from: number, until: number): number[] {
  const days: number[] = [];
  for (let time = from; time < until - DAY / 2; time += DAY) {
    const day = new Date(time);
    day.setHours(9, 0, 0, 0);
    if (day.getDay() !== 0 && day.getDay() !== 6 && day.getTime() >= from) days.push(day.getTime());
  }
  return days;
}

const MODULES = [
  'tide-model',
  'tile-cache',
  'harbour-index',
  'forecast',
  'importer',
  'chart-layer',
  'search',
  'sessions',
  'geometry',
  'alerts',
  'export',
  'station-list',
];
const FUNCTIONS = [
  'interpolate',
  'nextHighWater',
  'readStation',
  'mergeTiles',
  'simplify',
  'zoneOffset',
  'rangeAt',
  'parseRow',
  'drawContour',
  'planBatch',
  'retryAfter',
  'hashOf',
];
const THINGS = ['station', 'tile', 'harbour', 'contour', 'forecast', 'reading', 'sounding', 'batch'];

function wordsFor(dice: Dice): Words {
  const people = [...PEOPLE];
  const take = () => people.splice(dice.between(0, people.length - 1), 1)[0] ?? 'ada';
  const [a, b, c, d] = [take(), take(), take(), take()];
  return {
    a,
    b,
    c,
    d,
    module: dice.pick(MODULES),
    other: dice.pick(MODULES),
    call: dice.pick(FUNCTIONS),
    thing: dice.pick(THINGS),
    pr: dice.between(300, 1_900),
    small: dice.between(2, 9),
    medium: dice.between(12, 90),
    large: dice.between(120, 9_000),
  };
}
