import { PASSWORD } from '../fixtures/account';
import { expect, Person, test } from '../fixtures/hubbub';

test('without JavaScript a room can be read, and the composer says that it waits', async ({ register, open }) => {
  const account = await register('alice');
  const room = await account.createRoom('Tea kitchen');
  await account.say(room, 'readable without scripts');
  const alice = await Person.enter(account, await open({ javaScriptEnabled: false }));
  await alice.page.goto(`/rooms/${room.id}`);
  await expect(alice.heading).toHaveText('Tea kitchen');
  await expect(alice.messages).toHaveText(['readable without scripts']);
  await expect(alice.link(room)).toBeVisible();
  await expect(alice.box).toBeDisabled();
  await expect(alice.page.getByText('Starting…').or(alice.page.getByPlaceholder('Starting…')).first()).toBeVisible();
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
      "style-src 'self'",
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
  const cookie = cookies.find(({ name }) => name === 'hubbub_session');
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
  await alice.page.goto('/');
  expect(await alice.page.evaluate(() => document.cookie)).not.toContain('hubbub_session');
});
