import { test, expect } from '../fixtures/hubbub';
const OLDER = /\/messages\?.*before=/;
test('debug', async ({ alice, bob, room }) => {
  await alice.account.sayMany(room, 1_000);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await alice.page.route(OLDER, async (route) => { await released; await route.continue(); });
  const asked = alice.page.waitForRequest(OLDER);
  await alice.open(room);
  await expect(alice.messages.last()).toBeInViewport();
  const line = alice.messages.filter({ hasText: /^line 951$/ });
  await line.scrollIntoViewIfNeeded();
  await asked;
 console.log('top', await line.evaluate((it) => it.getBoundingClientRect().top));
  const facts = () => alice.page.evaluate(() => {
    const log = document.querySelector('[role=log]')!;
    const all = [...document.querySelectorAll('.message__body')];
    const it = all.find((b) => b.textContent === 'line 951')!;
    return [it.getBoundingClientRect().top, log.scrollTop, log.scrollHeight, log.clientHeight, all.length];
  });
  await alice.page.evaluate(() => {
    const log = document.querySelector('[role=log]')!;
    (window as any).trail = [];
    let last = '';
    const tick = () => {
      const all = [...document.querySelectorAll('.message__body')];
      const it = all.find((b) => b.textContent === 'line 951')!;
      const at = (s: string) => { const b = all.find((b) => b.textContent === s)!; const l = b.closest('li')!.getBoundingClientRect(); return [s, b.getBoundingClientRect().top, l.top, l.height].join(' '); };
      const now = JSON.stringify([at('line 951'), at('line 952'), at('line 953'), at('line 960'), at('line 985'), at('line 1000'), log.scrollTop, log.scrollHeight, all.length, document.querySelector('.message_list__upper, .message_list__beginning')?.textContent]);
      if (now !== last) (window as any).trail.push(now);
      last = now;
      requestAnimationFrame(tick);
    };
    tick();
  });
  for (let i = 0; i < 5; i++) console.log('before', await facts());
  release();
  await expect(alice.messages.filter({ hasText: /^line 901$/ })).toBeAttached();
  for (let i = 0; i < 10; i++) console.log('after', await facts());
  await bob.account.say(room, 'news');
  await expect(alice.button('1 new message')).toBeVisible();
  console.log('news', await facts());
  console.log((await alice.page.evaluate(() => (window as any).trail)).join('\n'));
});
