import type { CommandId, Up } from '@skerry/protocol';
import { expect, test } from 'vitest';
import { MachineWire } from './machine-wire.ts';

const ID = '0197f3f4-0000-7000-8000-000000000001' as CommandId;

test('M-12: who is connected is what this socket said last, and nobody without a socket', () => {
  const wire = new MachineWire();
  const heard: unknown[] = [];
  wire.listen((frame) => heard.push(frame?.t));
  wire.linked(() => undefined);
  wire.heard({ t: 'machines', full: true, machines: [[2, true], [3, true]] }); // prettier-ignore
  wire.heard({ t: 'machines', full: false, machines: [[3, false], [4, true]] }); // prettier-ignore
  expect([...wire.online.get()]).toEqual([2, 4]);
  wire.heard({ t: 'machines', full: true, machines: [[5, true]] });
  expect([...wire.online.get()]).toEqual([5]);
  wire.unlinked();
  expect([...wire.online.get()]).toEqual([]);
  expect(heard).toEqual(['machines', 'machines', 'machines', undefined]);
  const many = Array.from({ length: 5_000 }, (_, at): [number, boolean] => [at, true]);
  wire.heard({ t: 'machines', full: false, machines: many });
  expect(wire.online.get().size).toBe(1_000);
});

test('a call leaves by the socket there is, or is said not to', () => {
  const wire = new MachineWire();
  const sent: Up[] = [];
  expect(wire.call(ID, 2, '')).toBe(false);
  wire.linked((frame) => sent.push(frame));
  expect(wire.call(ID, 2, 'eA')).toBe(true);
  expect(sent).toEqual([{ t: 'rpc', id: ID, to: 2, body: 'eA' }]);
  wire.unlinked();
  expect(wire.call(ID, 2, 'eA')).toBe(false);
  expect(sent).toHaveLength(1);
});
