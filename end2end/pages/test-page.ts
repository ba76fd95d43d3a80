// The page that tests the connection, by role and name.
import type { Locator, Page } from '@playwright/test';
import { hydrated } from './room';

export class TestPage {
  readonly summary: Locator;
  readonly rooms: Locator;
  /** Whether the chosen room is followed, in words. */
  readonly room: Locator;
  readonly sent: Locator;
  readonly participants: Locator;

  constructor(readonly page: Page) {
    this.summary = page.getByRole('status', { name: 'Self-check' });
    this.rooms = page.getByRole('combobox', { name: 'Room' });
    this.room = page.getByRole('status', { name: 'Room', exact: true });
    this.sent = page.getByRole('list', { name: 'Test messages' }).getByRole('listitem');
    this.participants = page.getByRole('list', { name: 'Participants' }).getByRole('listitem');
  }

  async open(): Promise<void> {
    await this.page.goto('/test');
    await hydrated(this.page);
  }

  /** One of the seven points of the self-check. */
  point(name: string): Locator {
    return this.page.getByRole('region', { name: 'Self-check' }).getByRole('listitem', { name });
  }

  fact(name: string): Locator {
    return this.value('Debug information', name);
  }

  figure(name: string): Locator {
    return this.value('Round trips', name);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  private value(region: string, name: string): Locator {
    const term = this.page.getByRole('term').filter({ hasText: new RegExp(`^${name}$`) });
    return this.page.getByRole('region', { name: region }).locator('div').filter({ has: term }).last().getByRole('definition');
  }
}
