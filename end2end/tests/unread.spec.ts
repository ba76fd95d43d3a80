// Where a room opens, what counts as read, and what stays when the list changes.
import type { Locator } from '@playwright/test';
import { expect, test } from '../fixtures/hubbub';

const mark = (log: Locator) => log.getByRole('listitem', { name: 'New messages' });

test('a room with 200 unread messages opens at the first of them', async ({ alice, bob, room }) => {
  await bob.account.sayMany(room, 20);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  await expect(alice.link(room)).not.toHaveAccessibleName(/unread/);
  const other = await alice.account.createRoom('Workshop');
  await alice.link(other).click();
  await expect(alice.heading).toHaveText('Workshop');
  const account = bob.account;
  await account.sayMany(room, 200);
  // After an absence: what was said meanwhile is not in the page.
  await alice.page.goto(`/rooms/${room.id}`);
  await alice.ready();
  await expect(mark(alice.log)).toBeInViewport();
  await expect(alice.messages).toHaveCount(220);
  const first = alice.messages.nth(20);
  await expect(first).toHaveText('line 1');
  await expect(first).toBeInViewport({ ratio: 1 });
  await expect(alice.messages.last()).not.toBeInViewport();
  // The mark stays where it is put, and what was not on screen is still unread.
  await expect(alice.button(/^1\d\d new messages$/)).toBeVisible();
  await expect(alice.link(room)).toHaveAccessibleName(/99\+ unread/);
});

test('the badge goes down with what was on screen, here and on the server', async ({ alice, bob, room }) => {
  await bob.account.sayMany(room, 200);
  await alice.open(room);
  await expect(alice.link(room)).toHaveAccessibleName(/99\+ unread/);
  await alice.messages.filter({ hasText: /^line 150$/ }).scrollIntoViewIfNeeded();
  await expect(alice.link(room)).toHaveAccessibleName(/\b([34]\d|50) unread/);
  await expect(async () => {
    const { chats } = await alice.account.ask('GET', 'chats');
    expect(chats[0].unread).toBeLessThanOrEqual(50);
    expect(chats[0].unread).toBeGreaterThan(20);
  }).toPass();
  await alice.button(/new messages$/).click();
  await expect(alice.messages.last()).toBeInViewport();
  await expect(alice.link(room)).not.toHaveAccessibleName(/unread/);
});

test('a tab that comes back into view shows where the news begin', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 30);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  const show = (state: string) =>
    alice.page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, state);
  await show('hidden');
  await bob.account.sayMany(room, 60);
  await expect(alice.messages).toHaveCount(90);
  await expect(alice.link(room)).toHaveAccessibleName(/60 unread/);
  await show('visible');
  await expect(mark(alice.log)).toBeInViewport();
  await expect(alice.messages.nth(30)).toBeInViewport({ ratio: 1 });
  await expect(alice.link(room)).toHaveAccessibleName(/[1-5]\d unread/);
});

test('after a gap in the connection the room shows where the news begin', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 30);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await bob.account.sayMany(room, 120);
  alice.wire.mend();
  await alice.comeBack();
  await expect(mark(alice.log)).toBeInViewport();
  await expect(alice.messages.filter({ hasText: /^line 1$/ }).last()).toBeInViewport({ ratio: 1 });
  await expect(alice.link(room)).toHaveAccessibleName(/unread/);
});

test('a room is left and found again at the same place', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Workshop', bob.account);
  await alice.account.sayMany(room, 100);
  await alice.open(room);
  const line = alice.messages.filter({ hasText: /^line 70$/ });
  await line.scrollIntoViewIfNeeded();
  await expect(line).toBeInViewport();
  const top = () => line.evaluate((it) => it.getBoundingClientRect().top);
  const before = await top();
  await alice.link(other).click();
  await expect(alice.heading).toHaveText('Workshop');
  await bob.account.say(room, 'news');
  await expect(alice.link(room)).toHaveAccessibleName(/1 unread/);
  await alice.link(room).click();
  await expect(alice.heading).toHaveText(room.name);
  await expect(async () => expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(2)).toPass();
  await expect(alice.button('1 new message')).toBeVisible();
  await expect(alice.link(room)).toHaveAccessibleName(/1 unread/);
  // A reader at the newest message is there again.
  await alice.button('1 new message').click();
  await expect(alice.messages.last()).toBeInViewport();
  await alice.link(other).click();
  await expect(alice.heading).toHaveText('Workshop');
  await alice.link(room).click();
  await expect(alice.messages.last()).toBeInViewport();
});

test('a selection and the focus survive the loading of older messages', async ({ alice, room }) => {
  await alice.account.say(room, 'see https://a.example/older');
  await alice.account.sayMany(room, 120);
  await alice.account.say(room, 'see https://a.example/newer');
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  const select = (line: Locator) =>
    line.evaluate((it) => {
      const words = it.firstChild as Text;
      getSelection()!.setBaseAndExtent(words, 1, words, 6);
    });
  await select(alice.messages.filter({ hasText: /^line 118$/ }));
  await alice.messages.getByRole('link').focus();
  await select(alice.messages.filter({ hasText: /^line 118$/ }));
  const count = await alice.messages.count();
  await alice.button('Load older messages').dispatchEvent('click');
  await expect(alice.messages).not.toHaveCount(count);
  expect(await alice.page.evaluate(() => String(getSelection()))).toBe('ine 1');
  await expect(alice.messages.getByRole('link').last()).toBeFocused();
});

test('a room is printed as its conversation', async ({ alice, bob, room }) => {
  await bob.account.sayMany(room, 45);
  await alice.open(room);
  await expect(alice.messages).toHaveCount(45);
  await alice.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const part of [alice.rooms, alice.box, alice.people, alice.button('Sign out')]) await expect(part).toBeHidden();
  await expect(alice.heading).toBeVisible();
  const drawn = await alice.page.evaluate(() => {
    const lines = [...document.querySelectorAll('.message__body')].map((it) => it.getBoundingClientRect());
    const clips = [...document.querySelectorAll('.shell, .shell__main, .conversation, .message_list, .message_list__log')].map(
      (it) => getComputedStyle(it).overflowY,
    );
    const ink = getComputedStyle(document.documentElement).getPropertyValue('--ink');
    return { heights: lines.filter((it) => it.height > 0).length, end: lines.at(-1)!.bottom, page: document.documentElement.scrollHeight, clips, ink };
  });
  expect(drawn.heights).toBe(45);
  expect(drawn.end).toBeLessThanOrEqual(drawn.page);
  expect(new Set(drawn.clips)).toEqual(new Set(['visible']));
  // Black on white, also for a reader of dark pages.
  expect(drawn.ink).toContain('24%');
  const pages = (await alice.page.pdf({ format: 'A5' })).toString('latin1').match(/\/Type\s*\/Page\b/g);
  expect(pages!.length).toBeGreaterThan(1);
});
