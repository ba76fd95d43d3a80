// Pictures of every page and main state for a person to look at; run by `make screenshots` alone.
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { DevtoolsPage } from '../pages/devtools';

const FOLDER = resolve(__dirname, '../../screenshots');
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

/** One picture for each size, in light and in dark. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${FOLDER}/${name}-${size}-${colorScheme}.png` });
    }
  }
}

test('sign-in and registration', async ({ visitor, guard }) => {
  guard.allow(answered(401), answered(422));
  await visitor.goto('/sign-in');
  await shoot(visitor, 'sign-in');
  await visitor.getByLabel('User name or e-mail').fill('nobody-of-that-name');
  await visitor.getByLabel('Password', { exact: true }).fill('not-the-right-one');
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor.getByRole('alert')).toBeVisible();
  await shoot(visitor, 'sign-in-refused');
  await visitor.goto('/register');
  await shoot(visitor, 'register');
});

test('rooms', async ({ alice, bob }) => {
  await alice.page.goto('/');
  await alice.ready();
  await shoot(alice.page, 'rooms-none');
  await alice.page.setViewportSize(SIZES.desktop);
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  await shoot(alice.page, 'rooms-new');
  await alice.dialog('New room').getByRole('button', { name: 'Cancel' }).click();
  for (const name of ['Design critique', 'Tea kitchen', 'Weekend walk']) {
    const room = await bob.account.createRoom(name, alice.account);
    await bob.account.say(room, `Is anybody in ${name}?`);
  }
  await expect(alice.rooms.getByRole('link')).toHaveCount(3);
  await shoot(alice.page, 'rooms');
});

test('a conversation', async ({ alice, bob, room }) => {
  await alice.open(room);
  await shoot(alice.page, 'room-empty');
  await bob.account.say(room, 'Is there tea? I can bring the good cups.');
  await bob.account.say(room, 'A link that is long: https://example.org/' + 'very-'.repeat(30) + 'long');
  await bob.account.say(room, 'مرحبا بكم في مطبخ الشاي');
  await alice.say('There is.\nTwo kinds, even.');
  await expect(alice.line('There is.')).toContainText('Sent');
  await bob.open(room);
  await bob.box.pressSequentially('Oh');
  await expect(alice.typing).not.toHaveText('');
  await shoot(alice.page, 'room');
  alice.wire.refusePosts('You may not write here.');
  await alice.say('This one is refused.');
  await expect(alice.line('This one is refused.')).toContainText('Not sent');
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await alice.say('This one waits.');
  await shoot(alice.page, 'room-reconnecting');
});

test('many messages', async ({ alice, bob, room }) => {
  await bob.account.sayMany(room, 200);
  await alice.open(room);
  await alice.messages.nth(10).scrollIntoViewIfNeeded();
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  await shoot(alice.page, 'room-news');
  await alice.page.setViewportSize(SIZES.phone);
  await alice.button('People').click();
  await expect(alice.people).toBeVisible();
  await shoot(alice.page, 'room-people');
});

test('devtools', async ({ alice }) => {
  const devtools = new DevtoolsPage(alice.page);
  await devtools.open();
  await expect(alice.status).toHaveText('Connected');
  await shoot(alice.page, 'devtools');
  await devtools.simulate({ duration: 1, frequency: 0.1, prefix: 'Brewing' });
  await expect(devtools.outcome).toHaveText(/^Completed/);
  await shoot(alice.page, 'devtools-completed');
  await devtools.simulate({ duration: 1, frequency: 0.1, failureRate: 100 });
  await expect(devtools.outcome).toHaveText(/^Failed/);
  await shoot(alice.page, 'devtools-failed');
});

test('nothing there', async ({ alice, guard }) => {
  guard.allow(answered(404));
  await alice.page.goto('/there/is/nothing');
  await shoot(alice.page, 'not-found');
});
