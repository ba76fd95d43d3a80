// Pictures of every page and main state for a person to look at; run by `make screenshots` alone.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { AccountPage } from '../pages/account';
import { DevtoolsPage } from '../pages/devtools';
import { LivePage } from '../pages/live';
import { Notices } from '../pages/notices';
import { TestPage } from '../pages/test-page';

const FOLDER = resolve(__dirname, '../../screenshots');
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

/** One picture for each size, in light and in dark. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.screenshot({ path: `${FOLDER}/${name}-${size}-${colorScheme}.png` });
    }
  }
}

test('sign-in and registration', async ({ visitor, guard }) => {
  guard.allow(answered(401), answered(422));
  await visitor.goto('/sign-in');
  await shoot(visitor, 'sign-in');
  await visitor.getByLabel('User name or e-mail').fill('nobody-of-that-name');
  await visitor.getByLabel('Password', { exact: true }).fill('not-the-right-one');
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(visitor.getByRole('alert')).toBeVisible();
  await shoot(visitor, 'sign-in-refused');
  await visitor.goto('/register');
  await shoot(visitor, 'register');
});

test('the account', async ({ alice, open, guard }) => {
  guard.allow(answered(403));
  for (const [system, program] of [
    ['iPhone; CPU iPhone OS 18_5 like Mac OS X', 'Version/18.5 Mobile/15E148 Safari/604.1'],
    ['Windows NT 10.0; Win64; x64', 'Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0'],
    ['Linux; Android 10; K', 'SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36'],
  ]) {
    await alice.account.signIn(await open({ userAgent: `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${program}` }));
  }
  const account = new AccountPage(alice.page);
  await account.open();
  await shoot(alice.page, 'account');
  await account.changePassword('not-the-right-one', 'another-good-one');
  await expect(account.current).toHaveAttribute('aria-invalid', 'true');
  await shoot(alice.page, 'account-refused');
  await account.open();
  await account.button('End all others').click();
  await expect(account.done).toBeVisible();
  await shoot(alice.page, 'account-done');
});

test('rooms', async ({ alice, bob }) => {
  await alice.page.goto('/');
  await alice.ready();
  await shoot(alice.page, 'rooms-none');
  await alice.page.setViewportSize(SIZES.desktop);
  await alice.rooms.getByRole('button', { name: 'New room' }).click();
  await shoot(alice.page, 'rooms-new');
  await alice.dialog('New room').getByRole('button', { name: 'Cancel' }).click();
  for (const name of ['Design critique', 'Tea kitchen', 'Weekend walk']) {
    const room = await bob.account.createRoom(name, alice.account);
    await bob.account.say(room, `Is anybody in ${name}?`);
  }
  await expect(alice.rooms.getByRole('link')).toHaveCount(3);
  await shoot(alice.page, 'rooms');
});

test('a conversation', async ({ alice, bob, room }) => {
  await alice.open(room);
  await shoot(alice.page, 'room-empty');
  await bob.account.say(room, 'Is there tea? I can bring the good cups.');
  await bob.account.say(room, 'A link that is long: https://example.org/' + 'very-'.repeat(30) + 'long');
  await bob.account.say(room, 'مرحبا بكم في مطبخ الشاي');
  await alice.say('There is.\nTwo kinds, even.');
  await expect(alice.line('There is.')).toContainText('Sent');
  await bob.open(room);
  await bob.box.pressSequentially('Oh');
  await expect(alice.typing).not.toHaveText('');
  await shoot(alice.page, 'room');
  alice.wire.refusePosts('You may not write here.');
  await alice.say('This one is refused.');
  await expect(alice.line('This one is refused.')).toContainText('Not sent');
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await alice.say('This one waits.');
  await shoot(alice.page, 'room-reconnecting');
});

test('many messages', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 200);
  await alice.open(room);
  await alice.messages.nth(10).scrollIntoViewIfNeeded();
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  await shoot(alice.page, 'room-news');
  await alice.page.setViewportSize(SIZES.phone);
  await alice.button('People').click();
  await expect(alice.people).toBeVisible();
  await shoot(alice.page, 'room-people');
});

test('extremes', async ({ alice, bob }) => {
  test.slow();
  const LONG = 'A room whose name goes on and on until nobody remembers how it began';
  const rooms = [];
  for (let n = 1; n <= 57; n++) rooms.push(await bob.account.createRoom(`Room number ${n}`, alice.account));
  for (const name of [LONG, 'מטבח התה של המשרד', '🎉 مطبخ الشاي']) rooms.push(await bob.account.createRoom(name, alice.account));
  for (const room of rooms.slice(40)) await bob.account.say(room, 'Is anybody there? 🎉 There are words that do not fit.');
  const [long, hebrew] = [rooms[57]!, rooms[58]!];
  await bob.account.say(hebrew, 'שלום לכולם, התה מוכן');
  await bob.account.say(hebrew, '🎉 👩‍👩‍👧 ☕');
  await bob.account.say(hebrew, '请看https://a.example/路，谢谢。 See (https://en.example/wiki/Rust_(language)), or me@a.example.');
  await bob.account.say(hebrew, '```\nfn main() { println!("code keeps its lines and scrolls sideways, however long they are, to the very end of the line"); }\n```');
  await bob.account.say(hebrew, Array.from({ length: 900 }, (_, n) => `${n} ${'word '.repeat(12)}`).join('\n'));
  await bob.account.say(hebrew, 'after the long one');
  await alice.open(hebrew);
  await expect(alice.person(alice.name)).toContainText('online');
  for (let n = 0; n < 198; n++) {
    const member = { id: `p-${n}`, name: `person-${n}`, role: 'member', online: n % 3 === 0, read_seq: 0 };
    alice.wire.tell('member_added', { room: hebrew.id, member });
  }
  await shoot(alice.page, 'extremes');
  for (const [size, viewport] of Object.entries({ narrow: { width: 720, height: 800 }, tablet: { width: 900, height: 800 } })) {
    await alice.page.setViewportSize(viewport);
    await alice.page.screenshot({ path: `${FOLDER}/extremes-${size}.png` });
  }
  await alice.page.setViewportSize(SIZES.desktop);
  await alice.page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
  await alice.page.screenshot({ path: `${FOLDER}/extremes-forced-colours.png` });
  await alice.page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', media: 'print' });
  await alice.page.pdf({ path: `${FOLDER}/extremes-print.pdf`, format: 'A4' });
  await alice.page.emulateMedia({ media: 'screen' });
  // As much of the page as a window of 1440 pixels shows at 200 %.
  await alice.page.setViewportSize({ width: 720, height: 450 });
  await alice.page.screenshot({ path: `${FOLDER}/extremes-zoom.png` });
  await alice.open(long);
  await shoot(alice.page, 'extremes-long-name');
  await bob.account.sayMany(long, 200);
  await alice.page.goto(`/rooms/${long.id}`);
  await alice.ready();
  await expect(alice.button(/new messages$/)).toBeVisible();
  await shoot(alice.page, 'extremes-unread');
  await alice.page.setViewportSize(SIZES.phone);
  await alice.page.goto('/');
  await alice.ready();
  await shoot(alice.page, 'extremes-rooms');
});

test('devtools', async ({ alice }) => {
  const devtools = new DevtoolsPage(alice.page);
  await devtools.open();
  await expect(alice.status).toHaveText('Connected');
  await shoot(alice.page, 'devtools');
  await devtools.simulate({ duration: 1, frequency: 0.1, prefix: 'Brewing' });
  await expect(devtools.outcome).toHaveText(/^Completed/);
  await shoot(alice.page, 'devtools-completed');
  await devtools.simulate({ duration: 1, frequency: 0.1, failureRate: 100 });
  await expect(devtools.outcome).toHaveText(/^Failed/);
  await shoot(alice.page, 'devtools-failed');
});

test('a live session', async ({ alice, bob, room }) => {
  const hers = new LivePage(alice.page);
  const his = new LivePage(bob.page);
  await hers.open(room);
  await shoot(alice.page, 'live-empty');
  await his.open(room);
  await hers.page.setViewportSize(SIZES.desktop);
  await hers.button('Go live').click();
  await his.say('Good morning. Is the kettle on?');
  await hers.say('It is. Shall we begin with the agenda?');
  await his.say('Yes: the new cups, the tea for the autumn, and who waters the plants.');
  await his.box.pressSequentially('And');
  await expect(hers.typing).not.toHaveText('');
  await shoot(alice.page, 'live');
  await alice.page.setViewportSize(SIZES.phone);
  await hers.page.getByRole('button', { name: /people here/ }).click();
  await shoot(alice.page, 'live-participants');
  await bob.open(room);
  await expect(bob.page.getByRole('main').getByRole('link', { name: 'Live now' })).toBeVisible();
  await shoot(bob.page, 'room-live');
  await his.open(room);
  await his.box.fill('And one more thing, before we');
  await hers.button('End session').click();
  await shoot(alice.page, 'live-end');
  await hers.dialog('End session?').getByRole('button', { name: 'End session' }).click();
  await expect(his.standing).toHaveText(/^Ended/);
  await expect(his.page.getByRole('region', { name: 'Not sent' })).toBeVisible();
  await shoot(bob.page, 'live-ended');
  await bob.wire.cut();
  await expect(his.status).toHaveText(/^Reconnecting/);
  await shoot(bob.page, 'live-reconnecting');
});

test('the connection test', async ({ visitor, alice, room }) => {
  await visitor.goto('/test');
  await shoot(visitor, 'test-stranger');
  const bench = new TestPage(alice.page);
  await bench.open();
  await expect(bench.summary).toHaveText('All seven points are OK.');
  await bench.rooms.selectOption(room.name);
  await expect(bench.room).toHaveText(/^Joined/);
  await bench.button('Send test message').click();
  await expect(bench.sent.first()).toContainText('Committed');
  await bench.button('Send 20 pings').click();
  await expect(bench.figure('Answers')).toHaveText('20');
  await shoot(alice.page, 'test');
  await alice.wire.cut();
  await expect(bench.point('Connection status')).toContainText('Not OK');
  await shoot(alice.page, 'test-not-ok');
});

test('toasts', async ({ alice, bob, room }) => {
  await alice.page.clock.install();
  await bob.account.say(room, 'Is there tea?');
  await alice.open(room);
  const notify = (title: string, kind: string, message: string) =>
    alice.wire.tell('notification', { id: randomUUID(), title, message, kind, at_ms: 0, is_read: false });
  notify('One more', 'info', '');
  notify('Tea is ready', 'success', 'Two kinds, even. Bring your own cup.');
  notify('The milk is nearly gone', 'warning', '');
  notify('The kettle is broken', 'error', 'Nobody was hurt. A new one comes on Monday; until then use the pot on the stove.');
  alice.wire.tell('maintenance', { enabled: true, message: 'The kitchen closes at six for an hour.' });
  await expect(new Notices(alice.page).errors).toHaveCount(1);
  await shoot(alice.page, 'toasts');
});

test('pages that cannot go on', async ({ alice, bob, room, register, open, guard }) => {
  guard.allow(answered(401), /net::ERR_|Failed to fetch/);
  await alice.account.say(room, 'readable without scripts');
  await bob.open(room);
  await bob.box.fill('half a sentence, and a second line that is\nlonger than the first');
  await alice.open(room);
  await alice.box.fill('half a sen');
  await alice.signOut();
  await expect(alice.status).toHaveText(/has ended/);
  await shoot(alice.page, 'room-signed-out');
  await alice.account.ask('DELETE', `chats/${room.id}/members/${bob.account.id}`);
  await expect(bob.page.getByRole('region', { name: 'Not sent' })).toBeVisible();
  await shoot(bob.page, 'room-removed');
  const carol = await register('carol');
  const hall = await carol.createRoom('Hall');
  await carol.say(hall, 'readable without scripts');
  for (const [name, options] of [
    ['no-scripts', { javaScriptEnabled: false }],
    ['not-started', { serviceWorkers: 'block' }],
  ] as const) {
    const context = await open(options);
    await carol.signIn(context);
    const page = await context.newPage();
    await page.route('**/pkg/*.wasm', (route) => route.abort());
    await page.goto(`/rooms/${hall.id}`);
    await expect(page.locator('.page_notice')).toBeVisible();
    await shoot(page, `room-${name}`);
    if (name === 'no-scripts') {
      await context.clearCookies();
      await page.goto('/sign-in');
      await shoot(page, `sign-in-${name}`);
    }
  }
});

test('nothing there', async ({ alice, guard }) => {
  guard.allow(answered(404));
  await alice.page.goto('/there/is/nothing');
  await shoot(alice.page, 'not-found');
});

test('the pictures of the README', async ({ open }) => {
  const enter = async (name: string, size: keyof typeof SIZES, colorScheme: 'light' | 'dark', factor: number) => {
    const context = await open({ viewport: SIZES[size], colorScheme, deviceScaleFactor: factor, reducedMotion: 'reduce' });
    const page = await context.newPage();
    await page.goto('/sign-in');
    await page.getByRole('button', { name: `Sign in as ${name}` }).click();
    return page;
  };
  const [desk, phone, carol] = [
    await enter('alice', 'desktop', 'light', 1.5),
    await enter('bob', 'phone', 'dark', 2),
    await enter('carol', 'desktop', 'light', 1),
  ];
  for (const page of [carol, phone, desk]) await page.getByRole('link', { name: /^Kitchen table/ }).click();
  await expect(desk.getByText('3 people, 3 online')).toBeVisible();
  await new LivePage(carol).box.pressSequentially('Shall');
  await expect(desk.getByText('carol is typing…')).toBeVisible();
  await desk.screenshot({ path: `${FOLDER}/readme-room-desktop-light.png` });

  for (const page of [desk, phone, carol]) await page.getByRole('main').getByRole('link', { name: /^Live/ }).click();
  const [hers, his, theirs] = [new LivePage(desk), new LivePage(phone), new LivePage(carol)];
  await hers.button('Go live').click();
  await theirs.say('Shall we plan the autumn menu while we are all here?');
  await his.say('Yes! Soup on Mondays, and somebody shows us how to fold dumplings.');
  await hers.say('I can show that. Give me a minute to find the flour 🥟');
  await expect(phone.getByText('I can show that.')).toBeVisible();
  await theirs.box.pressSequentially('And');
  await expect(phone.getByText('carol is typing…')).toBeVisible();
  await phone.screenshot({ path: `${FOLDER}/readme-live-phone-dark.png` });
});
