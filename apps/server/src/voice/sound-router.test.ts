import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import type { Slots } from '@skerry/protocol/voice';
import { describe, expect, it } from 'vitest';
import { freshId } from '../testing/test-server.ts';
import type { Stay } from './engine.ts';
import { SlotStream } from './slot-stream.ts';
import { SoundRouter, type Outlet } from './sound-router.ts';
import { Speech } from './speech.ts';

const ALL = { speaks: true, hears: true };
const room = freshId() as string as ChannelId;
const stay = (): Stay => ({
  id: freshId(),
  room,
  account: freshId() as string as AccountId,
  session: freshId() as string as SessionId,
});

class Rig {
  now = 1_000;
  readonly speaking: [Stay, boolean][] = [];
  readonly slots: [Stay, Slots][] = [];
  readonly grow: [Stay, number][] = [];
  readonly router = new SoundRouter(
    {
      speaking: (who, is) => this.speaking.push([who, is]),
      slots: (who, slots) => this.slots.push([who, slots]),
      grow: (who, slots) => this.grow.push([who, slots]),
    },
    () => this.now,
  );

  enter(slots = 20): { stay: Stay; sent: { slot: string; seq: number; marker: boolean }[] } {
    const sent: { slot: string; seq: number; marker: boolean }[] = [];
    const outlet: Outlet = {
      slots: Array.from({ length: slots }, (_none, at) => `s${at}`),
      isOpen: true,
      send: (slot, { seq, marker }) => sent.push({ slot, seq, marker }),
    };
    const one = stay();
    this.router.enter(one, outlet, ALL);
    return { stay: one, sent };
  }

  /** Frames of one person, 20 ms apart. */
  say(who: Stay, frames: number, { level = 20, from = 0, bytes = 80 } = {}): void {
    for (let at = 0; at < frames; at++) {
      this.now += 20;
      const seq = (from + at) & 0xffff;
      this.router.sound(who, { seq, timestamp: seq * 960, level, payload: new Uint8Array(bytes) });
    }
  }
}

describe('the router of sounds', () => {
  it('V-9: a slot is one stream without a hole when its person changes, and asks to grow once for each need', () => {
    const rig = new Rig();
    const listener = rig.enter(1);
    const [ann, bob] = [rig.enter(), rig.enter()];
    expect(rig.grow).toEqual([[listener.stay, 2]]);
    rig.say(ann.stay, 5, { from: 65_533 });
    rig.say(bob.stay, 5);
    expect(listener.sent).toHaveLength(5);
    rig.router.leave(ann.stay);
    expect(rig.slots).toContainEqual([listener.stay, [['s0', bob.stay.account]]]);
    rig.say(bob.stay, 5, { from: 9_000 });
    const seqs = listener.sent.map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: 10 }, (_none, at) => (65_533 + at) & 0xffff));
    expect(listener.sent.map(({ marker }) => marker).flatMap((is, at) => (is ? [at] : []))).toEqual([0, 5]);
  });

  it('V-10: what is too large, too much or empty is dropped', () => {
    const rig = new Rig();
    const listener = rig.enter();
    const ann = rig.enter();
    rig.say(ann.stay, 1, { bytes: 1_401 });
    rig.say(ann.stay, 1, { bytes: 0 });
    expect(listener.sent).toEqual([]);
    rig.now = 5_000;
    for (let at = 0; at < 1_000; at++)
      rig.router.sound(ann.stay, { seq: at, timestamp: at, level: 20, payload: new Uint8Array(9) });
    expect(listener.sent).toHaveLength(130);
  });

  it('V-9: in a large room silence is not forwarded, and no more than six who speak', () => {
    const rig = new Rig();
    const listener = rig.enter();
    const others = Array.from({ length: 13 }, () => rig.enter());
    for (const { stay: quiet } of others.slice(0, 3)) rig.say(quiet, 5, { level: 120 });
    expect(listener.sent).toEqual([]);
    for (let round = 0; round < 10; round++)
      for (const { stay: loud } of others.slice(3, 12)) {
        rig.now -= 19;
        rig.say(loud, 1, { from: round });
      }
    expect(new Set(listener.sent.map(({ slot }) => slot)).size).toBe(6);
    const first = others[3];
    if (first === undefined) throw new Error('nobody');
    rig.say(first.stay, 20, { level: 120, from: 10 });
    const before = listener.sent.length;
    rig.say(others[11]?.stay ?? first.stay, 3, { from: 10 });
    expect(listener.sent.length).toBe(before + 3);
  });

  it('V-8: three loud packets begin speech, fifteen quiet ones or a pause end it, and only changes are told', () => {
    const rig = new Rig();
    const ann = rig.enter();
    rig.say(ann.stay, 2);
    rig.say(ann.stay, 1, { level: 60 });
    rig.say(ann.stay, 2);
    expect(rig.speaking).toEqual([]);
    rig.say(ann.stay, 10);
    expect(rig.speaking).toEqual([[ann.stay, true]]);
    rig.say(ann.stay, 14, { level: 60 });
    expect(rig.speaking).toHaveLength(1);
    rig.say(ann.stay, 1, { level: 60 });
    expect(rig.speaking).toEqual([
      [ann.stay, true],
      [ann.stay, false],
    ]);
    rig.say(ann.stay, 3);
    rig.now += 401;
    rig.router.tick();
    expect(rig.speaking.at(-1)).toEqual([ann.stay, false]);
    rig.say(ann.stay, 3);
    rig.router.setRights(ann.stay, { speaks: false, hears: true });
    expect(rig.speaking.map(([, is]) => is)).toEqual([true, false, true, false, true, false]);
  });
});

describe('a slot’s stream', () => {
  it('V-9: gives no number twice, whatever a sender’s numbers do', () => {
    const stream = new SlotStream();
    const source = {};
    const given = new Set<number>();
    let last = -1;
    const numbers = [5, 6, 6, 5, 7, 30_000, 30_001, 7, 8, 65_000, 2, 3, 2, 40_000, 1];
    for (const [at, seq] of numbers.entries()) {
      const placed = stream.next(source, { seq, timestamp: at * 960 }, at * 20);
      if (placed === null) continue;
      expect(given.has(placed.seq)).toBe(false);
      given.add(placed.seq);
      if (last >= 0) expect((placed.seq - last) & 0xffff).toBeLessThanOrEqual(1_000);
      last = placed.seq;
    }
    expect(given.size).toBeGreaterThan(8);
  });

  it('V-9: time goes on through a pause as the clock does', () => {
    const stream = new SlotStream();
    const [one, other] = [{}, {}];
    expect(stream.next(one, { seq: 1, timestamp: 100 }, 0)?.timestamp).toBe(100);
    expect(stream.next(one, { seq: 2, timestamp: 1_060 }, 20)?.timestamp).toBe(1_060);
    expect(stream.next(other, { seq: 900, timestamp: 0xffff_fff0 }, 1_020)).toEqual({
      seq: 3,
      timestamp: 1_060 + 48_000,
      marker: true,
    });
    expect(stream.next(other, { seq: 901, timestamp: 944 }, 1_040)).toMatchObject({ seq: 4, timestamp: 50_020 });
  });

  it('V-8: nobody speaks before they were heard', () => {
    expect(new Speech().tick(10_000)).toBe(false);
  });
});
