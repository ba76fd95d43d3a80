// How long a first visit to a room takes until there is text, and until the page lives; run by `make bench-page` alone.
//
// Another version can be measured with the same file: HUBBUB_BIN=PROGRAM HUBBUB_SITE_DIR=FOLDER make bench-page
import type { CDPSession, Page } from '@playwright/test';
import { test } from '../fixtures/hubbub';
import { hydrated } from '../pages/room';

const ROUNDS = Number(process.env.HUBBUB_BENCH_ROUNDS ?? 5);

/** Milliseconds since the visit began. */
interface Arrival {
  text: number;
  alive: number;
  bytes: number;
}

declare global {
  interface Window {
    aliveAt: number;
  }
}

/** Runs in the page, before its scripts. */
function watchForLife(): void {
  const seen = new MutationObserver(() => {
    if (!document.documentElement?.hasAttribute('data-hydrated')) return;
    window.aliveAt = performance.now();
    seen.disconnect();
  });
  seen.observe(document, { attributes: true, subtree: true, childList: true });
}

async function arrive(page: Page, devtools: CDPSession, path: string): Promise<Arrival> {
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.goto(path, { waitUntil: 'commit', timeout: 60_000 });
  await hydrated(page);
  const times = await page.evaluate(() => ({
    text: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
    alive: window.aliveAt,
  }));
  return { ...times, bytes };
}

const median = (numbers: number[]) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;

const CASES: Record<string, (devtools: CDPSession) => Promise<unknown>> = {
  'any line': async () => undefined,
  'a line of 50 kB/s and 400 ms': (devtools) =>
    devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }),
  'a processor of a quarter of the speed': (devtools) => devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 }),
};

test('a first visit to a room', async ({ register, open }) => {
  test.setTimeout(ROUNDS * 60_000);
  const [reader, writer] = [await register('alice'), await register('bob')];
  const room = await reader.createRoom('Tea kitchen', writer);
  await writer.sayMany(room, 50);
  for (const [words, slowDown] of Object.entries(CASES)) {
    const arrivals: Arrival[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const context = await open();
      await reader.signIn(context);
      const page = await context.newPage();
      const devtools = await context.newCDPSession(page);
      await devtools.send('Network.enable');
      await slowDown(devtools);
      await page.addInitScript(watchForLife);
      arrivals.push(await arrive(page, devtools, `/rooms/${room.id}`));
      await context.close();
    }
    const of = (what: keyof Arrival) => median(arrivals.map((it) => it[what]));
    const seconds = (what: 'text' | 'alive') => (of(what) / 1_000).toFixed(2);
    console.log(`${words}: text after ${seconds('text')} s, alive after ${seconds('alive')} s, ${(of('bytes') / 1_000).toFixed(1)} kB`);
  }
});
