// How long a key takes to the screen while a room is busy; run by `make bench-page` alone.
import { randomUUID } from 'node:crypto';
import type { CDPSession, Page } from '@playwright/test';
import { WebSocket } from 'ws';
import type { Account, Room } from '../fixtures/account';
import { expect, test } from '../fixtures/hubbub';
import { RoomPage } from '../pages/room';

const RATE = Number(process.env.HUBBUB_BENCH_RATE ?? 1_000);
const MESSAGES = Number(process.env.HUBBUB_BENCH_MESSAGES ?? 30_000);
const KEYS_PER_SECOND = 8;
/** Keys until the field is emptied, as somebody sends a line now and then. */
const LINE = 80;

/** What the page notes of its keys. The second clock is the browser's own, in steps of 8 ms, from 16 ms on. */
interface Noted {
  painted: number[];
  events: number[];
}

declare global {
  interface Window {
    noted: Noted;
  }
}

/** Runs in the page, before its scripts: from the key to the first task after the frame that shows the letter. */
function watchKeys(): void {
  window.noted = { painted: [], events: [] };
  let pressed = 0;
  const painted = new MessageChannel();
  painted.port1.onmessage = ({ data }) => window.noted.painted.push(performance.now() - data);
  addEventListener('keydown', (event) => (pressed = event.timeStamp), { capture: true });
  addEventListener('input', () => {
    const from = pressed;
    requestAnimationFrame(() => painted.port2.postMessage(from));
  }, { capture: true });
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'keydown') window.noted.events.push(duration);
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
}

/** Says so many things in a room, at an even pace; ends when the last one is committed. */
class Speaker {
  private posted = 0;
  private asked = 0;
  private readonly done: Promise<void>;

  constructor(account: Account, room: Room, perSecond: number, private readonly count: number) {
    const socket = new WebSocket(`${account.server.wsUrl}/api/v1/ws?token=${account.token}`);
    const send = (type: string, data: object) => socket.send(JSON.stringify({ type, data }));
    let timer: NodeJS.Timeout;
    this.done = new Promise((done, failed) => {
      socket.on('error', failed);
      socket.on('close', () => failed(new Error(`the speaker was cut off after ${this.posted} posts`)));
      socket.on('message', (raw) => {
        const head = raw.toString().slice(0, 20);
        if (head.startsWith('{"type":"welcome"')) send('join', { room: room.id });
        if (head.startsWith('{"type":"error"')) failed(new Error(raw.toString()));
        if (head.startsWith('{"type":"posted"') && ++this.posted === count) done(undefined);
        if (!head.startsWith('{"type":"joined"')) return;
        const begun = performance.now();
        timer = setInterval(() => {
          const due = Math.min(count, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
          for (; this.asked < due; this.asked++) {
            const body = `line ${this.asked} of ${account.name}, ${'as long as people write '.repeat(this.asked % 4)}`.trim();
            send('post', { room: room.id, draft: randomUUID(), body });
          }
        }, 10);
      });
    }).finally(() => {
      clearInterval(timer);
      socket.removeAllListeners('close').close();
    }) as Promise<void>;
  }

  finish(): Promise<void> {
    return this.done;
  }

  get isDone(): boolean {
    return this.posted >= this.count;
  }
}

const at = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

function summary(times: number[]): string {
  const sorted = times.toSorted((one, other) => one - other);
  return ['p50', 'p95', 'p99', 'max'].map((name, nth) => `${name} ${at(sorted, [0.5, 0.95, 0.99, 1][nth] ?? 1).toFixed(1)} ms`).join('  ');
}

/** Megabytes of WebAssembly and of JavaScript after tidying up, elements of the document, seconds of script. */
async function footprint(page: Page, devtools: CDPSession): Promise<string> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { result } = await devtools.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' });
  const { objects } = await devtools.send('Runtime.queryObjects', { prototypeObjectId: result.objectId ?? '' });
  const { result: bytes } = await devtools.send('Runtime.callFunctionOn', {
    objectId: objects.objectId ?? '',
    functionDeclaration: 'function () { return this.reduce((sum, it) => sum + it.buffer.byteLength, 0); }',
  });
  const { metrics } = await devtools.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((it) => it.name === name)?.value ?? NaN;
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  const lines = await page.locator('.message').count();
  return (
    `WebAssembly ${(bytes.value / 1e6).toFixed(1)} MB, JavaScript ${(metric('JSHeapUsedSize') / 1e6).toFixed(1)} MB, ` +
    `${elements} elements, ${lines} lines; busy ${metric('TaskDuration').toFixed(1)} s ` +
    `(script ${metric('ScriptDuration').toFixed(1)}, layout ${metric('LayoutDuration').toFixed(1)}, style ${metric('RecalcStyleDuration').toFixed(1)})`
  );
}

test('keys while a room is busy', async ({ register, open }) => {
  test.setTimeout((MESSAGES / RATE) * 1_000 * 3 + 30_000);
  const [reader, writer] = [await register('alice'), await register('bob')];
  const room = await reader.createRoom('Busy room', writer);
  // Not the tests' `Person`: the scissors on that one's wire would be measured, too.
  const context = await open();
  await reader.signIn(context);
  const alice = new RoomPage(await context.newPage());
  const devtools = await context.newCDPSession(alice.page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  await alice.page.addInitScript(watchKeys);
  await alice.open(room);
  await alice.box.click();
  console.log(`before: ${await footprint(alice.page, devtools)}`);

  const speaker = new Speaker(writer, room, RATE, MESSAGES);
  const begun = performance.now();
  for (let key = 0; !speaker.isDone; key++) {
    if (key % LINE === LINE - 1) await alice.box.fill('');
    await alice.page.keyboard.press(String.fromCharCode(97 + (key % 26)));
    const next = begun + ((key + 1) * 1_000) / KEYS_PER_SECOND;
    await new Promise((done) => setTimeout(done, Math.max(0, next - performance.now())));
  }
  await speaker.finish();
  const seconds = (performance.now() - begun) / 1_000;
  const noted = await alice.page.evaluate(() => window.noted);
  console.log(`${MESSAGES} messages in ${seconds.toFixed(1)} s: ${(MESSAGES / seconds).toFixed(0)} a second; ${noted.painted.length} keys`);
  console.log(`keydown to frame: ${summary(noted.painted)}`);
  console.log(`Event Timing (${noted.events.length} of 16 ms and more): ${summary(noted.events)}`);
  await expect(alice.messages.last()).toContainText(`line ${MESSAGES - 1} of`, { timeout: 60_000 });
  console.log(`after: ${await footprint(alice.page, devtools)}`);
});
