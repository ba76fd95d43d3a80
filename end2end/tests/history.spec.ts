import type { Locator, Page } from '@playwright/test';
import { NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';

const OLDER = /\/messages\?.*before=/;

/** What `sayMany` says. */
const lines = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, nth) => `line ${first + nth}`);

/** How far below the upper edge of the window it is, in pixels. */
const top = (line: Locator) => line.evaluate((it) => it.getBoundingClientRect().top);

/** Holds back the answers about older messages until it is called. */
async function holdOlder(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(OLDER, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

test('older pages come by the button until there are none', async ({ alice, room }) => {
  await alice.account.sayMany(room, 170);
  await alice.open(room);
  await expect(alice.messages.last()).toHaveText('line 170');
  const older = alice.button('Load older messages');
  for (let count = await alice.messages.count(); count < 170; count = await alice.messages.count()) {
    // Not a mouse's click: on its way to the button it would scroll up, which loads by itself.
    await older.dispatchEvent('click');
    await expect(alice.messages).not.toHaveCount(count);
  }
  await expect(alice.messages).toHaveText(lines(1, 170));
  await expect(older).toBeHidden();
});

test('older messages that could not be had can be asked for again', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.account.sayMany(room, 60);
  await alice.page.route(OLDER, (route) => route.abort());
  await alice.open(room);
  await alice.messages.first().scrollIntoViewIfNeeded();
  await expect(alice.log.getByRole('alert')).toContainText('could not be loaded');
  await alice.page.unroute(OLDER);
  await alice.button('Load older messages').dispatchEvent('click');
  await expect(alice.messages).toHaveText(lines(1, 60));
});

test('a room of 10,000 messages opens with one page, and scrolling back keeps its place', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 10_000);
  const release = await holdOlder(alice.page);
  const asked = alice.page.waitForRequest(OLDER);
  await alice.open(room);
  await expect(alice.messages).toHaveText(lines(9_951, 10_000));
  await expect(alice.messages.last()).toBeInViewport();
  expect(await alice.log.getByRole('listitem').count()).toBeLessThanOrEqual(60);

  const line = alice.messages.filter({ hasText: /^line 9951$/ });
  await line.scrollIntoViewIfNeeded();
  await asked;
  const before = await top(line);
  release();
  await expect(alice.messages.filter({ hasText: /^line 9901$/ })).toBeAttached();
  await expect(async () => expect(Math.abs((await top(line)) - before)).toBeLessThanOrEqual(2)).toPass();
  // And there it stays, also when somebody says something now.
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  expect(Math.abs((await top(line)) - before)).toBeLessThanOrEqual(2);
  expect(await alice.messages.count()).toBeLessThan(300);
});

test('a window that becomes narrow takes the messages along', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 200);
  await alice.open(room);
  await alice.messages.nth(10).scrollIntoViewIfNeeded();
  await expect(alice.messages.first()).not.toHaveText('line 151');
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  await alice.page.setViewportSize({ width: 1440, height: 900 });
  await alice.page.screenshot();
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await expect(alice.button('People')).toBeInViewport({ ratio: 1 });
  await expect(alice.button('1 new message')).toBeInViewport({ ratio: 1 });
});

test('who reads further up is told of news and taken there', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 50);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  await bob.account.say(room, 'seen at once');
  await expect(alice.messages.last()).toHaveText('seen at once');
  await expect(alice.messages.last()).toBeInViewport();
  await alice.messages.nth(10).scrollIntoViewIfNeeded();
  await bob.account.say(room, 'first news');
  await expect(alice.button('1 new message')).toBeVisible();
  await bob.account.say(room, 'second news');
  await alice.button('2 new messages').click();
  await expect(alice.messages.last()).toHaveText('second news');
  await expect(alice.messages.last()).toBeInViewport();
  await expect(alice.button(/new messages?$/)).toBeHidden();
});
