import { describe, expect, it } from 'vitest';
import { KeysDoor } from './keys-door.svelte.ts';

describe('the door to the keys', () => {
  it('resolves for who asked when it is closed, and for an earlier one when a later one takes its place', async () => {
    const door = new KeysDoor();
    const told: string[] = [];
    const make = door.ask('make').then(() => told.push('make'));
    expect(door.open).toBe('make');
    const unlock = door.ask('unlock').then(() => told.push('unlock'));
    await make;
    expect([door.open, told]).toEqual(['unlock', ['make']]);
    door.close();
    await unlock;
    expect([door.open, told]).toEqual([undefined, ['make', 'unlock']]);
    door.close();
  });
});
