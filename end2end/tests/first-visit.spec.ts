// What somebody waits for who comes for the first time.
import type { Page } from '@playwright/test';
import { expect, test } from '../fixtures/hubbub';

/** Bytes, as they travel, heads included. Raise it only together with the reason why the rooms need it. */
const BUDGET = 360 * 1024;

/** Everything that the page loads from now on, with what it weighs on the wire. */
async function weigh(page: Page): Promise<Map<string, number>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const paths = new Map<string, string>();
  const weights = new Map<string, number>();
  devtools.on('Network.requestWillBeSent', ({ requestId, request }) => paths.set(requestId, new URL(request.url).pathname));
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const path = paths.get(requestId) ?? '?';
    weights.set(path, (weights.get(path) ?? 0) + encodedDataLength);
  });
  return weights;
}

test('the first visit to a room loads the whole app within its budget', async ({ alice, room }) => {
  await alice.account.sayMany(room, 20);
  const weights = await weigh(alice.page);
  await alice.open(room);
  await alice.page.waitForLoadState('networkidle');
  const parts = [...weights].map(([path, bytes]) => `${bytes} ${path}`).join('\n');
  for (const part of [`/rooms/${room.id}`, /^\/pkg\/hubbub\.[\w-]{22}\.js$/, /^\/pkg\/hubbub\.[\w-]{22}\.wasm$/]) {
    const [path] = [...weights.keys()].filter((it) => (typeof part === 'string' ? it === part : part.test(it)));
    expect(weights.get(path ?? ''), `${part} in\n${parts}`).toBeGreaterThan(0);
  }
  const sum = [...weights.values()].reduce((one, other) => one + other, 0);
  console.log(`${sum} bytes at the first visit:\n${parts}`);
  expect(sum, parts).toBeLessThanOrEqual(BUDGET);
});

test('a room opens in one round trip: its newest messages need no answer but the page', async ({ alice, room }) => {
  await alice.account.sayMany(room, 60);
  const answered: string[] = [];
  const isNeeded = (path: string) => path === `/rooms/${room.id}`;
  // Neither files nor calls get an answer while the messages are looked at.
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await alice.page.route(({ pathname }) => !isNeeded(pathname), async (route) => {
    await released;
    await route.continue();
  });
  alice.page.on('requestfinished', (request) => answered.push(new URL(request.url()).pathname));
  await alice.page.goto(`/rooms/${room.id}`, { waitUntil: 'commit' });
  await expect(alice.messages.last()).toHaveText('line 60');
  await expect(alice.messages.last()).toBeInViewport();
  // Painted, and in shape.
  await alice.page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  await expect(alice.page.locator('.composer__box')).toHaveCSS('display', 'flex');
  expect(answered.filter((path) => !isNeeded(path))).toEqual([]);
  release();
  await alice.ready();
  await expect(alice.messages.last()).toHaveText('line 60');
});
