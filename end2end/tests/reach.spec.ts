// What keyboards and screen readers reach: landmarks, names, long lists, the way past them.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures/hubbub';

/** Rules beyond WCAG's own: a page has a main part and a heading, names hold what is seen, regions that scroll are reached. */
const RULES = ['landmark-one-main', 'page-has-heading-one', 'label-content-name-mismatch', 'scrollable-region-focusable', 'region'];

async function expectReachable(page: Page): Promise<void> {
  const rules = Object.fromEntries(RULES.map((rule) => [rule, { enabled: true }]));
  const { violations } = await new AxeBuilder({ page }).options({ runOnly: { type: 'rule', values: RULES }, rules }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join('\n')}`)).toEqual([]);
}

/** A server of its own would have the demo people's room full; a wire that lies is enough. */
function crowd(count: number) {
  return Array.from({ length: count }, (_, n) => ({ id: `person-${n}`, name: `person-${n}`, role: 'member', online: n % 2 === 0, read_seq: 0 }));
}

test('a list of 203 people is reached and scrolled by keyboard', async ({ alice, room }) => {
  await alice.page.setViewportSize({ width: 1440, height: 900 });
  await alice.open(room);
  // What the server says of the people comes before what the wire adds.
  await expect(alice.person(alice.name)).toContainText('online');
  for (const member of crowd(201)) alice.wire.tell('member_added', { room: room.id, member });
  const list = alice.people.getByRole('list');
  await expect(list.getByRole('listitem')).toHaveCount(203);
  await expectReachable(alice.page);
  await list.focus();
  await expect(list).toBeFocused();
  await alice.page.keyboard.press('End');
  await expect(list.getByRole('listitem').last()).toBeInViewport();
});

test('the names of buttons hold what is seen of them', async ({ alice, visitor, room }) => {
  await visitor.goto('/sign-in');
  await expect(visitor.getByRole('button', { name: 'Sign in as alice' })).toBeVisible();
  await expectReachable(visitor);
  await alice.open(room);
  await expect(alice.button('People')).toBeVisible();
  await expectReachable(alice.page);
  for (const path of [`/live/${room.id}`, '/devtools', '/test']) {
    await alice.page.goto(path);
    await alice.ready();
    await expectReachable(alice.page);
  }
});

test('on a phone the list of rooms is a page with a main part and a heading', async ({ alice, bob }) => {
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.page.goto('/');
  await alice.ready();
  await expect(alice.page.getByRole('main')).toBeVisible();
  await expect(alice.heading).toBeVisible();
  await expect(alice.button('Start a room')).toBeVisible();
  await expectReachable(alice.page);
  const room = await bob.account.createRoom('Balcony', alice.account);
  await expect(alice.link(room)).toBeInViewport({ ratio: 1 });
  await expect(alice.page.getByRole('main')).toBeVisible();
  await expect(alice.heading).toHaveCount(1);
  await expectReachable(alice.page);
});

test('a long list of rooms is one stop, and there is a way past it', async ({ alice, bob }) => {
  const rooms = [];
  for (let n = 1; n <= 12; n++) rooms.push(await bob.account.createRoom(`Room ${n}.`, alice.account));
  for (const room of rooms) await bob.account.say(room, 'see https://a.example/ and https://b.example/');
  const [first, here] = [rooms[11]!, rooms[6]!];
  await alice.open(here);
  const { keyboard } = alice.page;
  await alice.rooms.getByRole('button', { name: 'New room' }).focus();
  await keyboard.press('Tab');
  await expect(alice.link(here)).toBeFocused();
  await keyboard.press('Tab');
  await expect(alice.page.getByRole('link', { name: /^Your account/ })).toBeFocused();
  await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowDown');
  await expect(alice.link(rooms[5]!)).toBeFocused();
  await keyboard.press('Home');
  await expect(alice.link(first)).toBeFocused();
  await keyboard.press('Enter');
  await expect(alice.heading).toHaveText(first.name);

  await alice.page.goto(`/rooms/${here.id}`);
  await alice.ready();
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  const skip = alice.page.getByRole('link', { name: 'Skip to the message field' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await keyboard.press('Enter');
  await expect(alice.box).toBeFocused();
});
