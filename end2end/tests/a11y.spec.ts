import { expectAccessible } from '../fixtures/axe';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { DevtoolsPage } from '../pages/devtools';

test('sign-in, also when refused', async ({ visitor, guard }) => {
  guard.allow(answered(401));
  await visitor.goto('/sign-in');
  await expectAccessible(visitor);
  await visitor.getByLabel('User name or e-mail').fill('nobody-of-that-name');
  await visitor.getByLabel('Password', { exact: true }).fill('not-the-right-one');
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor.getByRole('alert')).toBeVisible();
  await expectAccessible(visitor);
});

test('registration, also when refused', async ({ visitor, guard }) => {
  guard.allow(answered(422));
  await visitor.goto('/register');
  await expectAccessible(visitor);
  await visitor.getByLabel('User name').fill('a b c');
  await visitor.getByLabel('E-mail').fill('fresh@example.org');
  await visitor.getByLabel('Password', { exact: true }).fill('long-enough-for-all');
  await visitor.getByRole('button', { name: 'Create account' }).click();
  await expect(visitor.getByLabel('User name')).toHaveAttribute('aria-invalid', 'true');
  await expectAccessible(visitor);
});

test('no rooms, and the dialog for a new one', async ({ alice }) => {
  await alice.page.goto('/');
  await alice.ready();
  await expectAccessible(alice.page);
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  await expect(alice.dialog('New room')).toBeVisible();
  await expectAccessible(alice.page);
});

test('a room with messages of all kinds, typing and unread rooms', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Workshop', bob.account);
  await bob.account.say(other, 'unread');
  await bob.account.say(room, 'hello');
  await alice.open(room);
  await alice.say('hello yourself');
  await expect(alice.line('hello yourself')).toContainText('Sent');
  alice.wire.refusePosts('Not today.');
  await alice.say('refused');
  await expect(alice.line('refused')).toContainText('Not sent');
  await bob.open(room);
  await bob.box.pressSequentially('I thi');
  await expect(alice.typing).not.toHaveText('');
  await expectAccessible(alice.page);
});

test('a room without messages', async ({ alice, room }) => {
  await alice.open(room);
  await expectAccessible(alice.page);
});

test('news further down, and the question before leaving', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 50);
  await alice.open(room);
  await alice.messages.nth(10).scrollIntoViewIfNeeded();
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  await expectAccessible(alice.page);
  await alice.button('Leave room').click();
  await expect(alice.dialog('Leave room?')).toBeVisible();
  await expectAccessible(alice.page);
});

test('on a phone: the rooms, a room, the people in it', async ({ alice, room }) => {
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.page.goto('/');
  await alice.ready();
  await expectAccessible(alice.page);
  await alice.open(room);
  await expectAccessible(alice.page);
  await alice.button('People').click();
  await expect(alice.people).toBeVisible();
  await expectAccessible(alice.page);
});

test('while the connection is gone', async ({ alice, room }) => {
  await alice.open(room);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await expectAccessible(alice.page);
});

test('devtools, before and after a run', async ({ alice }) => {
  const devtools = new DevtoolsPage(alice.page);
  await devtools.open();
  await expect(alice.status).toHaveText('Connected');
  await expectAccessible(alice.page);
  await devtools.simulate({ duration: 0.3, frequency: 0.1 });
  await expect(devtools.outcome).toHaveText(/^Completed/);
  await expectAccessible(alice.page);
});

test('buttons that are busy', async ({ alice, room }) => {
  await alice.open(room);
  await alice.page.getByRole('button').evaluateAll((all) => all.forEach((it) => it.setAttribute('aria-busy', 'true')));
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  await expect(alice.dialog('New room')).toBeVisible();
  await alice.dialog('New room').getByRole('button').evaluateAll((all) => all.forEach((it) => it.setAttribute('aria-busy', 'true')));
  await expectAccessible(alice.page);
});

test('every page that the router lists, on a phone and on a desktop', async ({ alice, visitor, room }) => {
  test.slow();
  const paths: string[] = await (await alice.context.request.get('/pages.json')).json();
  expect(paths).toEqual(expect.arrayContaining(['/', '/rooms/{room}', '/live/{chat}', '/sign-in', '/account']));
  for (const path of paths) {
    // Whoever is signed in is led past the ways in.
    const page = ['/sign-in', '/register'].includes(path) ? visitor : alice.page;
    const address = path.replace(/\{\w+\}/, room.id);
    for (const viewport of [{ width: 390, height: 844 }, { width: 1440, height: 900 }]) {
      await page.setViewportSize(viewport);
      await page.goto(address);
      await expect(page).toHaveURL(address);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectAccessible(page);
    }
  }
});

test('a page that does not exist', async ({ alice, guard }) => {
  guard.allow(answered(404));
  const answer = await alice.page.goto('/there/is/nothing');
  expect(answer?.status()).toBe(404);
  await expectAccessible(alice.page);
});
