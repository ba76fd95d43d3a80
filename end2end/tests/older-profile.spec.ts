// A browser that used version 0.1.0: nothing that it keeps is lost, and its open tabs do no harm.
import type { Page } from '@playwright/test';
import type { Room } from '../fixtures/account';
import { NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, type Person, test } from '../fixtures/hubbub';
import { EMPTY_PAGE, NO_ICON, profileOf010, type Profile, writeCookies, writeCopies, writeStorage } from '../fixtures/older-profile';

/** The cookie of the sign-in of this browser, whatever its name. */
async function session({ context }: Person): Promise<string> {
  const cookies = await context.cookies();
  const found = cookies.find(({ name }) => name.startsWith('hubbub_session') || name === '__Host-hubbub_session');
  expect(found, 'a cookie of the sign-in').toBeDefined();
  return found?.value ?? '';
}

function profile(person: Person, room: Room, values: Record<string, string> = {}): Profile {
  return profileOf010({ account: person.account.id, room: room.id, ...values });
}

test('posts that 0.1.0 could not send go out once and in order; texts stand in the field', async ({ alice, bob, room, guard }) => {
  guard.allow(NO_ICON);
  await bob.open(room);
  await writeStorage(alice.page, profile(alice, room));
  await alice.open(room);
  await expect(alice.line('written second in 0.1.0')).toContainText('Sent');
  await expect(alice.line('not taken in 0.1.0')).toContainText('Not today.');
  await expect(alice.box).toHaveValue('half a sentence of 0.1.0,\nin two lines');
  await expect(bob.messages).toHaveCount(2);
  const sent = ['written first in 0.1.0', 'written second in 0.1.0: שלום\nin two lines'];
  expect(await alice.account.history(room)).toEqual(sent);

  await alice.page.reload();
  await alice.ready();
  await expect(alice.messages).toHaveCount(3);
  await alice.line('not taken in 0.1.0').getByRole('button', { name: 'Retry' }).click();
  await expect(alice.line('not taken in 0.1.0')).toContainText('Sent');
  expect(await alice.account.history(room)).toEqual([...sent, 'not taken in 0.1.0']);
  await expect(alice.box).toHaveValue('half a sentence of 0.1.0,\nin two lines');
  expect(await rowsOfAnotherUser(alice.page)).toEqual({ posts: 1, text: 'a text of another user of this browser' });
});

/** What the database still has for the other user of this browser. */
function rowsOfAnotherUser(page: Page): Promise<{ posts: number; text: string }> {
  return page.evaluate(
    () =>
      new Promise((done, failed) => {
        const request = indexedDB.open('hubbub');
        request.onerror = () => failed(request.error);
        request.onsuccess = () => {
          const reading = request.result.transaction(['posts', 'texts'], 'readonly');
          const posts = reading.objectStore('posts').index('account').count('of-another-user');
          const texts = reading.objectStore('texts').getAll(IDBKeyRange.bound('of-another-user ', 'of-another-user \uffff'));
          reading.onabort = () => failed(reading.error);
          reading.oncomplete = () => {
            request.result.close();
            done({ posts: posts.result, text: texts.result[0] });
          };
        };
      }),
  );
}

test('the cookies of 0.1.0 keep the sign-in and the theme', async ({ alice, room, server }) => {
  const value = await session(alice);
  await alice.context.clearCookies();
  await writeCookies(alice.context, server.url, profile(alice, room, { session: value }));
  await alice.open(room);
  await expect(alice.heading).toHaveText('Tea kitchen');
  await expect(alice.page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a copy of a page that 0.1.0 made is shown without network, and goes when a new page comes', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE, NO_ICON);
  await alice.open(room);
  await expect.poll(() => copies(alice.page, room)).toContain('Tea kitchen');
  // The worker answers for the page from now on. Once it has a copy of this one, it does nothing more by itself.
  await alice.page.goto(EMPTY_PAGE);
  await alice.account.say(room, 'said before the copy');
  await alice.open(room);
  await expect.poll(() => copies(alice.page, room)).toContain('said before the copy');
  await alice.page.goto(EMPTY_PAGE);
  await writeCopies(alice.page, profile(alice, room, { 'sign-in': 'a-sign-in-of-before' }));
  await alice.context.setOffline(true);
  await alice.page.goto(`/rooms/${room.id}`);
  await expect(alice.page.getByText('as 0.1.0 saw it last')).toBeVisible();
  await alice.context.setOffline(false);
  await alice.open(room);
  await expect.poll(() => copies(alice.page, room)).toContain('said before the copy');
  expect(await alice.page.evaluate(async () => (await caches.keys()).join())).not.toContain('of-0.1.0');
});

/** All copies of the page of a room. */
function copies(page: Page, room: Room): Promise<string> {
  return page.evaluate(async (path) => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).match(path))?.text()));
    return all.join();
  }, `/rooms/${room.id}`);
}

