import { describe, expect, it } from 'vitest';
import { readFrames } from '../testing/read-frames.ts';
import { EventFrames, encodeFrame, encodeFrames, headerLength, markJson } from './frames.ts';

describe('frames', () => {
  it.each([0, 1, 125 - 33, 126 - 33, 127 - 33, 65_535 - 33, 65_536 - 33, 70_000])(
    'are what any WebSocket reads, with a tag of %i letters',
    (letters) => {
      const json = markJson({ seq: 123, tag: 'a'.repeat(Math.min(letters, 32)) }).padEnd(Math.max(letters, 0) + 33);
      const bytes = encodeFrame(json);
      expect(bytes.length).toBe(headerLength(json.length) + json.length);
      expect(readFrames(bytes)).toEqual([{ t: 'mark', seq: 123, tag: 'a'.repeat(Math.min(letters, 32)) }]);
    },
  );

  it('count bytes, not letters', () => {
    const event = `{"seq":1,"n":1,"kind":"left","channel":"01890a5d-ac96-774b-bcce-b302099a8057"}`;
    const frames = new EventFrames('account:x');
    expect(frames.add(event)).toBeUndefined();
    const { json, bytes } = frames.close();
    expect(bytes).toBe(Buffer.byteLength(json));
    const accents = new EventFrames('server');
    accents.add('"éé😀"');
    accents.add('"z"');
    const closed = accents.close();
    expect(closed.bytes).toBe(Buffer.byteLength(closed.json));
    expect(readFrames(encodeFrames([{ json, bytes }]))).toHaveLength(1);
  });

  it('are closed before they are too large or hold too many events', () => {
    const frames = new EventFrames('server');
    const event = JSON.stringify('x'.repeat(400_000));
    expect([frames.add(event), frames.add(event)]).toEqual([undefined, undefined]);
    expect(frames.add(event)?.bytes).toBeLessThan(1024 * 1024);
    const many = new EventFrames('server');
    for (let i = 0; i < 4_096; i++) expect(many.add('1')).toBeUndefined();
    expect(many.add('1')?.json.split(',')).toHaveLength(4_096 + 2);
  });
});
