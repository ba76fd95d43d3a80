// How the pages look where it can be measured.
import type { Locator } from '@playwright/test';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { LivePage } from '../pages/live';

const LONG = 'A room whose name goes on and on until nobody remembers how it began';

const box = async (it: Locator) => (await it.boundingBox())!;
const style = (it: Locator, property: string) => it.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
const scale = (it: Locator) => it.evaluate((element: HTMLElement) => [element.scrollWidth - element.clientWidth, element.scrollHeight - element.clientHeight]);
const hue = (it: Locator) => it.evaluate((element) => [...element.classList].find((name) => name.startsWith('avatar--h')));
const notify = (page: { wire: { tell: (kind: string, data: object) => void } }, title: string, message = '', kind = 'info') =>
  page.wire.tell('notification', { id: crypto.randomUUID(), title, message, kind, at_ms: 0, is_read: false });

/** What nothing else covers of an element, at its corners and its middle. */
async function uncovered(it: Locator): Promise<boolean> {
  return it.evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const points: [number, number][] = [[left + 1, (top + bottom) / 2], [right - 1, (top + bottom) / 2], [(left + right) / 2, top + 1]];
    return points.every(([x, y]) => {
      const top = document.elementFromPoint(x, y);
      return top !== null && (element.contains(top) || top.contains(element));
    });
  });
}

test('the faces in the header show whole initials', async ({ alice, room }) => {
  await alice.open(room);
  const faces = alice.button('People').locator('.avatar');
  await expect(faces).toHaveCount(2);
  const boxes = await faces.evaluateAll((all) => all.map((it) => it.getBoundingClientRect()).map(({ left, right }) => [left, right]));
  expect(boxes[1]![0]! - boxes[0]![1]!).toBeGreaterThanOrEqual(-2);
  for (let n = 0; n < 2; n++) expect(await scale(faces.nth(n))).toEqual([0, 0]);
});

test('one person has one hue everywhere, and the demo people have three', async ({ visitor, alice, bob, room }) => {
  await visitor.goto('/sign-in');
  const demo = visitor.locator('.demo_people__button');
  const hues = await Promise.all([0, 1, 2].map((n) => hue(demo.nth(n).locator('.avatar'))));
  expect(new Set(hues).size).toBe(3);
  await demo.first().click();
  await expect(visitor.locator('.shell__account .avatar')).toHaveClass(new RegExp(`${hues[0]}\\b`));
  await bob.account.say(room, 'hello');
  await alice.open(room);
  const his = await hue(alice.log.locator('.avatar').first());
  expect(await hue(alice.person(bob.name).locator('.avatar'))).toBe(his);
});

test('a long room name takes one line wherever it stands', async ({ alice, bob }) => {
  const room = await alice.account.createRoom(LONG, bob.account);
  for (const width of [390, 1280]) {
    await alice.page.setViewportSize({ width, height: 844 });
    await alice.open(room);
    await alice.box.blur();
    const high = (await box(alice.box)).height;
    expect(high).toBeLessThanOrEqual(width === 390 ? 46 : 38);
    expect((await box(alice.heading)).height).toBeLessThan(30);
  }
});

test('all rows of the room list are equally high', async ({ alice, bob }) => {
  const plain = await alice.account.createRoom('Plain', bob.account);
  const emoji = await alice.account.createRoom('🎉 مطبخ 厨房', bob.account);
  const unread = await alice.account.createRoom(LONG, bob.account);
  await bob.account.say(emoji, '👩‍👩‍👧 🎉 नमस्ते');
  await bob.account.say(unread, 'unread');
  for (const width of [390, 1280]) {
    await alice.page.setViewportSize({ width, height: 844 });
    await alice.page.goto('/');
    await alice.ready();
    await expect(alice.link(unread)).toHaveAccessibleName(/unread/);
    const heights = await Promise.all([plain, emoji, unread].map(async (room) => (await box(alice.link(room))).height));
    expect(new Set(heights).size, String(heights)).toBe(1);
  }
});

test('words of a table head stay whole, and counts agree in number', async ({ alice }) => {
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.page.goto('/devtools');
  await alice.ready();
  const heads = alice.page.getByRole('columnheader');
  const lines = await heads.evaluateAll((all) => all.map((it) => it.getClientRects().length && it.getBoundingClientRect().height));
  expect(Math.max(...lines)).toBeLessThan(30);
  await alice.button('Pause').click();
  await alice.button('Clear').click();
  await expect(alice.page.getByText('0 frames')).toBeVisible();
  await alice.button('Resume').click();
  await alice.page.getByLabel('Filter frames').fill('the-only-one');
  notify(alice, 'the-only-one');
  await expect(alice.page.getByText(/^1 frame$|^1 of (1 frame|([2-9]|\d\d+) frames)$/)).toBeVisible();
});

test('the mark of a day is as wide as its words and lies across no line', async ({ alice, room }) => {
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.account.sayMany(room, 45);
  await alice.open(room);
  const day = alice.log.locator('.day');
  const label = day.locator('.day__label');
  await alice.messages.nth(20).scrollIntoViewIfNeeded();
  const [strip, words, log] = [await box(day), await box(label), await box(alice.log)];
  expect(words.width).toBeLessThan(110);
  expect(Math.abs(words.x + words.width / 2 - (log.x + log.width / 2))).toBeLessThan(9);
  // A strip from edge to edge that nothing shines through.
  expect(strip.y - log.y).toBeLessThan(2);
  const column = await box(alice.messages.nth(20));
  expect(strip.x).toBeLessThanOrEqual(column.x);
  expect(strip.x + strip.width).toBeGreaterThanOrEqual(column.x + column.width);
  expect(await style(day, 'background-color')).not.toMatch(/\/ 0\)|, 0\)|transparent/);
});

