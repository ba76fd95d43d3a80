// What pops up at the edge of any page, by role and name.
import type { Locator, Page } from '@playwright/test';

export class Notices {
  /** Everything but errors, the newest first. */
  readonly notes: Locator;
  readonly errors: Locator;
  readonly maintenance: Locator;

  constructor(page: Page) {
    this.notes = page.getByRole('status', { name: 'Notifications' }).locator('.toast');
    this.errors = page.getByRole('alert', { name: 'Errors' }).locator('.toast');
    this.maintenance = page.getByRole('status', { name: 'Maintenance' });
  }
}