test('a tab of 0.1.0 holds its own lock and talks on its own channel', async ({ alice, bob, room, guard }) => {
  guard.allow(NO_ICON);
  await bob.open(room);
  const old = await alice.context.newPage();
  await old.goto(EMPTY_PAGE);
  await old.evaluate(leadAs010, `hubbub ${alice.account.id}`);
  await alice.open(room);
  await alice.say('beside an old tab');
  await expect(alice.line('beside an old tab')).toContainText('Sent');
  await expect(bob.messages).toHaveText(['beside an old tab']);
  await old.evaluate(talkAs010, { channel: `hubbub ${alice.account.id}`, room: room.id });
  await alice.say('and after it has talked');
  await expect(bob.messages).toHaveText(['beside an old tab', 'and after it has talked']);
  for (const each of [alice, bob]) await expect(each.messages).toHaveCount(2);
  await expect(alice.status).toHaveText('Connected');
  const tab = await alice.secondTab();
  await tab.open(room);
  await expect(tab.messages).toHaveText(['beside an old tab', 'and after it has talked']);
  const { data } = await alice.account.ask('GET', `websocket/user/${alice.account.id}/status`);
  expect(data.sockets).toBe(1);
});

test('messages of no form on the channel of the tabs do no harm', async ({ alice, bob, room, guard }) => {
  guard.allow(NO_ICON);
  await bob.open(room);
  await alice.open(room);
  const channel = await alice.page.evaluate(async (account) => {
    const { held } = await navigator.locks.query();
    return held?.find(({ name }) => name?.includes(account))?.name ?? '';
  }, alice.account.id);
  expect(channel).toContain(alice.account.id);
  expect(channel).not.toBe(`hubbub ${alice.account.id}`);
  const other = await alice.context.newPage();
  await other.goto(EMPTY_PAGE);
  await other.evaluate(talkNonsense, channel);
  await alice.say('after the nonsense');
  await expect(alice.line('after the nonsense')).toContainText('Sent');
  await expect(bob.messages).toHaveText(['after the nonsense']);
  await expect(alice.status).toHaveText('Connected');
  const tab = await alice.secondTab();
  await tab.open(room);
  await tab.say('from another tab');
  for (const each of [alice, tab, bob]) await expect(each.messages).toHaveText(['after the nonsense', 'from another tab']);
});

// From here on functions run in the page and know nothing of this file.

/** Holds the lock of the tabs of 0.1.0 and answers nobody. */
function leadAs010(name: string): Promise<void> {
  return new Promise((done) => {
    void navigator.locks.request(name, () => {
      done();
      return new Promise(() => undefined);
    });
  });
}

/** Everything that a tab of 0.1.0 can say. */
function talkAs010({ channel, room }: { channel: string; room: string }): void {
  const draft = '0192d3a0-0000-7000-8000-0000000000b1';
  const post = { order: 1, room, draft, body: 'a post of the old tab', at_ms: 1764374400000, reason: null };
  const joined = { type: 'left', data: { room } };
  const said: [string, string][] = [
    ['hello', ''],
    ['status', 'signed-out'],
    ['frame', JSON.stringify(joined)],
    ['send', JSON.stringify({ type: 'leave', data: { room } })],
    ['join', JSON.stringify({ type: 'join', data: { room } })],
    ['post', JSON.stringify(post)],
    ['gone', draft],
    ['lead', ''],
    ['silent', ''],
    ['retry', ''],
    ['shown', ''],
    ['ask', ''],
    ['here', ''],
  ];
  const tabs = new BroadcastChannel(channel);
  for (const [kind, text] of said) tabs.postMessage([kind, '', 'an-old-tab', text, room]);
  tabs.close();
}

/** What no tab of this version sends. */
function talkNonsense(channel: string): void {
  const tabs = new BroadcastChannel(channel);
  const unknown = JSON.stringify({ type: 'a frame of next year', data: {} });
  const messages = [
    { type: 'a message of next year' },
    { type: 'lead' },
    { type: 'status', data: 'a state of next year' },
    { type: 'frame', data: '{' },
    { type: 'frame', data: unknown },
    { type: 'frame', data: { type: 'left' } },
    { type: 'join', data: { room: 'no room', frame: '{}' } },
    { type: 'post', data: { order: 1, room: 'a' } },
    { type: 'post', data: { order: -1, room: 'no room', draft: 'no draft', body: 7, at_ms: '' } },
    { type: 'gone', data: 'no draft' },
  ];
  const texts = ['', '{', '7', '"hello"', 'a word of next year', unknown, ...messages.map((it) => JSON.stringify(it))];
  const misshapen = [null, 7, 'hello', [], ['hello'], {}, { type: 'hello' }, [1, 2, 3], ['', 'x', null], ['post', '', 'x', '{}', ''], new Uint8Array(3)];
  for (const data of misshapen) tabs.postMessage(data);
  for (const text of texts) tabs.postMessage(['', 'a-strange-tab', text]);
  tabs.close();
}
