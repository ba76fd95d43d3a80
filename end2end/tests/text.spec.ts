// Text as it is shown: links, line breaks, directions and dates.
import { expect, test } from '../fixtures/hubbub';

/** A name that turns what stands beside it, as rooms had before the server refused it. */
const TURNING = 'invoice\u202efdp.exe';

test('links begin and end where a reader would say', async ({ alice, bob, room }) => {
  await bob.account.say(
    room,
    [
      'a https://en.example/wiki/Rust_(language) and (https://a.example/x_(y)).',
      '请看https://b.example/路，谢谢。',
      'Https://C.example and www.d.example/x, or me@e.example.',
      'no: xhttps://f.example bob@carol www.',
    ].join('\n'),
  );
  await alice.open(room);
  const links = alice.messages.getByRole('link');
  await expect(links).toHaveText([
    'https://en.example/wiki/Rust_(language)',
    'https://a.example/x_(y)',
    'https://b.example/路',
    'Https://C.example',
    'www.d.example/x',
    'me@e.example',
  ]);
  expect(await links.evaluateAll((all) => all.map((it) => it.getAttribute('href')))).toEqual([
    'https://en.example/wiki/Rust_(language)',
    'https://a.example/x_(y)',
    'https://b.example/路',
    'Https://C.example',
    'https://www.d.example/x',
    'mailto:me@e.example',
  ]);
});

test('text that shows nothing cannot be sent, and names no room', async ({ alice, room }) => {
  await alice.open(room);
  for (const blank of ['\u2800', '\u3164', ' \u200b\u00ad']) {
    await alice.box.fill(blank);
    await expect(alice.button('Send')).toBeDisabled();
    await alice.box.press('Enter');
  }
  await alice.box.fill('x');
  await expect(alice.button('Send')).toBeEnabled();
  await expect(alice.messages).toHaveCount(0);
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  const dialog = alice.dialog('New room');
  await dialog.getByLabel('Room name').fill('\u3164\u2800');
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('Give the room a name.');
});

test('a full-width comma stands between two people', async ({ alice, bob, register }) => {
  const carol = await register('carol');
  await alice.page.goto('/');
  await alice.ready();
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  const dialog = alice.dialog('New room');
  await dialog.getByLabel('Room name').fill('Balcony');
  await dialog.getByLabel('Invite people').fill(`${bob.name}，${carol.name}`);
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await expect(alice.heading).toHaveText('Balcony');
  for (const { name } of [bob, carol]) await expect(alice.person(name)).toBeVisible();
});

test('a lone carriage return is drawn the same live and reloaded', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.account.say(room, 'one\rtwo\r\nthree\u0000.');
  await expect(alice.messages).toHaveText([/one/]);
  const drawn = async () => {
    await expect(alice.messages.first()).toBeVisible();
    return alice.messages.first().evaluate((it: HTMLElement) => [it.innerText, it.offsetHeight]);
  };
  const live = await drawn();
  expect(live[0]).toBe('one\ntwo\nthree.');
  await alice.page.reload();
  await alice.ready();
  expect(await drawn()).toEqual(live);
});

test('a room whose name turns its surroundings keeps to itself', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Workshop', bob.account);
  await alice.open(room);
  alice.wire.tell('room_renamed', { room: room.id, name: TURNING });
  await expect(alice.page).toHaveTitle(`\u2068${TURNING}\u2069 · Hubbub`);
  await expect(alice.box).toHaveAttribute('placeholder', `Message \u2068${TURNING}\u2069`);
  await alice.button('Leave room').click();
  await expect(alice.dialog('Leave room?')).toContainText(`\u2068${TURNING}\u2069 any more`);
  await alice.page.keyboard.press('Escape');
  await alice.link(other).click();
  await expect(alice.page).toHaveTitle('Workshop · Hubbub');
});

test('a note whose title turns its surroundings keeps to itself', async ({ alice, room }) => {
  await alice.open(room);
  alice.wire.tell('notification', { id: crypto.randomUUID(), title: TURNING, message: 'is here', kind: 'info', at_ms: 0, is_read: false });
  const note = alice.page.getByRole('status', { name: 'Notifications' });
  await expect(note.getByText(TURNING)).toHaveCSS('unicode-bidi', 'isolate');
  await expect(note.getByText('is here')).toHaveCSS('unicode-bidi', 'isolate');
});

test('a room with a Hebrew name turns itself and not the page', async ({ alice, bob }) => {
  const room = await alice.account.createRoom('מטבח התה', bob.account);
  await bob.account.say(room, 'שלום לכולם');
  await alice.open(room);
  expect(await alice.page.evaluate(() => getComputedStyle(document.body).direction)).toBe('ltr');
  await expect(alice.heading).toHaveCSS('direction', 'rtl');
  await expect(alice.messages.first()).toHaveCSS('direction', 'rtl');
  const [rail, main] = await Promise.all([alice.rooms.boundingBox(), alice.page.getByRole('main').boundingBox()]);
  expect(rail!.x).toBeLessThan(main!.x);
  // The heading stands at the left like any other, and its beginning is what a narrow window shows.
  const name = await alice.heading.evaluate((it) => {
    const range = document.createRange();
    range.selectNodeContents(it);
    return range.getBoundingClientRect().left - it.getBoundingClientRect().left;
  });
  expect(name).toBeLessThan(2);
});

test('a date of another year says the year', async ({ alice, bob, room }) => {
  await bob.account.say(room, 'long ago');
  await alice.page.clock.setSystemTime(Date.now() + 400 * 86_400_000);
  await alice.open(room);
  const year = String(new Date().getUTCFullYear());
  await expect(alice.link(room).getByRole('time')).toContainText(year);
  await expect(alice.log.getByRole('listitem').first()).toContainText(year);
});
