import type { Locator, Page } from 'playwright-core';
import { passwordOf } from './raw-client.ts';

/** What a person does with the client, by the names and roles a screen reader would say. */
export class Screen {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(origin: string): Promise<this> {
    await this.page.goto(origin);
    return this;
  }

  /** Goes to a place of the client, as its links do. */
  async goTo(hash: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = to;
    }, hash);
  }

  /** Adds a server by its address and registers there. Ends in its first channel. */
  async register(address: string, name: string): Promise<void> {
    await this.find(address);
    await this.page.getByRole('button', { name: 'Create an account' }).click();
    await this.page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
    await this.page.getByRole('textbox', { name: 'Display name' }).fill(name);
    await this.page.getByLabel('New password', { exact: true }).fill(passwordOf(name));
    await this.page.getByRole('button', { name: 'Create account' }).click();
    // A phone shows the channels first.
    await this.page
      .getByRole('link', { name: /channel general/ })
      .first()
      .click();
    await this.composer.waitFor();
  }

  /** Adds a server by its address and signs in there. */
  async signIn(address: string, name: string): Promise<void> {
    await this.find(address);
    await this.page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
    await this.page.getByLabel('Password', { exact: true }).fill(passwordOf(name));
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.composer.waitFor();
  }

  /** Up to the door: the server answered, proved its key and was chosen. */
  async find(address: string): Promise<void> {
    await this.goTo('#/add');
    await this.page.getByRole('textbox', { name: 'Server address or invite link' }).fill(address);
    await this.page.getByRole('button', { name: 'Continue' }).click();
    await this.page.getByText('It proved its key').waitFor();
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message / });
  }

  get timeline(): Locator {
    return this.page.getByRole('log');
  }

  get rail(): Locator {
    return this.page.getByRole('navigation', { name: 'Servers' });
  }

  /** Shows a server by its name in the rail. */
  async showServer(name: string): Promise<void> {
    await this.rail.getByRole('link', { name: new RegExp(`^${name}\\b`) }).click();
    await this.composer.waitFor();
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** A message by its text, in the channel that is shown. */
  message(text: string): Locator {
    return this.timeline.getByRole('article').filter({ hasText: text });
  }

  /** Texts of all messages in the channel that is shown and begin so, from top to bottom. */
  async texts(start: string): Promise<string[]> {
    const all = await this.timeline.getByRole('article').allInnerTexts();
    return all.flatMap((text) => text.split('\n').filter((line) => line.startsWith(start)));
  }
}
