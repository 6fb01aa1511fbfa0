import type { EntryId, PairingRequestView } from '@skerry/core';
import { settle } from '@skerry/core/testing';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Router } from '../shell/router.svelte.ts';
import { KeysDoor } from '../state/keys-door.svelte.ts';
import { FleetStandIn, type PairingStandIn } from '../testing/fleet-stand-in.ts';
import { joinAnother, liveServer, type LiveServer } from '../testing/live-server.ts';
import PairingProbe from '../testing/PairingProbe.svelte';
import { Overlays } from '../ui/overlays.svelte.ts';

vi.setConfig({ testTimeout: 20_000 });

const KEY = 'A'.repeat(43);
const TO_B = `https://harbour.example/l/terminal#key=${KEY}&commit=${KEY}&server=https%3A%2F%2Flighthouse.example`;

let live: LiveServer;
let lighthouse: EntryId;
let fleet: FleetStandIn;
let router: Router;
let leaving: AbortController;
let signedIn: EntryId[];
let door: KeysDoor;

beforeEach(async () => {
  vi.stubGlobal('isSecureContext', true);
  live = await liveServer();
  lighthouse = (await joinAnother(live, 'https://lighthouse.example')).handle.id;
  fleet = new FleetStandIn();
  vi.spyOn(live.client, 'machines').mockResolvedValue(fleet);
  leaving = new AbortController();
  signedIn = [];
  door = new KeysDoor();
});
afterEach(async () => {
  leaving.abort();
  vi.unstubAllGlobals();
  await live.client[Symbol.asyncDispose]();
  history.replaceState(null, '', '/');
});

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flushSync();
  }
  expect(isSo()).toBe(true);
}

function open(address: string): void {
  history.replaceState(null, '', address);
  router = new Router(window, leaving.signal);
  const onsignin = (entry: EntryId): void => void signedIn.push(entry);
  render(PairingProbe, { props: { client: live.client, router, overlays: new Overlays(), door, onsignin } });
  flushSync();
}

const heading = (): string => screen.getByRole('heading', { level: 2 }).textContent ?? '';
const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole('button', { name });
const says = (text: string | RegExp): boolean => screen.queryAllByText(text).length > 0;

function request(): PairingRequestView {
  const now = Date.now();
  const label = 'think\u202epad';
  return { label, system: 'Linux 6', program: 'skerry 0.1.0', askedAt: now - 12_000, expiresAt: now + 108_000 };
}
const comparing = () =>
  ({ kind: 'comparing', request: request(), words: ['harbor', 'lantern', 'seven'], digits: '42' }) as const;

/** Pastes a code, as a person who wants it. */
async function paste(text: string): Promise<void> {
  open('/#/pair');
  await fireEvent.input(screen.getByRole('textbox'), { target: { value: text } });
  await fireEvent.click(button('Continue'));
}

async function pasted(text = TO_B): Promise<PairingStandIn> {
  await paste(text);
  await until(() => fleet.pairings.length === 1);
  const [pairing] = fleet.pairings;
  if (pairing === undefined) throw new Error('nothing was begun');
  return pairing;
}

