// Airplane mode: the page comes back without network, and what is written in it is not lost.
import { type BrowserContext, chromium } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answered, NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, test as base } from '../fixtures/hubbub';
import { RoomPage } from '../pages/room';

/** A browser with a profile on disk, which can be closed and opened again. */
interface Profile {
  open: () => Promise<BrowserContext>;
}

const test = base.extend<{ profile: Profile }>({
  profile: async ({ server, guard }, use, info) => {
    const folder = await mkdtemp(join(tmpdir(), 'hubbub-profile-'));
    const opened: BrowserContext[] = [];
    const { launchOptions, viewport, locale, timezoneId } = info.project.use;
    await use({
      open: async () => {
        const context = await chromium.launchPersistentContext(folder, {
          ...launchOptions,
          viewport,
          locale,
          timezoneId,
          baseURL: server.url,
        });
        guard.watch(context);
        opened.push(context);
        return context;
      },
    });
    for (const context of opened) await context.close();
    await rm(folder, { recursive: true, force: true });
  },
});

/** Waits until there is a copy of this page, with all that it needs. */
async function hasCopy({ page }: RoomPage, text: string): Promise<void> {
  const copied = async () => {
    const here = await caches.keys();
    const pages = await Promise.all(here.map(async (name) => (await (await caches.open(name)).match(location.pathname))?.text()));
    const files = await Promise.all(here.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)));
    return files.flat().some((url) => url.endsWith('.wasm')) ? pages.join() : '';
  };
  await expect.poll(() => page.evaluate(copied)).toContain(text);
}

/** Waits until the profile holds these posts and this unfinished text. A browser that is closed sooner may lose the last one. */
async function isKept({ page }: RoomPage, posts: string[], text?: string): Promise<void> {
  const kept = () =>
    new Promise<string[]>((done, failed) => {
      const request = indexedDB.open('hubbub');
      request.onerror = () => failed(request.error);
      request.onsuccess = () => {
        const base = request.result;
        const transaction = base.transaction(['posts', 'texts']);
        const bodies = transaction.objectStore('posts').getAll();
        const texts = transaction.objectStore('texts').getAll();
        transaction.oncomplete = () => {
          base.close();
          done([...bodies.result.map(({ body }) => body), ...texts.result]);
        };
      };
    });
  await expect.poll(() => page.evaluate(kept)).toEqual(text ? [...posts, text] : posts);
}

test('lines written in airplane mode survive a reload and the end of the browser, and arrive once, in order', async ({
  register,
  bob,
  profile,
  guard,
}) => {
  test.slow();
  guard.allow(...NETWORK_IS_GONE);
  const carol = await register('carol');
  const room = await carol.createRoom('Airport', bob.account);
  await bob.account.say(room, 'have a good flight');
  await bob.open(room);

  let browser = await profile.open();
  await carol.signIn(browser);
  let tab = new RoomPage(await browser.newPage());
  await tab.open(room);
  await hasCopy(tab, 'have a good flight');
  await browser.setOffline(true);
  await expect(tab.status).toHaveText('Offline');
  await tab.say('one');
  await tab.say('two');
  await expect(tab.line('two')).toContainText('Waits for the connection');
  await isKept(tab, ['one', 'two']);

  await tab.page.reload();
  await expect(tab.messages).toHaveText(['have a good flight', 'one', 'two']);
  await expect(tab.status).toHaveText('Offline');
  await tab.say('three');
  await tab.box.fill('and half a li');
  await expect(tab.line('three')).toContainText('Waits for the connection');
  await isKept(tab, ['one', 'two', 'three'], 'and half a li');
  await browser.close();

  browser = await profile.open();
  await browser.setOffline(true);
  tab = new RoomPage(await browser.newPage());
  await tab.page.goto(`/rooms/${room.id}`);
  await expect(tab.messages).toHaveText(['have a good flight', 'one', 'two', 'three']);
  await expect(tab.box).toHaveValue('and half a li');
  await tab.say('four');
  await bob.say('said on the ground');
  await expect(tab.line('four')).toContainText('Waits for the connection');
  await expect(bob.messages).toHaveText(['have a good flight', 'said on the ground']);
  // Shown at once, and stored a little later.
  await expect(bob.line('said on the ground')).toContainText('Sent');

  await browser.setOffline(false);
  await expect(tab.status).toHaveText('Connected');
  await expect(tab.line('four')).toContainText('Sent');
  const all = ['have a good flight', 'said on the ground', 'one', 'two', 'three', 'four'];
  for (const person of [tab, bob]) await expect(person.messages).toHaveText(all);
  expect(await carol.history(room)).toEqual(all);
});

test('a room that was opened by a click can be reloaded without network, too, and shows what came in', async ({
  alice,
  bob,
  room,
  guard,
}) => {
  guard.allow(...NETWORK_IS_GONE);
  const other = await alice.account.createRoom('Cellar', bob.account);
  await alice.open(room);
  await alice.link(other).click();
  await expect(alice.heading).toHaveText('Cellar');
  await hasCopy(alice, 'Cellar');
  await bob.account.say(other, 'said later');
  await expect(alice.messages).toHaveText(['said later']);
  // As when another tab comes to the front.
  await alice.page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  });
  await hasCopy(alice, 'said later');
  await alice.context.setOffline(true);
  await alice.page.reload();
  await expect(alice.heading).toHaveText('Cellar');
  await expect(alice.messages).toHaveText(['said later']);
  await alice.say('from below');
  await expect(alice.line('from below')).toContainText('Waits');
});

test('nothing private stays behind after signing out', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE, answered(401));
  await alice.open(room);
  await alice.account.say(room, 'between us');
  await alice.page.reload();
  await alice.ready();
  await hasCopy(alice, 'between us');
  await alice.button('Sign out').click();
  await expect(alice.page).toHaveURL(/\/sign-in/);
  await expect.poll(() => alice.page.evaluate(async () => (await caches.keys()).length)).toBe(0);
  await alice.context.setOffline(true);
  await expect(alice.page.goto(`/rooms/${room.id}`)).rejects.toThrow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/);
});

test('a copy of another build is not used with the files of this one', async ({ alice, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.open(room);
  await hasCopy(alice, 'Tea kitchen');
  await alice.page.evaluate(async () => {
    const before = await caches.open('hubbub of-last-week');
    await before.put('/rooms/of-last-week', new Response('an old page'));
  });
  await alice.page.reload();
  await alice.ready();
  await expect.poll(() => alice.page.evaluate(async () => (await caches.keys()).join())).not.toContain('last-week');
});
