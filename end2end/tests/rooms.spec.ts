import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';

test('somebody new has no rooms, makes one with a friend, and the friend sees it at once', async ({ alice, bob }) => {
  await alice.page.goto('/');
  await bob.page.goto('/');
  await bob.ready();
  await alice.ready();
  await expect(alice.page.getByText('No rooms yet')).toBeVisible();
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  const dialog = alice.dialog('New room');
  await dialog.getByLabel('Room name').fill('Balcony');
  await dialog.getByLabel('Invite people').fill(bob.name);
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(alice.heading).toHaveText('Balcony');
  await expect(alice.page).toHaveURL(/\/rooms\//);
  await expect(alice.person(bob.name)).toBeVisible();
  await bob.rooms.getByRole('link', { name: /^Balcony/ }).click();
  await expect(bob.heading).toHaveText('Balcony');
  await alice.say('come out');
  await expect(bob.messages).toHaveText(['come out']);
});

test('a room without a name, or with a stranger in it, is refused in the dialog', async ({ alice, guard }) => {
  guard.allow(answered(404), answered(422));
  await alice.page.goto('/');
  await alice.ready();
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  const dialog = alice.dialog('New room');
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(dialog.getByRole('alert')).not.toBeEmpty();
  await dialog.getByLabel('Room name').fill('Balcony');
  await dialog.getByLabel('Invite people').fill('nobody-of-that-name');
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(dialog.getByRole('alert')).toContainText('nobody-of-that-name');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
});

test('somebody is invited, hears the room, and leaves it again', async ({ alice, bob, register, room }) => {
  const carol = await register('carol');
  await alice.open(room);
  await bob.open(room);
  await alice.people.getByLabel('User name to invite').fill(carol.name);
  await alice.people.getByRole('button', { name: 'Invite' }).click();
  for (const person of [alice, bob]) await expect(person.person(carol.name)).toBeVisible();
  await carol.say(room, 'thanks');
  await expect(alice.messages).toHaveText(['thanks']);
  await carol.leave(room);
  for (const person of [alice, bob]) await expect(person.person(carol.name)).toBeHidden();
});

test('who leaves is asked first, and has the room no more', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await bob.button('Leave room').click();
  const question = bob.dialog('Leave room?');
  await question.getByRole('button', { name: 'Stay' }).click();
  await expect(question).toBeHidden();
  await expect(bob.heading).toHaveText(room.name);
  await bob.button('Leave room').click();
  await question.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(bob.page).toHaveURL(/\/$/);
  await expect(bob.link(room)).toBeHidden();
  await expect(alice.person(bob.name)).toBeHidden();
});

test('unread messages are counted until the room is opened, in every tab', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Workshop', bob.account);
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await bob.account.say(other, 'one');
  await expect(alice.link(other)).toHaveAccessibleName(/^Workshop.*\b1 unread/);
  await bob.account.say(other, 'two');
  for (const page of [alice, tab]) {
    await expect(page.link(other)).toHaveAccessibleName(/^Workshop.*\b2 unread/);
    await expect(page.link(other)).toContainText('two');
  }
  await alice.link(other).click();
  await expect(alice.messages).toHaveText(['one', 'two']);
  for (const page of [alice, tab]) await expect(page.link(other)).not.toHaveAccessibleName(/unread/);
  // A tab that shows a room reads it for all of them.
  await tab.open(other);
  await bob.account.sayMany(room, 100);
  await expect(alice.link(room)).toHaveAccessibleName(/^Tea kitchen.*\b99\+ unread/);
  await alice.page.reload();
  await alice.ready();
  await expect(alice.link(room)).toHaveAccessibleName(/99\+ unread/);
});

test('a room of others looks like one that does not exist', async ({ bob, register, guard }) => {
  guard.allow(answered(404));
  const carol = await register('carol');
  const secret = await carol.createRoom('Surprise');
  const theirs = await bob.page.goto(`/rooms/${secret.id}`);
  const words = await bob.page.getByRole('main').innerText();
  const none = await bob.page.goto('/rooms/there-is-none');
  expect(theirs?.status()).toBe(404);
  expect(none?.status()).toBe(404);
  expect(await bob.page.getByRole('main').innerText()).toBe(words);
  await expect(bob.page.getByText('Surprise')).toBeHidden();
});
