import { expectAccessible } from '../fixtures/axe';
import { answered, NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, test as base } from '../fixtures/hubbub';
import { TestPage } from '../pages/test-page';

const test = base.extend<{ bench: TestPage }>({
  bench: async ({ alice, room }, use) => {
    expect(room.name).toBeTruthy();
    const bench = new TestPage(alice.page);
    await bench.open();
    await expect(alice.status).toHaveText('Connected');
    await use(bench);
  },
});

const POINTS = [
  'Connection status',
  'Auth token',
  'Message format',
  'Network connectivity',
  'Server logs',
  'Client-side errors',
  'Browser console',
];

test('strangers are asked to sign in, and told whether the server answers', async ({ visitor }) => {
  const answer = await visitor.goto('/test');
  expect(answer?.status()).toBe(200);
  expect(answer?.headers()['content-type']).toContain('text/html');
  await expect(visitor.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in?next=/test');
  const bench = new TestPage(visitor);
  await expect(bench.summary).toHaveText('All four points are OK.');
  for (const name of ['Network connectivity', 'Server logs']) await expect(bench.point(name)).toContainText('OK');
  await expect(visitor.getByText('test messages to your rooms')).toBeVisible();
  await expectAccessible(visitor);
});

test('all seven points are fine when all is well', async ({ bench }) => {
  await expect(bench.summary).toHaveText('All seven points are OK.');
  for (const name of POINTS) await expect(bench.point(name)).toContainText('OK');
  await expectAccessible(bench.page);
});

test('the connection is ended and made by hand, and its state named', async ({ alice, bench }) => {
  await expect(bench.fact('State')).toHaveText('connected');
  await bench.button('Disconnect').click();
  await expect(bench.fact('State')).toHaveText('disconnected');
  await expect(alice.status).toHaveText('Disconnected');
  await expect(bench.point('Connection status')).toContainText('Attention');
  await bench.button('Connect').click();
  await expect(bench.fact('State')).toHaveText('connected');
  await alice.wire.cut();
  await expect(bench.fact('State')).toHaveText('reconnecting');
  await expect(bench.fact('Close codes')).toHaveText(/1006/);
  await expect(bench.point('Connection status')).toContainText('Not OK');
  await expect(bench.summary).toHaveText('1 of 7 is not OK.');
  await expectAccessible(bench.page);
});

test('pings are timed', async ({ bench }) => {
  await expect(bench.figure('Last')).toHaveText('–');
  await bench.button('Send a ping').click();
  await expect(bench.figure('Answers')).toHaveText('1');
  await expect(bench.figure('Last')).toHaveText(/^\d+\.\d ms$/);
  await bench.button('Send 20 pings').click();
  await expect(bench.figure('Answers')).toHaveText('20');
  await expect(bench.figure('Worst')).toHaveText(/ms$/);
});

test('a message arrives in the room that was chosen, and its people are shown', async ({ alice, bob, bench, room }) => {
  await bob.open(room);
  await bench.rooms.selectOption(room.name);
  await expect(bench.room).toHaveText('Joined: 2 people, 2 online');
  await expect(bench.participants.filter({ hasText: bob.name })).toContainText('online');
  await bench.page.getByLabel('Text').fill('Is this on?');
  await bench.button('Send test message').click();
  await expect(bench.sent.first()).toContainText('Committed as number 1');
  await expect(bob.messages).toHaveText(['Is this on?']);
  expect(await alice.account.history(room)).toEqual(['Is this on?']);
  await bob.page.close();
  await expect(bench.room).toHaveText('Joined: 2 people, 1 online');
  await expectAccessible(bench.page);
});

test('the debug information names the address and the end of the token, and no token', async ({ bench, server }) => {
  await expect(bench.fact('Address')).toHaveText(`${server.url.replace('http', 'ws')}/api/v1/ws`);
  await expect(bench.fact('Token')).toHaveText(/^ends in \d+ (minutes|hours|days)$/);
  await expect(bench.fact('Last error')).toHaveText('none');
});

test('a stopped server is found out', async ({ bench, server, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await expect(bench.summary).toHaveText('All seven points are OK.');
  await server.kill();
  try {
    await expect(bench.point('Connection status')).toContainText('Not OK');
    await bench.button('Check again').click();
    await expect(bench.point('Network connectivity')).toContainText('the server does not answer');
    await expect(bench.point('Server logs')).toContainText('Not OK');
    await expect(bench.point('Auth token')).toContainText('could not be asked');
    await expect(bench.summary).toHaveText(/not OK/);
    await expectAccessible(bench.page);
  } finally {
    await server.again();
  }
});

test('an ended sign-in is found out', async ({ alice, bench, guard }) => {
  guard.allow(answered(401));
  const tab = await alice.secondTab();
  await tab.page.goto('/');
  await tab.ready();
  await tab.button('Sign out').click();
  await expect(bench.fact('State')).toHaveText('error');
  await expect(bench.point('Auth token')).toContainText('Sign in again');
  await expect(bench.fact('Last error')).not.toHaveText('none');
});

test('errors of the page and its console are counted', async ({ bench, guard }) => {
  guard.allow(/on purpose/);
  await bench.page.evaluate(() => {
    console.warn('on purpose');
    queueMicrotask(() => {
      throw new Error('on purpose');
    });
  });
  await expect(bench.point('Browser console')).toContainText('1 complaint');
  await expect(bench.point('Client-side errors')).toContainText('1 error in this page');
});
