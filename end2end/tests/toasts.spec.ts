import { randomUUID } from 'node:crypto';
import { expectAccessible } from '../fixtures/axe';
import { answered } from '../fixtures/guard';
import { expect, type Person, test } from '../fixtures/hubbub';
import { LivePage } from '../pages/live';
import { Notices } from '../pages/notices';
import { hydrated } from '../pages/room';

/** Milliseconds: more than a note stays, and less than a connection may be silent. */
const LONGER = 9_000;

function notify(person: Person, title: string, kind = 'info', message = ''): void {
  person.wire.tell('notification', { id: randomUUID(), title, message, kind, at_ms: Date.now(), is_read: false });
}

test('a notification shows on every live page, and goes when dismissed', async ({ alice, room }) => {
  for (const path of [`/rooms/${room.id}`, `/live/${room.id}`, '/devtools', '/test']) {
    await alice.page.goto(path);
    await hydrated(alice.page);
    await expect(alice.status).toHaveText('Connected');
    const { notes } = new Notices(alice.page);
    notify(alice, 'The kettle boils', 'success', 'Bring your cup.');
    await expect(notes).toHaveText([/The kettle boils/]);
    await expect(notes).toContainText('Bring your cup.');
    await notes.getByRole('button', { name: 'Dismiss' }).click();
    await expect(notes).toHaveCount(0);
  }
});

test('what the application sends a person shows once, and so does the end of a job', async ({ alice, bob, room }) => {
  await alice.page.clock.install();
  await alice.open(room);
  await bob.open(room);
  await expect(alice.status).toHaveText('Connected');
  const [hers, his] = [new Notices(alice.page), new Notices(bob.page)];
  await alice.account.ask('POST', 'notifications', { user_id: alice.account.id, title: 'Tea is ready', type: 'success' });
  await expect(hers.notes).toHaveText([/Tea is ready/]);
  const { id } = await alice.account.ask('POST', 'jobs', { title: 'Import' });
  await alice.account.ask('PATCH', `jobs/${id}`, { status: 'failed', error: 'The disk is full' });
  await expect(hers.errors).toHaveText([/Import failed/]);
  await expect(hers.errors).toContainText('The disk is full');
  await expect(his.notes.or(his.errors)).toHaveCount(0);
});

test('three at a time, the rest folded', async ({ alice, room }) => {
  await alice.page.clock.install();
  await alice.open(room);
  const { notes } = new Notices(alice.page);
  for (let n = 1; n <= 7; n++) notify(alice, `Note ${n}`);
  await expect(notes).toHaveText([/Note 7/, /Note 6/, /Note 5/]);
  await alice.button('and 4 more').click();
  await expect(notes).toHaveCount(7);
  notify(alice, 'Note 8');
  await expect(notes).toHaveCount(8);
  await expectAccessible(alice.page);
});

test('all can be dismissed at once', async ({ alice, room }) => {
  await alice.page.clock.install();
  await alice.open(room);
  const { notes, errors } = new Notices(alice.page);
  for (let n = 1; n <= 5; n++) notify(alice, `Note ${n}`, n % 2 ? 'error' : 'warning');
  await expect(notes.or(errors)).toHaveCount(3);
  await alice.button('Dismiss all').click();
  await expect(notes.or(errors)).toHaveCount(0);
});

test('a note goes by itself, an error stays, and looking closely stops the clock', async ({ alice, room }) => {
  await alice.page.clock.install();
  await alice.open(room);
  const { notes, errors } = new Notices(alice.page);
  notify(alice, 'Passing by');
  notify(alice, 'Cup broken', 'error');
  await expect(notes).toHaveCount(1);
  await expect(errors).toHaveCount(1);
  await notes.hover();
  await alice.page.clock.runFor(LONGER);
  await expect(notes).toHaveCount(1);
  await alice.page.mouse.move(5, 5);
  await alice.page.clock.runFor(LONGER);
  await expect(notes).toHaveCount(0);
  await expect(errors).toHaveCount(1);
  notify(alice, 'With the keyboard');
  await notes.getByRole('button', { name: 'Dismiss' }).focus();
  await alice.page.clock.runFor(LONGER);
  await expect(notes).toHaveCount(1);
  await alice.page.keyboard.press('Enter');
  await expect(notes).toHaveCount(0);
});

test('long, foreign and hostile words keep within their note', async ({ alice, room }) => {
  await alice.page.clock.install();
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.open(room);
  const { notes } = new Notices(alice.page);
  notify(alice, 'مرحبا بكم في مطبخ الشاي', 'info', 'الشاي جاهز');
  notify(alice, '<img src=x onerror=alert(1)>', 'warning', 'long '.repeat(400));
  await expect(notes.first()).toContainText('<img src=x');
  const boxes = await notes.evaluateAll((all) => all.map((it) => it.getBoundingClientRect()).map(({ left, right, height }) => ({ left, right, height })));
  for (const { left, right, height } of boxes) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(390);
    expect(height).toBeLessThan(240);
  }
  await expectAccessible(alice.page);
});

test('MV-17 an analysis is told when it begins and, once, when it ends', async ({ alice, room }) => {
  await alice.page.clock.install();
  await alice.open(room);
  await expect(alice.status).toHaveText('Connected');
  const { notes, errors } = new Notices(alice.page);
  const begin = () => alice.account.ask('POST', 'jobs', { kind: 'analysis', subject: '42', title: 'Analysis' });
  const [good, bad] = [await begin(), await begin()];
  await expect(notes).toHaveCount(2);
  await expect(notes.first()).toContainText('Video analysis started for interview 42');
  await alice.account.ask('PATCH', `jobs/${good.id}`, { progress: 50 });
  await alice.account.ask('PATCH', `jobs/${good.id}`, { status: 'completed' });
  await expect(notes).toHaveCount(3);
  await expect(notes.first()).toContainText('Video analysis completed! Check your interview report.');
  await alice.account.ask('PATCH', `jobs/${bad.id}`, { status: 'failed', error: 'no sound', retryable: true });
  await expect(errors).toHaveText([/Analysis failed: no sound/]);
  await expect(errors).toContainText('Starting it again may help.');
});

test('maintenance shows a banner until it is over', async ({ alice, room }) => {
  const live = new LivePage(alice.page);
  await live.open(room);
  const { maintenance } = new Notices(alice.page);
  alice.wire.tell('maintenance', { enabled: true, message: 'Back in five minutes.' });
  await expect(maintenance).toHaveText('Maintenance: Back in five minutes.');
  await expectAccessible(alice.page);
  alice.wire.tell('maintenance', { enabled: false, message: '' });
  await expect(maintenance).toHaveText('');
});

test('the connection has four states, and a refused one can be tried again', async ({ alice, room, guard }) => {
  guard.allow(answered(401));
  await alice.wire.cut();
  await alice.page.goto(`/rooms/${room.id}`);
  await hydrated(alice.page);
  await expect(alice.status).toHaveText(/^(Connecting|Reconnecting)…/);
  alice.wire.mend();
  await expect(alice.status).toHaveText('Connected');

  await alice.page.goto('/devtools');
  await hydrated(alice.page);
  await expect(alice.status).toHaveText('Connected');
  await alice.button('Disconnect').click();
  await expect(alice.status).toHaveText('Disconnected');
  await alice.button('Retry now').click();
  await expect(alice.status).toHaveText('Connected');

  await alice.open(room);
  await alice.signOut();
  await expect(alice.status).toHaveText(/^Not connected: Your sign-in has ended/);
  await alice.signIn();
  await alice.page.getByRole('link', { name: 'Sign in' }).click();
  await expect(alice.status).toHaveText('Connected');
});
