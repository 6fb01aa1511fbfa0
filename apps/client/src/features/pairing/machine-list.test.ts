import type { EntryId, PairingNoticeView } from '@skerry/core';
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentsNews } from '../../state/agents-news.svelte.ts';
import AgentsWatchProbe from '../../testing/AgentsWatchProbe.svelte';
import { askView } from '../../testing/agents-views.ts';
import { FleetStandIn, machineView } from '../../testing/fleet-stand-in.ts';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import { Overlays } from '../../ui/overlays.svelte.ts';

let live: LiveServer;
let fleet: FleetStandIn;
let news: AgentsNews;
let overlays: Overlays;
let looked: EntryId[];
let entryId: EntryId;

beforeEach(async () => {
  live = await liveServer();
  fleet = new FleetStandIn();
  [news, overlays, looked, entryId] = [new AgentsNews(), new Overlays(), [], live.handle.id];
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

function show(part: Parameters<FleetStandIn['show']>[0]): void {
  const here = { entryId, label: 'Work', state: 'fresh', off: null } as const;
  fleet.show({ parts: [here], ...part });
  const ondevices = (entry: EntryId): void => void looked.push(entry);
  render(AgentsWatchProbe, {
    props: { client: live.client, fleet, news, overlays, view: live.handle.view.get(), ondevices },
  });
  flushSync();
}
const notice = (more: Partial<PairingNoticeView> = {}): PairingNoticeView => ({
  key: 'n1',
  entryId,
  serverLabel: 'Work',
  label: 'studio-mac',
  state: 'approved',
  device: 2,
  deviceName: 'Phone',
  at: Date.now(),
  ...more,
});
const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });

describe('what another device did about a computer', () => {
  it('is told with its name, by whom and when, and taken back by who did not do it (T5)', async () => {
    const pairedAt = Date.now();
    const others = [machineView({ entryId: 'elsewhere' as EntryId, pairedAt }), machineView({ entryId, device: 4 })];
    show({ notices: [notice()], machines: [...others, machineView({ entryId, device: 9, pairedAt })] });
    const told = screen.getByRole('status').textContent;
    expect(told).toContain('studio-mac was let in on Work');
    expect(told).toContain('by Phone');
    const asked = vi.spyOn(overlays, 'confirm').mockResolvedValue(true);
    await fireEvent.click(button('That wasn’t me'));
    await vi.waitFor(() => expect(screen.queryByRole('status')).toBeNull());
    expect(asked.mock.calls[0]?.[0].title).toBe('Remove studio-mac?');
    expect(fleet.asked).toEqual([{ what: 'remove 9', entry: entryId, given: undefined }]);
  });

  it('leads to the devices where the machine is not known, and goes when it was the person', async () => {
    show({ notices: [notice(), notice({ key: 'n2', state: 'reported', label: '\u202e', deviceName: null })] });
    await fireEvent.click(button('That wasn’t me'));
    expect([looked, fleet.asked]).toEqual([[entryId], []]);
    expect(screen.getByText('Reported: somebody tried to let A computer without a name in on Work')).toBeTruthy();
    await fireEvent.click(button('That was me'));
    expect(screen.queryByText('studio-mac was let in on Work')).toBeNull();
  });
});

describe('what waits at agents', () => {
  it('is counted over all servers but muted ones (S0.5, S1.30)', async () => {
    show({ asks: [askView({ entryId }), askView({ entryId: 'elsewhere' as EntryId })] });
    expect(news.asks).toBe(2);
    await live.handle.update({ muted: true });
    flushSync();
    expect(news.asks).toBe(1);
    fleet.show({ asks: [] });
    flushSync();
    expect(news.asks).toBe(0);
  });
});

describe('the machines of a server', () => {
  it('are listed below its devices and removed there, those of others are not (S2.45)', async () => {
    show({
      machines: [
        machineView({ entryId, standing: 'unlisted', device: 3, name: ' ' }),
        machineView({ entryId, name: 'studio\u202e-mac' }),
        machineView({ entryId: 'elsewhere' as EntryId, name: 'foreign' }),
      ],
    });
    const list = within(screen.getByRole('group', { name: `Machines: ${live.handle.view.get().label}` }));
    const rows = list.getAllByRole('listitem').map(({ textContent }) => textContent.replaceAll(/\s+/g, ' '));
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/Machine 3.*not on your signed list: nothing of it is believed/);
    expect(rows[1]).toMatch(/studio-mac.*Darwin 25 · online · paired/);
    vi.spyOn(overlays, 'confirm').mockResolvedValue(true);
    const opened = vi.spyOn(overlays, 'openMenu');
    await fireEvent.click(list.getByRole('button', { name: 'Actions for studio-mac' }));
    const entries = opened.mock.calls[0]?.[1].entries ?? [];
    const pick = (label: string): void => {
      for (const entry of entries) if (entry.kind === 'action' && entry.label === label) entry.onselect();
    };
    pick('Remove');
    await vi.waitFor(() => expect(fleet.asked).toHaveLength(1));
    expect(fleet.asked).toEqual([{ what: 'remove 7', entry: entryId, given: undefined }]);
  });
});
