import type { Locator, Page } from '@playwright/test';
import { PASSWORD } from '../fixtures/account';
import { expect, test } from '../fixtures/hubbub';
import { RoomPage } from '../pages/room';

const isFocused = (it: Locator) => it.evaluate((element) => element === document.activeElement);

/** Presses Tab until it is there; a person would give up sooner. */
async function tabTo(page: Page, goal: Locator): Promise<void> {
  await expect(goal).toBeVisible();
  for (let steps = 0; steps < 60 && !(await isFocused(goal)); steps++) await page.keyboard.press('Tab');
  await expect(goal).toBeFocused();
}

test('everything can be done without a mouse', async ({ register, visitor: page }) => {
  const alice = await register('alice');
  const room = await alice.createRoom('Tea kitchen');
  const here = new RoomPage(page);
  const { keyboard } = page;

  await page.goto('/');
  await tabTo(page, page.getByLabel('User name or e-mail'));
  await keyboard.type(alice.name);
  await tabTo(page, page.getByLabel('Password', { exact: true }));
  await keyboard.type(PASSWORD);
  await keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  await here.ready();

  await tabTo(page, here.link(room));
  await keyboard.press('Enter');
  await expect(here.heading).toHaveText('Tea kitchen');
  await tabTo(page, here.box);
  await keyboard.type('without a mouse');
  await keyboard.press('Enter');
  await expect(here.messages).toHaveText(['without a mouse']);

  const opener = here.rooms.getByRole('button', { name: 'New room' });
  await tabTo(page, opener);
  await keyboard.press('Enter');
  const dialog = here.dialog('New room');
  await expect(dialog.getByLabel('Room name')).toBeFocused();
  await keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
  await keyboard.press('Enter');
  await expect(dialog.getByLabel('Room name')).toBeFocused();
  await keyboard.type('Attic');
  await keyboard.press('Enter');
  await expect(here.heading).toHaveText('Attic');

  await tabTo(page, here.button('Leave room'));
  await keyboard.press('Enter');
  const question = here.dialog('Leave room?');
  await tabTo(page, question.getByRole('button', { name: 'Leave', exact: true }));
  await keyboard.press('Enter');
  await expect(here.rooms.getByRole('link', { name: /^Attic/ })).toBeHidden();
  await expect(here.link(room)).toBeVisible();
});

test('a dialog that is opened again at once stays open', async ({ alice }) => {
  await alice.page.goto('/');
  await alice.ready();
  const opener = alice.rooms.getByRole('button', { name: 'New room' });
  await opener.click();
  const dialog = alice.dialog('New room');
  await expect(dialog).toBeVisible();
  // As by Esc and Enter before the browser has told the page that it closed the dialog.
  await opener.evaluate(async (button: HTMLElement) => {
    const open = document.querySelector<HTMLDialogElement>('dialog[open]')!;
    const closed = new Promise((done) => open.addEventListener('close', done));
    open.close();
    button.click();
    await closed;
    await new Promise(requestAnimationFrame);
  });
  await expect(dialog).toBeVisible();
});

test('a dialog keeps the focus inside', async ({ alice }) => {
  await alice.page.goto('/');
  await alice.ready();
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  const dialog = alice.dialog('New room');
  for (let steps = 0; steps < 10; steps++) {
    await alice.page.keyboard.press('Tab');
    const outside = await alice.page.evaluate(
      () => document.activeElement !== document.body && !document.activeElement?.closest('dialog, [role=dialog]'),
    );
    expect(outside).toBe(false);
  }
  await expect(dialog).toBeVisible();
});
