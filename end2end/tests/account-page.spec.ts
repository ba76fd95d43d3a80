// Where one is signed in, another password, and what the browser keeps of a sign-in that has ended.
import type { Page } from '@playwright/test';
import { type Account, PASSWORD, type Room } from '../fixtures/account';
import { expectAccessible } from '../fixtures/axe';
import { answered, NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, type Open, test } from '../fixtures/hubbub';
import { AccountPage } from '../pages/account';
import type { RoomPage } from '../pages/room';

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';
const ENDED = /^Not connected: Your sign-in has ended/;

/** A phone of the same person, with a page open. */
async function phoneOf(account: Account, open: Open): Promise<Page> {
  const context = await open({ userAgent: PHONE });
  await account.signIn(context);
  return context.newPage();
}

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel('User name or e-mail').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** What copies of pages there are, as one text. */
async function copies(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const texts: string[] = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const { url } of await cache.keys()) {
        if (!new URL(url).pathname.startsWith('/pkg/')) texts.push(await (await cache.match(url))!.text());
      }
    }
    return texts.join();
  });
}

/** Opens a room in which something private was said, and waits for its copy. */
async function copied(person: RoomPage & { account: Account }, room: Room): Promise<void> {
  await person.account.say(room, 'between us');
  await person.open(room);
  await expect.poll(() => copies(person.page)).toContain('between us');
}

test('one sees where one is signed in, and ends a sign-in from another device', async ({ alice, room, open, guard }) => {
  guard.allow(answered(401));
  const phone = await phoneOf(alice.account, open);
  await phone.goto(`/rooms/${room.id}`);
  await expect(phone.getByRole('status', { name: 'Connection' })).toHaveText('Connected');
  await alice.open(room);
  await alice.page.getByRole('link', { name: /^Your account/ }).click();
  const account = new AccountPage(alice.page);
  await expect(alice.page.getByRole('heading', { level: 1 })).toHaveText(alice.name);
  await expect(account.signIns.first()).toContainText('This device');
  await expect(account.device('Safari on iPhone')).toContainText('Active now');
  await account.end('Safari on iPhone');
  await expect(account.done).toContainText('That sign-in has ended');
  await expect(account.device('Safari on iPhone')).toHaveCount(0);
  await expect(phone.getByRole('status', { name: 'Connection' })).toHaveText(ENDED);
  await alice.page.getByRole('link', { name: 'Your rooms' }).click();
  await alice.ready();
});

test('the page works without JavaScript, and loads none', async ({ register, open, guard }) => {
  guard.allow(answered(403), answered(422));
  const carol = await register('carol');
  const context = await open({ javaScriptEnabled: false });
  await carol.signIn(context);
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const account = new AccountPage(page);
  await account.open();
  await account.button('End all others').click();
  await expect(account.done).toContainText('All other sign-ins have ended');
  await expect(account.signIns).toHaveCount(1);
  await account.changePassword('not-the-right-one', 'another-good-one');
  await expect(account.current).toHaveAttribute('aria-invalid', 'true');
  await expect(account.current).toHaveAccessibleDescription('this is not the current password');
  await expect(account.current).toHaveValue('');
  expect(asked.filter((path) => /\.(js|wasm)$/.test(path))).toEqual([]);
});

test('another password signs the other devices out, and is the one from then on', async ({ register, open, guard }) => {
  guard.allow(answered(401));
  const carol = await register('carol');
  const context = await open();
  await carol.signIn(context);
  const account = new AccountPage(await context.newPage());
  const phone = await phoneOf(carol, open);
  await phone.goto('/');
  await expect(phone.getByRole('status', { name: 'Connection' })).toHaveText('Connected');
  await account.open();
  await account.changePassword(PASSWORD, 'another-good-one');
  await expect(account.done).toContainText('Your password was changed');
  await expect(account.signIns).toHaveCount(1);
  await expect(phone.getByRole('status', { name: 'Connection' })).toHaveText(ENDED);
  await phone.goto('/account');
  await expect(phone).toHaveURL(/\/sign-in\?next=\/account$/);
  await signIn(phone, carol.name, PASSWORD);
  await expect(phone.getByRole('alert')).toBeVisible();
  await signIn(phone, carol.name, 'another-good-one');
  await expect(phone).toHaveURL(/\/account$/);
});

test('the page is accessible, also with errors, on a phone and on a desktop', async ({ register, open, guard }) => {
  guard.allow(answered(403));
  const carol = await register('carol');
  await phoneOf(carol, open);
  const context = await open();
  await carol.signIn(context);
  const account = new AccountPage(await context.newPage());
  for (const viewport of [
    { width: 390, height: 844 },
    { width: 1280, height: 800 },
  ]) {
    await account.page.setViewportSize(viewport);
    await account.open();
    await expectAccessible(account.page);
    const wide = await account.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
    await account.changePassword('not-the-right-one', 'another-good-one');
    await expect(account.current).toHaveAttribute('aria-invalid', 'true');
    await expectAccessible(account.page);
  }
});

test('copies end with a sign-in that is ended on another device, whatever page is open', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE, answered(401));
  await copied(alice, room);
  // This page keeps no copies, but it is the one that learns of the end.
  await alice.page.goto(`/live/${room.id}`);
  await alice.ready();
  expect(await copies(alice.page)).toContain('between us');
  await alice.account.ask('DELETE', 'auth/sessions');
  await expect(alice.status).toHaveText(ENDED);
  await expect.poll(() => copies(alice.page)).toBe('');
  await alice.context.setOffline(true);
  await expect(alice.page.goto(`/rooms/${room.id}`)).rejects.toThrow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
});

test('copies end with the sign-out in another tab, and the text that was promised to be kept stays', async ({ alice, room, guard }) => {
  guard.allow(answered(401));
  await copied(alice, room);
  await alice.box.fill('half a sen');
  const account = new AccountPage(await alice.context.newPage());
  await account.open();
  await account.button('Sign out').click();
  await expect(account.page).toHaveURL(/\/sign-in/);
  await expect(alice.status).toHaveText(ENDED);
  await expect(alice.box).toHaveValue('half a sen');
  await expect.poll(() => copies(alice.page)).toBe('');
  await alice.page.getByRole('link', { name: 'Sign in' }).click();
  await signIn(alice.page, alice.name, PASSWORD);
  await alice.ready();
  await expect(alice.box).toHaveValue('half a sen');
});

test('copies of one user are gone when another one signs in', async ({ alice, bob, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE, answered(401), answered(404));
  const mine = await alice.account.createRoom('Private');
  // A sign-in page that was opened before.
  await alice.context.clearCookies();
  const door = await alice.context.newPage();
  await door.goto('/sign-in');
  await alice.signIn();
  await copied(alice, mine);
  await signIn(door, bob.name, PASSWORD);
  await expect(door.getByRole('link', { name: room.name })).toBeVisible();
  await expect.poll(() => copies(door)).not.toContain('between us');
  await alice.context.setOffline(true);
  await expect(door.goto(`/rooms/${mine.id}`)).rejects.toThrow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
});

test('a copy is not shown after the time at which its sign-in ends', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await copied(alice, room);
  await alice.page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      const copy = await cache.match(location.pathname);
      if (!copy) continue;
      const headers = new Headers(copy.headers);
      headers.set('hubbub-sign-in', `${headers.get('hubbub-sign-in')!.split(' ')[0]} ${Date.now() - 1}`);
      await cache.put(location.pathname, new Response(await copy.text(), { headers }));
    }
  });
  await alice.context.setOffline(true);
  await expect(alice.page.reload()).rejects.toThrow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
});
