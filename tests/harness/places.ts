import type { Screen } from './screen.ts';
import { settled } from './settled.ts';

export type Place = {
  readonly name: string;
  /** Goes there and waits until it is drawn. Starts from any other place. */
  readonly show: (screen: Screen) => Promise<void>;
  /** Closes what lies above the page. */
  readonly leave?: (screen: Screen) => Promise<void>;
};

const escape = (screen: Screen): Promise<void> => screen.page.keyboard.press('Escape');

/** Every screen of a client that has two servers, one of them called Harbour with a person called bert on it. */
export const PLACES: readonly Place[] = [
  { name: 'channel', show: (screen) => channel(screen) },
  {
    name: 'message tools and menu',
    show: async (screen) => {
      await channel(screen);
      await screen.timeline.getByRole('article').last().click({ button: 'right' });
      await screen.page.getByRole('menu').waitFor();
    },
    leave: escape,
  },
  {
    name: 'emoji',
    show: async (screen) => {
      await channel(screen);
      await screen.page.getByRole('button', { name: 'Emoji' }).click();
      await screen.page.getByRole('dialog').getByRole('option').first().waitFor();
      await settled(screen.page);
    },
    leave: escape,
  },
  {
    name: 'members',
    show: async (screen) => {
      await channel(screen);
      await screen.page.getByRole('button', { name: 'Members', exact: true }).click();
      await screen.page.getByText('Online').first().waitFor();
    },
    leave: async (screen) => screen.page.getByRole('button', { name: 'Members', exact: true }).click(),
  },
  {
    name: 'new channel',
    show: async (screen) => {
      await channel(screen);
      await screen.page.getByRole('button', { name: 'Create a channel' }).click();
      await screen.page.getByRole('dialog').waitFor();
    },
    leave: escape,
  },
  {
    name: 'server menu',
    show: async (screen) => {
      await channel(screen);
      await screen.page.getByRole('button', { name: 'Harbour: menu' }).click();
      await screen.page.getByRole('menu').waitFor();
    },
    leave: escape,
  },
  {
    name: 'connections',
    show: async (screen) => {
      await channel(screen);
      await screen.page.getByRole('button', { name: /^Connections: \d/ }).click();
      await screen.page
        .getByText(/\d of \d connected/)
        .first()
        .waitFor();
    },
    leave: escape,
  },
  {
    name: 'palette',
    show: async (screen) => {
      await channel(screen);
      await screen.page.keyboard.press('Control+k');
      await screen.page.getByRole('combobox').waitFor();
    },
    leave: escape,
  },
  {
    name: 'inbox',
    show: async (screen) => {
      await screen.goTo('#/inbox');
      await screen.page.getByRole('tab', { name: /^Everything/ }).click();
      const rows = screen.page.getByRole('tabpanel', { name: 'Inbox items' }).getByRole('button');
      await rows.first().click();
      await screen.page.getByRole('textbox', { name: /^Reply to/ }).waitFor();
    },
  },
  {
    name: 'servers',
    show: async (screen) => {
      await screen.goTo('#/servers');
      await screen.page.getByRole('heading', { name: 'Servers' }).first().waitFor();
    },
  },
  ...(['you', 'keys', 'devices', 'appearance', 'keyboard', 'admin', 'about'] as const).map((section) => ({
    name: `settings: ${section}`,
    show: async (screen: Screen) => {
      await screen.goTo(`#/settings/${section}`);
      await screen.page.getByRole('main').getByRole('heading').first().waitFor();
      await settled(screen.page, 200);
    },
  })),
  {
    name: 'making keys',
    show: async (screen) => {
      await screen.goTo('#/settings/keys');
      await screen.page.getByRole('button', { name: /^Make your keys/ }).click();
      await screen.page.getByRole('button', { name: 'Make my keys' }).waitFor();
    },
    leave: escape,
  },
  {
    name: 'entering the 24 words',
    show: async (screen) => {
      await screen.goTo('#/settings/keys');
      await screen.page.getByRole('button', { name: /^Enter your 24 words/ }).click();
      await screen.page.getByRole('combobox', { name: 'Word 1', exact: true }).fill('har');
    },
    leave: escape,
  },
  {
    name: 'waiting for another device',
    show: async (screen) => {
      await screen.goTo('#/settings/keys');
      await screen.page.getByRole('button', { name: /^Let another device send them/ }).click();
      await screen.page.getByRole('dialog').waitFor();
      await settled(screen.page, 200);
    },
    leave: async (screen) => screen.page.getByRole('button', { name: 'Stop waiting' }).click(),
  },
  {
    name: 'machines and runs, before there are any',
    show: async (screen) => {
      await screen.goTo('#/agents');
      await screen.page.getByRole('link', { name: 'Pair a machine' }).last().waitFor();
    },
  },
  {
    name: 'add a server',
    show: async (screen) => {
      await screen.goTo('#/add');
      await screen.page.getByRole('textbox', { name: 'Server address or invite link' }).waitFor();
    },
    leave: escape,
  },
];

async function channel(screen: Screen): Promise<void> {
  await screen.goTo('#/');
  await screen.showServer('Harbour');
  await screen.timeline.getByRole('article').first().waitFor();
}
