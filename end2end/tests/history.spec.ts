import type { Locator, Page } from '@playwright/test';
import { expect, test } from '../fixtures/hubbub';

const OLDER = /\/messages\?.*before=/;

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
  await alice.account.sayMany(room, 120);
  await alice.open(room);
  await expect(alice.messages.last()).toHaveText('line 120');
  expect(await alice.messages.count()).toBe(50);
  const older = alice.button('Load older messages');
  while ((await alice.messages.count()) < 120) {
    const count = await alice.messages.count();
    await older.click();
    await expect(alice.messages).not.toHaveCount(count);
  }
  await expect(alice.messages).toHaveText(Array.from({ length: 120 }, (_, nth) => `line ${nth + 1}`));
  await expect(older).toBeHidden();
});

test('a room of 10,000 messages opens with one page, and scrolling back keeps its place', async ({ alice, room }) => {
  await alice.account.sayMany(room, 10_000);
  await alice.open(room);
  await expect(alice.messages.last()).toHaveText('line 10000');
  await expect(alice.messages.last()).toBeInViewport();
  expect(await alice.log.getByRole('listitem').count()).toBeLessThanOrEqual(60);

  const release = await holdOlder(alice.page);
  const asked = alice.page.waitForRequest(OLDER);
  await alice.log.evaluate((log) => log.scrollTo(0, 0));
  await asked;
  const line = alice.messages.filter({ hasText: /^line 9951$/ });
  const before = await top(line);
  release();
  await expect(alice.messages.filter({ hasText: /^line 9901$/ })).toBeAttached();
  await expect(async () => expect(Math.abs((await top(line)) - before)).toBeLessThanOrEqual(2)).toPass();
  // And there it stays, also when somebody says something now.
  await alice.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  expect(Math.abs((await top(line)) - before)).toBeLessThanOrEqual(2);
});

test('who reads further up is told of news and taken there', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 50);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  await bob.account.say(room, 'seen at once');
  await expect(alice.messages.last()).toHaveText('seen at once');
  await expect(alice.messages.last()).toBeInViewport();
  await alice.log.evaluate((log) => log.scrollTo(0, log.scrollHeight / 3));
  await bob.account.say(room, 'first news');
  await expect(alice.button('1 new message')).toBeVisible();
  await bob.account.say(room, 'second news');
  await alice.button('2 new messages').click();
  await expect(alice.messages.last()).toHaveText('second news');
  await expect(alice.messages.last()).toBeInViewport();
  await expect(alice.button(/new messages?$/)).toBeHidden();
});
