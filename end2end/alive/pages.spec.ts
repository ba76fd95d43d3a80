// Every page of a server that runs comes to life, and none writes an error. Set `LEPTOS_SITE_ADDR` where it is another one
// than Cargo.toml says.
import { randomUUID } from 'node:crypto';
import { expect, test as base } from '@playwright/test';
import { PASSWORD } from '../fixtures/account';
import { answered, Guard } from '../fixtures/guard';
import { Server } from '../fixtures/server';
import { hydrated, RoomPage } from '../pages/room';

/** Where cargo-leptos says that the server is. */
const ADDRESS = `http://${process.env.LEPTOS_SITE_ADDR ?? '127.0.0.1:3000'}`;
/** A server in debug form makes its first accounts for some seconds. */
const PATIENCE = { timeout: 60_000 };

const test = base.extend<{ guard: Guard }, { url: string }>({
  url: [
    async ({}, use) => {
      // In production the server of cargo-leptos has no secret and ends; so there is one of our own, from the same build.
      const own = process.env.HUBBUB_ENV === 'development' ? undefined : await Server.start();
      const url = own?.url ?? ADDRESS;
      const isThere = () => fetch(`${url}/healthz`).then(({ ok }) => ok, () => false);
      await expect.poll(isThere, { message: `a server at ${url}`, ...PATIENCE }).toBe(true);
      await use(url);
      await own?.stop();
    },
    { scope: 'worker', timeout: PATIENCE.timeout },
  ],
  baseURL: ({ url }, use) => use(url),
  guard: async ({ context }, use) => {
    const guard = new Guard();
    guard.watch(context);
    await use(guard);
    guard.check();
  },
});

test('every page is there and lives, from the registration on', async ({ page, guard }) => {
  const tab = new RoomPage(page);
  for (const [path, heading] of [
    ['/sign-in', 'Sign in'],
    ['/register', 'Create an account'],
  ] as const) {
    await page.goto(path);
    await expect(tab.heading).toHaveText(heading);
  }
  const name = `alive-${randomUUID().slice(0, 8)}`;
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('E-mail').fill(`${name}@example.org`);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account', exact: true }).click();
  await tab.ready();

  await tab.button('New room').click();
  await tab.dialog('New room').getByLabel('Room name').fill('Tea kitchen');
  await tab.dialog('New room').getByRole('button', { name: 'Create room' }).click();
  await expect(tab.heading).toHaveText('Tea kitchen');
  const room = new URL(page.url()).pathname;
  for (const [path, text] of [
    [room, 'said in the room'],
    [room.replace('/rooms/', '/live/'), 'said in its live session'],
  ] as const) {
    await page.goto(path);
    await tab.ready();
    await tab.say(text);
    await expect(tab.line(text)).toContainText('Sent');
  }
  for (const path of ['/devtools', '/test', '/']) {
    await page.goto(path);
    await hydrated(page);
    await expect(tab.status).toHaveText('Connected');
  }
  await page.goto('/account');
  await expect(page.getByText(name).first()).toBeVisible();
  guard.allow(answered(404));
  await page.goto('/nowhere');
  await expect(tab.heading).toHaveText('Nobody is talking here');
});