test('between phone and desktop the rail keeps its names', async ({ alice, bob, room }) => {
  await bob.account.say(room, 'words in the rail');
  for (const width of [660, 720, 800, 900, 1024]) {
    await alice.page.setViewportSize({ width, height: 800 });
    await alice.open(room);
    await expect(alice.link(room).getByText(room.name)).toBeInViewport({ ratio: 1 });
    expect((await box(alice.link(room).getByText(room.name))).width).toBeGreaterThan(60);
    expect((await box(alice.page.getByRole('main'))).width).toBeGreaterThan(380);
  }
});

test('on a phone notes are one line each, two at once, and leave the field and most of the talk free', async ({ alice, bob, room }) => {
  await alice.page.clock.install();
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await bob.account.sayMany(room, 40);
  await alice.open(room);
  for (let n = 1; n <= 4; n++) notify(alice, `Note ${n}`, 'with more words than fit into one line of a phone, so that it would be three', n % 2 ? 'info' : 'error');
  const notes = alice.page.locator('.toast');
  await expect(notes).toHaveCount(2);
  await expect(alice.button('and 2 more')).toBeVisible();
  for (let n = 0; n < 2; n++) expect((await box(notes.nth(n))).height).toBeLessThanOrEqual(46);
  const [all, field] = [await box(alice.page.locator('.toasts')), await box(alice.box)];
  expect(all.y + all.height).toBeLessThanOrEqual(field.y + 16);
  expect(await uncovered(alice.box)).toBe(true);
  // A touch shows all of a note.
  await notes.first().getByRole('button', { name: 'Dismiss' }).focus();
  expect((await box(notes.first())).height).toBeGreaterThan(46);
});

test('sign out, leave room and leave session have icons of their own', async ({ alice, room }) => {
  await alice.open(room);
  const path = (it: Locator) => it.locator('.icon path').first().getAttribute('d');
  const icons = [await path(alice.button('Sign out')), await path(alice.button('Leave room'))];
  const live = new LivePage(alice.page);
  await live.open(room);
  icons.push(await path(alice.page.getByRole('link', { name: 'Leave' })));
  expect(new Set(icons).size).toBe(3);
});

test('errors of a field and of a form are equally large', async ({ visitor, guard }) => {
  guard.allow(answered(401), answered(422));
  await visitor.goto('/sign-in');
  await visitor.getByLabel('User name or e-mail').fill('nobody-of-that-name');
  await visitor.getByLabel('Password', { exact: true }).fill('not-the-right-one');
  await visitor.getByRole('button', { name: 'Sign in', exact: true }).click();
  const size = await style(visitor.getByRole('alert'), 'font-size');
  await visitor.goto('/register');
  await visitor.getByLabel('User name').fill('a b c');
  await visitor.getByLabel('E-mail').fill('fresh@example.org');
  await visitor.getByLabel('Password', { exact: true }).fill('long-enough-for-all');
  await visitor.getByRole('button', { name: 'Create account' }).click();
  expect(await style(visitor.locator('.field__problem').first(), 'font-size')).toBe(size);
});

test('forced colours tell online from offline', async ({ alice, bob, room }) => {
  await alice.page.emulateMedia({ forcedColors: 'active' });
  await alice.open(room);
  await expect(alice.person(bob.name)).toContainText('offline');
  // The server rendered her as offline: her own connection came later.
  await expect(alice.person(alice.name)).toContainText('online');
  const dot = (name: string) =>
    alice.person(name).locator('.people_panel__presence').evaluate((it) => getComputedStyle(it, '::before').backgroundColor);
  const canvas = await alice.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const [online, offline] = [await dot(alice.name), await dot(bob.name)];
  expect(online).not.toBe(offline);
  // Filled with a colour that is seen.
  expect(online).not.toBe(canvas);
});

test('emoji alone are large', async ({ alice, bob, room }) => {
  await bob.account.say(room, '🎉 👩‍👩‍👧');
  await bob.account.say(room, 'well done 🎉');
  await alice.open(room);
  const sizes = await alice.messages.evaluateAll((all) => all.map((it) => Number.parseFloat(getComputedStyle(it).fontSize)));
  expect(sizes[0]).toBeGreaterThanOrEqual(sizes[1]! * 2);
});

test('a message of 60 KB is cut until it is asked for', async ({ alice, bob, room }) => {
  await bob.account.say(room, Array.from({ length: 900 }, (_, n) => `${n} ${'word '.repeat(12)}`).join('\n'));
  await bob.account.say(room, 'after it');
  await alice.open(room);
  const line = alice.line(/^|0 word/).filter({ hasText: '899 word' });
  expect((await box(line)).height).toBeLessThan(600);
  const more = line.getByRole('button', { name: 'Show more' });
  await expect(more).toHaveAttribute('aria-expanded', 'false');
  await more.click();
  const less = line.getByRole('button', { name: 'Show less' });
  await expect(less).toHaveAttribute('aria-expanded', 'true');
  expect((await box(line)).height).toBeGreaterThan(5_000);
  // It grows downwards: its beginning stays in view.
  await expect(async () => expect((await box(line)).y).toBeGreaterThanOrEqual(0)).toPass();
  await less.dispatchEvent('click');
  await expect(line.getByRole('button', { name: 'Show more' })).toBeVisible();
  await expect(line).toBeInViewport();
});
