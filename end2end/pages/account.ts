// The page of one's account, by role and name.
import type { Locator, Page } from '@playwright/test';

export class AccountPage {
  readonly signIns: Locator;
  readonly done: Locator;
  readonly current: Locator;
  readonly next: Locator;

  constructor(readonly page: Page) {
    const list = page.getByRole('region', { name: 'Where you are signed in' });
    this.signIns = list.getByRole('listitem');
    this.done = page.getByRole('status');
    this.current = page.getByLabel('Current password');
    this.next = page.getByLabel('New password');
  }

  async open(): Promise<void> {
    await this.page.goto('/account');
  }

  /** The row of a device. */
  device(name: string): Locator {
    return this.signIns.filter({ hasText: name });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  async end(device: string): Promise<void> {
    await this.button(`End the sign-in of ${device}`).click();
  }

  async changePassword(from: string, to: string): Promise<void> {
    await this.current.fill(from);
    await this.next.fill(to);
    await this.button('Change password').click();
  }
}
