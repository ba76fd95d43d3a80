import type { Page } from '@playwright/test';
import { PASSWORD } from '../fixtures/account';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { hydrated } from '../pages/room';

async function fill(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(text);
}

test('who is not signed in is asked to, and then taken where they wanted to go', async ({ alice, room, visitor }) => {
  await visitor.goto(`/rooms/${room.id}`);
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Sign in');
  await fill(visitor, { 'User name or e-mail': alice.account.email, Password: PASSWORD });
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor).toHaveURL(new RegExp(`/rooms/${room.id}$`));
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText(room.name);
});

test('a wrong password and an unknown name are refused in the same words', async ({ register, visitor, guard }) => {
  guard.allow(answered(401));
  const dora = await register('dora');
  const words: string[] = [];
  for (const name of [dora.name, 'nobody-of-that-name']) {
    await visitor.goto('/sign-in');
    await fill(visitor, { 'User name or e-mail': name, Password: 'not-the-right-one' });
    await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(visitor.getByLabel('User name or e-mail')).toHaveValue(name);
    await expect(visitor.getByLabel('Password', { exact: true })).toHaveValue('');
    words.push(await visitor.getByRole('alert').innerText());
  }
  expect(words[0]).toBeTruthy();
  expect(words[1]).toBe(words[0]);
});

test('a new account is signed in at once, can sign out, and in again', async ({ visitor, guard }, info) => {
  // The open page asks for a new ticket when the server ends its connection, and learns so that it is signed out.
  guard.allow(answered(401));
  const name = `erin-${info.workerIndex}-${Date.now().toString(36)}`;
  await visitor.goto('/sign-in');
  await visitor.getByRole('link', { name: 'Create an account' }).click();
  await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Create an account');
  await fill(visitor, { 'User name': name, 'E-mail': `${name}@example.org`, Password: PASSWORD });
  await visitor.getByRole('button', { name: 'Create account' }).click();
  await expect(visitor.getByText('No rooms yet')).toBeVisible();
  await hydrated(visitor);
  await visitor.getByRole('button', { name: 'Sign out' }).click();
  await expect(visitor).toHaveURL(/\/sign-in/);
  await fill(visitor, { 'User name or e-mail': name, Password: PASSWORD });
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor.getByText('No rooms yet')).toBeVisible();
});

test('a registration that cannot be says what is wrong beside the field', async ({ register, visitor, guard }) => {
  guard.allow(answered(409), answered(422));
  const dora = await register('dora');
  const good = { 'User name': 'fresh-name', 'E-mail': 'fresh@example.org', Password: PASSWORD };
  const cases: [string, string][] = [
    ['User name', dora.name],
    ['User name', 'a b c'],
    ['E-mail', dora.email],
    ['Password', 'passwordpassword'],
  ];
  for (const [field, text] of cases) {
    await visitor.goto('/register');
    await fill(visitor, { ...good, [field]: text });
    await visitor.getByRole('button', { name: 'Create account' }).click();
    const input = visitor.getByLabel(field, { exact: true });
    await expect(input).toHaveAttribute('aria-invalid', 'true');
    await expect(input).toHaveAccessibleDescription(/\w/);
    await expect(visitor.getByLabel('User name')).toHaveValue(field === 'User name' ? text : good['User name']);
  }
});

test('in development the demo people sign in with one click', async ({ visitor }) => {
  await visitor.goto('/');
  await visitor.getByRole('button', { name: 'Sign in as alice' }).click();
  await expect(visitor.getByRole('navigation', { name: 'Rooms' }).getByRole('link').first()).toBeVisible();
});

test('the pages before one is in load no WebAssembly, and change their colours all the same', async ({ visitor }) => {
  const asked: string[] = [];
  visitor.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await visitor.goto('/sign-in');
  await visitor.getByRole('button', { name: 'Theme: system' }).click();
  await visitor.getByRole('button', { name: 'Theme: light' }).click();
  await expect(visitor.getByRole('button', { name: 'Theme: dark' })).toBeVisible();
  await expect(visitor.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(visitor).toHaveURL(/\/sign-in$/);
  expect(asked.filter((path) => /\.(js|wasm)$/.test(path))).toEqual([]);
});

test('the theme that was chosen is kept', async ({ alice }) => {
  await alice.page.goto('/');
  await alice.ready();
  await alice.button('Theme: system').click();
  await alice.button('Theme: light').click();
  await expect(alice.button('Theme: dark')).toBeVisible();
  const paper = () => alice.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await alice.page.reload();
  await alice.ready();
  await expect(alice.button('Theme: dark')).toBeVisible();
  expect(await paper()).toBe(dark);
});
