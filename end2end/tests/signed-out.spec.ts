// A sign-in that ends under an open page, and the way back to where one was.
import type { Page } from '@playwright/test';
import { PASSWORD } from '../fixtures/account';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name or e-mail').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function register(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('E-mail').fill(`${name.replaceAll(' ', '-')}@example.org`);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create account' }).click();
}

const ENDED = /^Not connected: Your sign-in has ended/;

test('signed out in another tab, a page takes no line, keeps its text, and leads back to it', async ({ alice, room, guard }) => {
  guard.allow(answered(401));
  await alice.open(room);
  await alice.box.fill('half a sen');
  const tab = await alice.secondTab();
  await tab.open(room);
  await tab.button('Sign out').click();
  await expect(alice.status).toHaveText(ENDED);
  await expect(alice.page.getByText('Sign in to write on; this text is kept.')).toBeVisible();
  await expect(alice.box).toHaveAttribute('readonly');
  await alice.box.press('Enter');
  await expect(alice.button('Send')).toBeDisabled();
  await expect(alice.messages).toHaveCount(0);
  await expect(alice.button('Retry now')).toHaveCount(0);
  await alice.page.getByRole('link', { name: 'Sign in' }).click();
  await signIn(alice.page, alice.account.name);
  await expect(alice.page).toHaveURL(`/rooms/${room.id}`);
  await alice.ready();
  await expect(alice.box).toHaveValue('half a sen');
  await expect(alice.messages).toHaveCount(0);
  expect(await alice.account.history(room)).toEqual([]);
});

test('a refused line is not stored for the next sign-in by "Retry"', async ({ alice, room, guard }) => {
  guard.allow(answered(401));
  await alice.open(room);
  alice.wire.refusePosts('Not today.');
  await alice.say('refused');
  await expect(alice.line('refused')).toContainText('Not today.');
  alice.wire.mend();
  await alice.signOut();
  await expect(alice.status).toHaveText(ENDED);
  await alice.line('refused').getByRole('button', { name: 'Retry' }).click();
  await expect(alice.line('refused')).toContainText('Not today.');
  await alice.signIn();
  await alice.page.getByRole('link', { name: 'Sign in' }).click();
  await alice.ready();
  await expect(alice.line('refused')).toContainText('Not today.');
  expect(await alice.account.history(room)).toEqual([]);
});

test('on every page a sign-in that ended elsewhere is renewed by a link that leads back', async ({ alice, bob, room, guard }) => {
  guard.allow(answered(401));
  const other = await alice.account.createRoom('Cellar', bob.account);
  const link = alice.page.getByRole('link', { name: 'Sign in', exact: true });
  for (const path of ['/', `/rooms/${room.id}`, `/live/${room.id}`, '/devtools', '/test']) {
    await alice.page.goto(path);
    await alice.ready();
    await alice.signOut();
    await expect(alice.status).toHaveText(ENDED);
    await expect(link, path).toHaveAttribute('href', path === '/' ? '/sign-in' : `/sign-in?next=${path}`);
    if (path === `/rooms/${room.id}`) {
      await alice.link(other).click();
      await expect(link).toHaveAttribute('href', `/sign-in?next=/rooms/${other.id}`);
      await alice.page.goBack();
    }
    await link.click();
    await signIn(alice.page, alice.account.name);
    await expect(alice.page).toHaveURL(path);
    await alice.ready();
  }
});

test('a page goes on by itself once one has signed in again in another tab', async ({ alice, room, guard }) => {
  guard.allow(answered(401));
  await alice.open(room);
  await alice.signOut();
  await expect(alice.status).toHaveText(ENDED);
  await alice.signIn();
  // Coming back to the tab.
  await alice.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
  await expect(alice.status).toHaveText('Connected');
  await alice.say('here again');
  await expect(alice.line('here again')).toContainText('Sent');
});

test('the way back survives the change to registration, a change of colours and a refusal', async ({ visitor, alice, room, guard }, info) => {
  guard.allow(answered(404), answered(422));
  const name = `fred-${info.workerIndex}-${Date.now().toString(36)}`;
  await visitor.goto(`/rooms/${room.id}`);
  await visitor.getByRole('button', { name: 'Theme: system' }).click();
  await expect(visitor.getByRole('button', { name: 'Theme: light' })).toBeVisible();
  await visitor.getByRole('link', { name: 'Create an account' }).click();
  await visitor.getByRole('button', { name: 'Theme: light' }).click();
  await expect(visitor.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
  await visitor.getByRole('link', { name: 'Sign in' }).click();
  await expect(visitor).toHaveURL(`/sign-in?next=/rooms/${room.id}`);
  await visitor.getByRole('link', { name: 'Create an account' }).click();
  await register(visitor, 'a b c');
  await expect(visitor.getByLabel('User name')).toHaveAttribute('aria-invalid', 'true');
  await register(visitor, name);
  await expect(visitor).toHaveURL(`/rooms/${room.id}`);
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('This room is not here');
  expect(alice.name).toBeTruthy();
});

test('whoever is signed in already is taken where a link to the sign-in leads, within this place', async ({ alice }) => {
  for (const [link, path] of [
    ['/sign-in?next=/devtools', '/devtools'],
    ['/register?next=/test', '/test'],
    ['/sign-in?next=//evil.example', '/'],
    ['/register?next=https://evil.example', '/'],
    ['/sign-in', '/'],
  ] as const) {
    await alice.page.goto(link);
    await expect(alice.page).toHaveURL(path);
  }
});