describe('a code that was pasted', () => {
  it('is spoken about with its own server alone, and allowed only once both codes were compared (T4, T5, S2.37)', async () => {
    live.client.focus(live.handle.id);
    const pairing = await pasted();
    expect(pairing.entryId).toBe(lighthouse);
    expect(heading()).toBe('Give a new computer access to lighthouse');
    expect(says('lighthouse.example · as @anna')).toBe(true);
    expect(screen.getByRole('list', { name: 'Six words of lighthouse' }).children).toHaveLength(6);
    pairing.stage.set({ kind: 'meeting', request: request() });
    flushSync();
    expect(says(/Waiting for the computer/)).toBe(true);
    // What turns a line around is not shown as part of its name.
    expect(says('thinkpad')).toBe(true);
    expect(button('Allow').disabled).toBe(true);
    pairing.stage.set(comparing());
    flushSync();
    const shown = [...document.querySelectorAll('[data-code] b')].map(({ textContent }) => textContent);
    expect(shown).toEqual(['harbor', 'lantern', 'seven', '42']);
    expect(button('Allow').disabled).toBe(true);
    await fireEvent.click(screen.getByRole('checkbox', { name: 'The codes match' }));
    expect(button('Allow').disabled).toBe(false);
    await fireEvent.click(button('Allow'));
    expect(pairing.did).toEqual(['approve']);
    pairing.stage.set({ kind: 'approving', request: request() });
    flushSync();
    expect(button('Deny').disabled).toBe(true);
    pairing.stage.set({ kind: 'approved', request: request(), machine: 7 });
    flushSync();
    expect(heading()).toBe('thinkpad is now a machine on lighthouse');
    expect(fleet.asked.map(({ entry }) => entry)).toEqual([lighthouse]);
  });

  it('is compared anew when it shows another code, and is not allowed after its time', async () => {
    const pairing = await pasted();
    pairing.stage.set(comparing());
    flushSync();
    await fireEvent.click(screen.getByRole('checkbox'));
    pairing.stage.set({ ...comparing(), digits: '43' });
    flushSync();
    expect(button('Allow').disabled).toBe(true);
    await fireEvent.click(screen.getByRole('checkbox'));
    pairing.stage.set({ ...comparing(), request: { ...request(), expiresAt: Date.now() - 1 } });
    flushSync();
    expect(button('Allow').disabled).toBe(true);
    expect(pairing.did).toEqual([]);
  });

  it('can be denied, and be reported by who did not start it', async () => {
    const pairing = await pasted();
    pairing.stage.set(comparing());
    flushSync();
    await fireEvent.click(button('Deny'));
    await until(() => pairing.did.length === 1);
    await fireEvent.click(button(/deny and report/));
    await until(() => pairing.did.length === 2);
    expect(pairing.did).toEqual(['deny', 'report']);
  });

  it('says how it ended, and leads on to a new one', async () => {
    const pairing = await pasted();
    const titles = {
      expired: 'The code has expired',
      used: 'The code is not valid any more',
      forged: 'Something is wrong with this code',
      other_server: 'The code is for another server',
      denied: 'Denied',
      withdrawn: 'The computer took the code back',
      unsupported: 'No machines here',
      failed: 'That did not work',
    } as const;
    for (const [why, title] of Object.entries(titles)) {
      pairing.stage.set({ kind: 'ended', why: why as keyof typeof titles });
      flushSync();
      expect(heading()).toBe(title);
      expect(screen.queryByRole('button', { name: 'Allow' })).toBeNull();
      expect(screen.getByRole('alert').textContent?.trim()).not.toBe('');
    }
    await fireEvent.click(button('Scan a new code'));
    await until(() => heading() === 'Pair a machine');
    expect(pairing.did).toEqual(['left']);
  });

  it('is left when the person goes elsewhere, and nothing is sent any more (T4)', async () => {
    const pairing = await pasted();
    pairing.stage.set(comparing());
    router.go({ kind: 'server', entry: live.handle.id });
    await until(() => pairing.did.length === 1);
    expect([pairing.did, fleet.pairings.length]).toEqual([['left'], 1]);
  });

  it('is refused with a sentence where it is none', async () => {
    await paste('happy://terminal?key=abc');
    for (const [text, sentence] of [
      ['happy://terminal?key=abc', /pairing code of another product/],
      ['https://harbour.example/l/join#invite=abcdefgh12', /link to a server, not the code/],
      ['hello', /not a code of a computer/],
    ] as const) {
      await fireEvent.input(screen.getByRole('textbox'), { target: { value: text } });
      await fireEvent.click(button('Continue'));
      expect(says(sentence)).toBe(true);
    }
    expect([fleet.asked, location.hash]).toEqual([[], '#/pair']);
  });

  it('leads to the joining of a server that is new, and begins nothing before (S2.36, S2.38)', async () => {
    await paste(TO_B.replace('lighthouse', 'cloud'));
    await until(() => heading() === 'Connecting to new server: cloud.example');
    expect(fleet.asked).toEqual([]);
    await fireEvent.click(button('Join cloud.example'));
    await until(() => screen.queryByRole('heading', { name: 'Add a server' }) !== null);
    expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe('https://cloud.example/l/connect');
    await fireEvent.click(button('Cancel'));
    await until(() => screen.queryByRole('heading', { name: /^Connecting to new server/ }) !== null);
  });
});

describe('a link that was opened', () => {
  it('does nothing before the person wants it, and is asked about again after a reload (T5)', async () => {
    open(`/#/l/terminal?${TO_B.split('#')[1] ?? ''}`);
    await until(() => heading() === 'A new computer asks for access to lighthouse.example');
    expect(fleet.asked).toEqual([]);
    await fireEvent.click(button('Look at it'));
    await until(() => fleet.pairings.length === 1);
    expect(fleet.pairings[0]?.entryId).toBe(lighthouse);
  });

  it('asks which account, where there are several on that server', async () => {
    const { handle } = await joinAnother(live, 'https://harbour.example');
    await paste(TO_B.replace('https%3A%2F%2Flighthouse.example', 'https%3A%2F%2Fharbour.example'));
    await until(() => heading().startsWith('As whom?'));
    const rows = screen.getAllByRole('button', { name: /harbour\.example$/ });
    expect(rows).toHaveLength(2);
    await fireEvent.click(rows[1] as HTMLElement);
    await until(() => fleet.pairings.length === 1);
    expect(fleet.pairings[0]?.entryId).toBe(handle.id);
  });

  it('says what keeps its server from being asked, with a way on', async () => {
    const pairing = await pasted();
    pairing.stage.set({ kind: 'waiting', for: 'server' });
    const handle = live.client.server(lighthouse);
    await handle?.pause();
    await until(() => says('You have paused lighthouse.'));
    await fireEvent.click(button('Resume'));
    await until(() => handle?.state.get().kind === 'live');
    await handle?.signOut('keep');
    await until(() => says(/^You are signed out of lighthouse/));
    await fireEvent.click(button('Sign in'));
    expect(signedIn).toEqual([lighthouse]);
    pairing.stage.set({ kind: 'waiting', for: 'keys' });
    await until(() => says(/this device has none yet/));
    await fireEvent.click(button('Make your keys'));
    expect(door.open).toBe('make');
  });
});
