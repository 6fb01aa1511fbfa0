import { expect, test } from 'vitest';
import { Backlog } from './backlog.ts';

test('who comes late is given the newest of what came before, then everything, once', () => {
  const backlog = new Backlog();
  backlog.add(Array.from({ length: 150 }, (_, at) => at));
  backlog.add(Array.from({ length: 100 }, (_, at) => 150 + at));
  const heard: unknown[][] = [];
  const end = backlog.read((items) => heard.push([...items]));
  expect(heard).toEqual([Array.from({ length: 200 }, (_, at) => 50 + at)]);
  backlog.add([]);
  backlog.add(['later']);
  expect(heard.slice(1)).toEqual([['later']]);
  end();
  backlog.add(['unheard']);
  const other: unknown[] = [];
  backlog.read((items) => other.push(...items));
  expect(other).toEqual(['unheard']);
});
