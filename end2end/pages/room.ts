// What a person sees and does on the pages, by role and name.
import { expect, type Locator, type Page } from '@playwright/test';
import type { Room } from '../fixtures/account';

export class RoomPage {
  readonly status: Locator;
  readonly heading: Locator;
  readonly log: Locator;
  /** The texts, oldest first. */
  readonly messages: Locator;
  readonly box: Locator;
  readonly typing: Locator;
  readonly people: Locator;
  readonly rooms: Locator;

  constructor(readonly page: Page) {
    this.status = page.getByRole('status', { name: 'Connection' });
    this.heading = page.getByRole('heading', { level: 1 });
    this.log = page.getByRole('log', { name: 'Messages' });
    this.messages = this.log.locator('.message__body');
    this.box = page.getByRole('textbox', { name: 'Message', exact: true });
    this.typing = page.getByRole('status', { name: 'Typing' });
    this.people = page.getByRole('complementary', { name: 'People' });
    this.rooms = page.getByRole('navigation', { name: 'Rooms' });
  }

  /** Does not wait for the countdown, unless the page is back by itself before the button is reached. */
  async comeBack(): Promise<void> {
    const isBack = expect(this.status).toHaveText('Connected');
    await Promise.race([this.button('Retry now').click(), isBack]);
    await isBack;
  }

  /** Opens the page and waits until it is alive and connected. */
  async open(room: Room): Promise<void> {
    await this.page.goto(`/rooms/${room.id}`);
    await this.ready();
  }

  async ready(): Promise<void> {
    await hydrated(this.page);
    await expect(this.status).toHaveText('Connected');
  }

  async say(text: string): Promise<void> {
    // Before that Enter breaks the line.
    await hydrated(this.page);
    await this.box.fill(text);
    await this.box.press('Enter');
  }

  /** The line of the log with this text in it. */
  line(text: string | RegExp): Locator {
    return this.log.getByRole('listitem').filter({ hasText: text });
  }

  person(name: string): Locator {
    return this.people.getByRole('listitem').filter({ hasText: name });
  }

  link(room: Room): Locator {
    return this.rooms.getByRole('link', { name: room.name });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  dialog(name: string): Locator {
    return this.page.getByRole('dialog', { name });
  }
}

/** Waits until the page is alive. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', /.*/);
}
