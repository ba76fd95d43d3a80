import type { Page } from '@playwright/test';
import { PASSWORD } from '../fixtures/account';
import { answered } from '../fixtures/guard';
import { expect, Person, test } from '../fixtures/hubbub';

test('without JavaScript a room can be read, and there is no field whose text would go nowhere', async ({ register, open }) => {
  const account = await register('alice');
  const room = await account.createRoom('Tea kitchen');
  await account.say(room, 'readable without scripts');
  const alice = await Person.enter(account, await open({ javaScriptEnabled: false }));
  await alice.page.goto(`/rooms/${room.id}`);
  await expect(alice.heading).toHaveText('Tea kitchen');
  await expect(alice.messages).toHaveText(['readable without scripts']);
  await expect(alice.link(room)).toBeVisible();
  await expect(alice.box).toBeHidden();
});

test('without JavaScript every page says so', async ({ register, open, guard }) => {
  guard.allow(answered(404));
  const account = await register('alice');
  const room = await account.createRoom('Tea kitchen');
  const alice = await Person.enter(account, await open({ javaScriptEnabled: false }));
  const stranger = await (await open({ javaScriptEnabled: false })).newPage();
  const pages: [Page, string][] = [
    ...['/', `/rooms/${room.id}`, `/live/${room.id}`, '/devtools', '/test', '/nowhere'].map((path): [Page, string] => [alice.page, path]),
    ...['/sign-in', '/register', '/test', '/devtools', '/nowhere'].map((path): [Page, string] => [stranger, path]),
  ];
  for (const [page, path] of pages) {
    await page.goto(path);
    // By its class: a search for texts passes over what stands in `noscript`.
    const notice = page.locator('.page_notice');
    await expect(notice, path).toHaveText(/^JavaScript is switched off in this browser/);
    await expect(notice, path).toBeInViewport({ ratio: 1 });
  }
});

test('with JavaScript no page says so', async ({ alice, room }) => {
  await alice.open(room);
  await expect(alice.page.locator('.page_notice')).toHaveCount(0);
});

test('signing in works without JavaScript', async ({ register, open }) => {
  const account = await register('alice');
  const page = await (await open({ javaScriptEnabled: false })).newPage();
  await page.goto('/');
  await page.getByLabel('User name or e-mail').fill(account.name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByText('No rooms yet')).toBeVisible();
});

test('the title of a page is the name of its room, whatever that is', async ({ alice, visitor }) => {
  const room = await alice.account.createRoom('<b>Tea & </title>');
  for (const [path, title] of [
    [`/rooms/${room.id}`, '<b>Tea & </title> · Hubbub'],
    [`/live/${room.id}`, 'Live: <b>Tea & </title> · Hubbub'],
    ['/devtools', 'Devtools · Hubbub'],
  ] as const) {
    await alice.page.goto(path, { waitUntil: 'commit' });
    await expect(alice.page).toHaveTitle(title);
  }
  await visitor.goto('/sign-in');
  await expect(visitor).toHaveTitle('Sign in · Hubbub');
});

test('the first answer already holds the conversation', async ({ alice, room }) => {
  await alice.account.say(room, 'in the very first bytes');
  const answer = await alice.context.request.get(`/rooms/${room.id}`);
  expect(await answer.text()).toContain('in the very first bytes');
});

test('bringing the pages to life is silent, and leaves what was there', async ({ alice, room }) => {
  await alice.account.sayMany(room, 3);
  for (const path of ['/', `/rooms/${room.id}`, `/live/${room.id}`, '/devtools', '/test']) {
    // Text alone: what the server made is compared with what stands there afterwards.
    await alice.page.goto(path, { waitUntil: 'commit' });
    const before = await alice.heading.innerText();
    await alice.ready();
    expect(await alice.heading.innerText()).toBe(before);
  }
});

test('the content security policy is strict, and its nonce is new each time', async ({ visitor }) => {
  const policies = await Promise.all(
    ['/sign-in', '/sign-in'].map(async (path) => (await visitor.request.get(path)).headers()['content-security-policy'] ?? ''),
  );
  for (const policy of policies) {
    for (const part of [
      "default-src 'self'",
      "style-src 'self' 'nonce-",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
    ]) {
      expect(policy).toContain(part);
    }
    expect(policy).not.toMatch(/'unsafe-inline'|'unsafe-eval'|\*/);
  }
  const [first, second] = policies.map((policy) => /'nonce-([^']+)'/.exec(policy)?.[1]);
  expect(first).toBeTruthy();
  expect(second).toBeTruthy();
  expect(first).not.toBe(second);
});

test('scripts cannot read the cookie of a sign-in', async ({ alice, server }) => {
  const cookies = await alice.context.cookies(server.url);
  const cookie = cookies.find(({ name }) => name === `hubbub_session_${new URL(server.url).port}`);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
  await alice.page.goto('/');
  expect(await alice.page.evaluate(() => document.cookie)).not.toContain('hubbub_session');
});
