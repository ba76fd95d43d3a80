// A live session, by role and name.
import { expect, type Locator, type Page } from '@playwright/test';
import type { Room } from '../fixtures/account';
import { RoomPage } from './room';

export class LivePage extends RoomPage {
  readonly standing: Locator;
  readonly participants: Locator;
  readonly list: Locator;
  readonly comings: Locator;
  readonly controls: Locator;

  constructor(page: Page) {
    super(page);
    this.standing = page.getByRole('status', { name: 'Session', exact: true });
    this.participants = page.getByRole('complementary', { name: 'Participants' });
    this.list = this.participants.getByRole('list').first().getByRole('listitem');
    this.comings = this.participants.getByRole('log', { name: 'Joined and left' });
    this.controls = page.getByRole('group', { name: 'Session controls' });
  }

  /** Ends the session, and says yes to the question. */
  async end(): Promise<void> {
    await this.controls.getByRole('button', { name: 'End session', exact: true }).click();
    await this.dialog('End session?').getByRole('button', { name: 'End session', exact: true }).click();
  }

  override async open(room: Room): Promise<void> {
    await this.page.goto(`/live/${room.id}`);
    await this.ready();
    await expect(this.participants).not.toContainText('Joining…');
  }
}
