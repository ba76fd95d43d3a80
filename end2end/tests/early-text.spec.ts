// What is typed into the message field before the program of the page has arrived.
import type { Page } from '@playwright/test';
import { expectAccessible } from '../fixtures/axe';
import { rewrite } from '../fixtures/edited';
import { answered } from '../fixtures/guard';
import { expect, Person, test as base } from '../fixtures/hubbub';

/** Without a service worker: what it fetches cannot be held up from here. */
const test = base.extend({
  alice: async ({ register, open }, use) => use(await Person.enter(await register('alice'), await open({ serviceWorkers: 'block' }))),
});

/** Holds up the program of the pages that are opened from now on. */
async function hold(page: Page): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route('**/pkg/*.wasm*', async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

for (const address of ['/rooms/{id}', '/live/{id}']) {
  test(`${address} takes text before it lives: nothing of it is sent or lost`, async ({ alice, room }) => {
    const release = await hold(alice.page);
    await alice.page.goto(address.replace('{id}', room.id), { waitUntil: 'commit' });
    await expect(alice.box).toHaveAttribute('placeholder', /^Message /);
    await alice.box.pressSequentially('first line');
    await alice.box.press('Enter');
    await alice.box.pressSequentially('second line');
    await expect(alice.button('Send')).toBeDisabled();
    await expectAccessible(alice.page);
    await alice.box.press('ArrowUp');
    release();
    await alice.ready();
    await expect(alice.box).toHaveValue('first line\nsecond line');
    await expect(alice.messages).toHaveCount(0);
    // The caret is where it was.
    await expect(alice.box).toBeFocused();
    expect(await alice.box.evaluate((field: HTMLTextAreaElement) => field.selectionStart)).toBeLessThan(11);
    await alice.box.press('End');
    await alice.box.pressSequentially('!');
    await alice.box.press('Enter');
    await expect(alice.messages).toHaveText([/^first line!\s*second line$/]);
    await expect(alice.box).toHaveValue('');
  });
}

test('text typed early goes on after the text that was not finished last time, and both are kept', async ({ alice, room }) => {
  await alice.open(room);
  await alice.box.fill('of last week');
  const kept = () => alice.page.evaluate(() => new Promise<string[]>((done) => {
    const opening = indexedDB.open('hubbub');
    opening.onsuccess = () => {
      const texts = opening.result.transaction('texts').objectStore('texts').getAll();
      texts.onsuccess = () => {
        opening.result.close();
        done(texts.result);
      };
    };
  }));
  await expect.poll(kept).toEqual(['of last week']);
  const release = await hold(alice.page);
  await alice.page.goto('about:blank');
  await alice.page.goto(`/rooms/${room.id}`, { waitUntil: 'commit' });
  await alice.box.fill('of today');
  release();
  await alice.ready();
  await expect(alice.box).toHaveValue('of last week\nof today');
  await expect.poll(kept).toEqual(['of last week\nof today']);
  await alice.page.reload();
  await alice.ready();
  await expect(alice.box).toHaveValue('of last week\nof today');
});

test('text typed early stays on a page that is drawn anew, with the focus', async ({ alice, room }) => {
  await rewrite(alice.page, (html) => html.replace(/<!(?!doctype)[^>]*>/gi, ''));
  const release = await hold(alice.page);
  await alice.page.goto(`/rooms/${room.id}`, { waitUntil: 'commit' });
  await alice.box.pressSequentially('half a li');
  release();
  await alice.ready();
  await expect(alice.box).toBeFocused();
  await alice.box.pressSequentially('ne');
  await expect(alice.box).toHaveValue('half a line');
});

test('text typed early stays on a page that has to be loaded again, because its program is gone', async ({ alice, room, guard }) => {
  guard.allow(answered(404), /Failed to fetch|dynamically imported module|HTTP status code is not ok/);
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await alice.page.route('**/pkg/*.js', async (route) => {
    await released;
    await route.fulfill({ status: 404 });
  });
  await alice.page.goto(`/rooms/${room.id}`, { waitUntil: 'commit' });
  await alice.box.fill('half a line');
  release();
  await expect(alice.page.getByRole('alert').filter({ hasText: 'could not start' })).toBeVisible();
  await expect(alice.box).toHaveValue('half a line');
  await alice.box.press('End');
  await alice.box.pressSequentially(' more');
  await alice.page.unroute('**/pkg/*.js');
  await alice.button('Reload').click();
  await alice.ready();
  await expect(alice.box).toHaveValue('half a line more');
});
