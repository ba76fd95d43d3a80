// What is written while there is no connection: kept, shown, sent once and in order.
import { PASSWORD } from '../fixtures/account';
import { answered } from '../fixtures/guard';
import { expect, type Person, test } from '../fixtures/hubbub';

/** Signs in with the form of the page. */
async function signIn({ page }: Person, name: string): Promise<void> {
  await page.getByLabel('User name or e-mail', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Rooms' })).toBeVisible();
}

const LINES = ['one', 'two', 'three', 'four', 'five'];

test('what waits survives a reload and goes out once, in order', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  for (const line of LINES) await alice.say(line);
  await expect(alice.line('five')).toContainText('Waits for the connection');
  await alice.page.reload();
  await expect(alice.messages).toHaveText(LINES);
  await alice.say('six');
  alice.wire.mend();
  await expect(alice.line('six')).toContainText('Sent');
  for (const person of [alice, bob]) await expect(person.messages).toHaveText([...LINES, 'six']);
  expect(await alice.account.history(room)).toEqual([...LINES, 'six']);
  // Nothing is left behind.
  await alice.page.reload();
  await alice.ready();
  await expect(alice.messages).toHaveText([...LINES, 'six']);
});

test('what was sent but not answered before a reload is not sent twice', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  alice.wire.deafen();
  await alice.say('once');
  await alice.say('and then');
  await expect(bob.messages).toHaveText(['once']);
  await alice.wire.cut();
  await alice.page.reload();
  await expect(alice.messages).toHaveText(['once', 'and then']);
  alice.wire.mend();
  await expect(alice.line('and then')).toContainText('Sent');
  for (const person of [alice, bob]) await expect(person.messages).toHaveText(['once', 'and then']);
  expect(await alice.account.history(room)).toEqual(['once', 'and then']);
});

test('a refused line stays refused over a reload; it can be edited, tried again and discarded', async ({ alice, room }) => {
  await alice.open(room);
  alice.wire.refusePosts('Not today.');
  for (const line of ['first', 'second', 'third']) await alice.say(line);
  await expect(alice.line('third')).toContainText('Not today.');
  await alice.page.reload();
  await alice.ready();
  for (const line of ['first', 'second', 'third']) await expect(alice.line(line)).toContainText('Not today.');
  alice.wire.mend();
  await alice.line('first').getByRole('button', { name: 'Edit' }).click();
  await expect(alice.box).toHaveValue('first');
  await expect(alice.box).toBeFocused();
  await expect(alice.messages).toHaveText(['second', 'third']);
  await alice.box.press('End');
  await alice.box.pressSequentially(', better');
  await alice.box.press('Enter');
  await expect(alice.line('first, better')).toContainText('Sent');
  await alice.line('second').getByRole('button', { name: 'Discard' }).click();
  await alice.line('third').getByRole('button', { name: 'Retry' }).click();
  await expect(alice.line('third')).toContainText('Sent');
  await alice.page.reload();
  await alice.ready();
  await expect(alice.messages).toHaveText(['first, better', 'third']);
  expect(await alice.account.history(room)).toEqual(['first, better', 'third']);
});

test('a text that is not finished comes back with its room', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Cellar', bob.account);
  await alice.open(room);
  await alice.box.fill('half a sen');
  await alice.page.reload();
  await alice.ready();
  await expect(alice.box).toHaveValue('half a sen');
  await alice.link(other).click();
  await expect(alice.heading).toHaveText('Cellar');
  await expect(alice.box).toHaveValue('');
  await alice.link(room).click();
  await expect(alice.box).toHaveValue('half a sen');
  await alice.say('half a sentence');
  await expect(alice.line('half a sentence')).toContainText('Sent');
  await alice.page.reload();
  await alice.ready();
  await expect(alice.messages).toHaveText(['half a sentence']);
  await expect(alice.box).toHaveValue('');
});

test('another person on the same browser sees and sends nothing of it', async ({ alice, bob, room, guard }) => {
  guard.allow(answered(401));
  await alice.open(room);
  await alice.wire.cut();
  await alice.say('a secret that waits');
  await alice.box.fill('a secret that is not finished');
  await expect(alice.line('a secret that waits')).toContainText('Waits');
  await alice.page.goto('/');
  await alice.button('Sign out').click();
  await expect(alice.page).toHaveURL(/\/sign-in/);
  alice.wire.mend();
  await signIn(alice, bob.account.name);
  await alice.open(room);
  await alice.say('this is bob');
  await expect(alice.line('this is bob')).toContainText('Sent');
  await expect(alice.messages).toHaveText(['this is bob']);
  await expect(alice.box).toHaveValue('');
  await alice.button('Sign out').click();
  await signIn(alice, alice.account.name);
  await alice.open(room);
  await expect(alice.line('a secret that waits')).toContainText('Sent');
  await expect(alice.box).toHaveValue('a secret that is not finished');
  expect(await alice.account.history(room)).toEqual(['this is bob', 'a secret that waits']);
});

test('a page of somebody who is not signed in here any more sends nothing as somebody else', async ({ alice, bob, room, guard }) => {
  guard.allow(answered(401));
  await alice.open(room);
  await alice.wire.cut();
  await alice.say('by alice');
  // Behind the back of the open page.
  await alice.context.clearCookies();
  await bob.account.signIn(alice.context);
  alice.wire.mend();
  await expect(alice.status).toHaveText(/^Not connected: /);
  await expect(alice.line('by alice')).toContainText('Waits');
  expect(await bob.account.history(room)).toEqual([]);
});

test('without storage one can talk all the same, and is told', async ({ alice, bob, room }) => {
  await alice.page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('not here', 'SecurityError');
    };
  });
  await alice.open(room);
  await bob.open(room);
  await expect(alice.page.getByText('This browser cannot keep what waits')).toBeVisible();
  await alice.wire.cut();
  for (const line of LINES) await alice.say(line);
  alice.wire.mend();
  await expect(bob.messages).toHaveText(LINES);
  await expect(alice.line('five')).toContainText('Sent');
});
