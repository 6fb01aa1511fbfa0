import type { Locator, Page } from 'playwright-core';
import { passwordOf } from './raw-client.ts';
import { Screen } from './screen.ts';

/** What a person does with encrypted conversations, by the names and roles a screen reader would say. */
export class KeyedScreen extends Screen {
  /** The 24 words, once the keys were made. */
  words: readonly string[] = [];

  constructor(page: Page) {
    super(page);
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog').or(this.page.getByRole('alertdialog')).last();
  }

  /** Makes the person's keys from the list of channels, and reads the words off the screen. */
  async makeKeys(): Promise<void> {
    await this.page.getByRole('button', { name: 'Make your keys' }).first().click();
    await this.dialog.getByRole('button', { name: 'Make my keys' }).click();
    await this.dialog.getByRole('button', { name: 'Show the words' }).click();
    this.words = await this.dialog.getByRole('list', { name: 'Your 24 words' }).locator('.word').allInnerTexts();
    await this.dialog.getByRole('button', { name: 'Check them later' }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  /** Gives the account of the server that is shown, which was made with a password, the person's key. */
  async giveKey(name: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Give it your key' }).first().click();
    await this.page.getByLabel('Password on this server', { exact: true }).first().fill(passwordOf(name));
    await this.page.getByRole('button', { name: 'Give it my key' }).first().click();
  }

  /** Adds a server and registers there by the person's key, without a password. */
  async registerByKey(address: string, name: string): Promise<void> {
    await this.find(address);
    await this.page.getByRole('button', { name: 'Create an account' }).click();
    await this.page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
    await this.page.getByRole('textbox', { name: 'Display name' }).fill(name);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.page
      .getByRole('link', { name: /channel general/ })
      .first()
      .click();
    await this.composer.waitFor();
  }

  get newConversation(): Locator {
    return this.page.getByRole('button', { name: 'New direct message or private group' }).first();
  }

  /** Starts a conversation with these people of the server that is shown; with several of them, a group of that name. */
  async start(people: readonly string[], group?: string): Promise<void> {
    await this.newConversation.click();
    for (const person of people) await this.dialog.getByRole('button', { name: person, exact: true }).click();
    if (group !== undefined) await this.dialog.getByRole('textbox', { name: 'Name of the group' }).fill(group);
    await this.dialog
      .getByRole('button', { name: group === undefined ? /^(Message|Open the conversation)/ : 'Create group' })
      .click();
    await this.dialog.waitFor({ state: 'detached' });
    await this.composer.waitFor();
  }

  /** The row of an encrypted conversation in the list of channels. */
  conversation(name: string): Locator {
    return this.page.getByRole('link', { name: new RegExp(`^encrypted (?:conversation with|group) ${name}\\b`) });
  }

  override async open(nameOrOrigin: string): Promise<this> {
    if (/^https?:/.test(nameOrOrigin)) return super.open(nameOrOrigin);
    await this.conversation(nameOrOrigin).click();
    await this.page.getByRole('heading', { level: 1, name: nameOrOrigin }).waitFor();
    await this.composer.waitFor();
    return this;
  }

  /** The line below the header that says who can read. */
  get readers(): Locator {
    return this.page.getByRole('button', { name: /can read this\. Whoever runs/ });
  }
}
