import type { EntryId } from '@skerry/core';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Route } from '../shell/route.ts';
import { followLink, openLinked, type FollowLinkParts } from './follow-link.ts';

const CHANNEL = '01890000-0000-7000-8000-000000000001';
const MESSAGE = '01890000-0000-7000-8000-000000000002';
const LINK = `https://harbour.example/l/open#channel=${CHANNEL}&message=${MESSAGE}`;

let known: EntryId | undefined;
let went: Route[];
let agrees: boolean;
let asked: string[];
let said: string[];
let parts: FollowLinkParts;
const opened = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);

beforeEach(() => {
  [known, went, agrees, asked, said] = [undefined, [], true, [], []];
  opened.mockClear();
  parts = {
    client: { mode: 'hub', entryOfLink: () => Promise.resolve(known) },
    router: { go: (route) => void went.push(route) },
    overlays: {
      toast: ({ text }) => void said.push(text),
      confirm: ({ title }) => {
        asked.push(title);
        return Promise.resolve(agrees);
      },
    },
  };
});

describe('P-17: a link to a message', () => {
  it('leads to it inside the app', async () => {
    known = 'e1' as EntryId;
    followLink(parts)(LINK);
    await vi.waitFor(() =>
      expect(went).toEqual([{ kind: 'channel', entry: 'e1', channel: CHANNEL, message: MESSAGE }]),
    );
    expect(opened).not.toHaveBeenCalled();
  });

  it('offers to add a server that is not in the list, and does so only when asked to', async () => {
    agrees = false;
    await openLinked(LINK, parts);
    expect([went, asked]).toEqual([[], ['harbour.example is not in your list']]);
    agrees = true;
    await openLinked(LINK, parts);
    expect(went).toEqual([{ kind: 'add', input: 'https://harbour.example' }]);
  });

  it('says on a page of one server that it leads to another', async () => {
    parts = { ...parts, client: { ...parts.client, mode: 'hosted' } };
    await openLinked(LINK, parts);
    expect([went, asked]).toEqual([[], []]);
    expect(said.join()).toContain('harbour.example');
  });

  it('is no such link when the grammar refuses it, and then opens outside like any other', () => {
    followLink(parts)(`${LINK}&token=1`);
    expect(opened).toHaveBeenCalledOnce();
    expect(went).toEqual([]);
  });
});
