import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AskEnd } from '@skerry/core/machine';
import type { AskContent } from '@skerry/protocol/agents';
import { parts } from '@skerry/server';
import { expect, vi } from 'vitest';
import { PairedMachine } from './paired-machine.ts';
import { PersonDevice, salt } from './person-device.ts';

const { KeyedAccount, TestServer } = parts;
const AT_ONCE = 20;

/**
 * Two devices answer every ask of a real machine's link at nearly the same time, one with yes and one with no. What the
 * server stored is what the machine was given, once, and whoever was later is told and finds who it was. M-10, M-11
 */
export async function raceAnswers(races: number): Promise<{ readonly phone: number; readonly laptop: number }> {
  await using server = await TestServer.start({ machines: true, rateScale: 100_000 });
  const ada = await KeyedAccount.withKey(server, 'ada');
  const laptop = await PersonDevice.create(ada, ada.who);
  const phone = await PersonDevice.create(ada);
  await ada.setDevices([laptop.device, phone.device]);
  const machine = await PairedMachine.create(ada);
  await using link = await machine.start();
  const ends: AskEnd[] = [];
  link.onAskEnd((end) => {
    ends.push(end);
    return Promise.resolve();
  });
  const run = randomUUID();
  const about = { title: 'races', folder: '/', agent: 'plain', branch: null, mode: null, modes: [] };
  await link.createRun(run, { v: 1, kind: 'agent', ...about });
  const hasKeys = async (device: PersonDevice): Promise<void> => {
    await device.takeKeys();
    expect(device.keysOf(run)).not.toEqual([]);
  };
  for (const device of [phone, laptop]) await vi.waitFor(() => hasKeys(device), { timeout: 8_000, interval: 50 });

  const won = { phone: 0, laptop: 0 };
  const race = async (): Promise<void> => {
    const id = randomUUID();
    const asked = { v: 1, salt: salt(), kind: 'question', text: 'Go on?', choices: ['yes', 'no'] } as const;
    const content: AskContent = { ...asked, choices: [...asked.choices], folder: '/', agent: 'plain' };
    await link.openAsk({ id, run, kind: 'question', content, expiresAt: Date.now() + 60_000 });
    const later = async (device: PersonDevice, choice: string) => {
      await sleep(Math.random() * 3);
      return device.answer(id, choice);
    };
    const [byPhone, byLaptop] = await Promise.all([later(phone, 'yes'), later(laptop, 'no')]);
    expect([byPhone.status, byLaptop.status].sort()).toEqual([200, 409]);
    const phoneWon = byPhone.status === 200;
    expect(phoneWon ? byLaptop.code : byPhone.code).toBe('ask_closed');
    won[phoneWon ? 'phone' : 'laptop']++;
    const winner = phoneWon ? phone : laptop;
    const seenByLoser = await (phoneWon ? laptop : phone).ask(id);
    expect(seenByLoser).toMatchObject({ state: 'answered', answer: { device: winner.number } });
    await vi.waitFor(() => expect(ends.some(({ ask }) => ask === id)).toBe(true), { timeout: 8_000, interval: 5 });
    const told = ends.filter(({ ask }) => ask === id);
    expect(told).toEqual([
      expect.objectContaining({
        kind: 'answered',
        by: winner.number,
        answer: expect.objectContaining({ choice: phoneWon ? 'yes' : 'no' }) as unknown,
      }),
    ]);
  };
  for (let done = 0; done < races; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, race));
  return won;
}
