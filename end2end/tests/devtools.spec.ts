import { expect, test as base } from '../fixtures/hubbub';
import { DevtoolsPage } from '../pages/devtools';

const test = base.extend<{ devtools: DevtoolsPage }>({
  devtools: async ({ alice }, use) => {
    const devtools = new DevtoolsPage(alice.page);
    await devtools.open();
    await expect(alice.status).toHaveText('Connected');
    await use(devtools);
  },
});

test('a simulation runs to its end', async ({ alice, devtools }) => {
  await devtools.simulate({ duration: 1, frequency: 0.2, prefix: 'Brewing' });
  await expect(devtools.outcome).toHaveText(/^Completed/);
  await expect(devtools.progress).toHaveAttribute('aria-valuenow', '100');
  await devtools.filter.fill('Brewing #1');
  await expect(devtools.rows).toHaveCount(1);
  await devtools.rows.getByRole('button').click();
  await expect(alice.page.getByRole('region', { name: 'Frame in full' })).toContainText('Brewing #1');
});

test('a simulation that is made to fail says so', async ({ devtools }) => {
  await devtools.simulate({ duration: 1, frequency: 0.2, failureRate: 100 });
  await expect(devtools.outcome).toHaveText(/^Failed/);
});

test('a simulation that is stopped says so', async ({ devtools }) => {
  await devtools.simulate({ duration: 600, frequency: 0.2 });
  await expect(devtools.outcome).toHaveText(/^Running/);
  await devtools.button('Stop simulation').click();
  await expect(devtools.outcome).toHaveText(/^Cancelled/);
});

test('the connection can be ended and made by hand', async ({ alice, devtools }) => {
  await devtools.button('Disconnect').click();
  await expect(alice.status).not.toHaveText('Connected');
  await devtools.button('Connect').click();
  await expect(alice.status).toHaveText('Connected');
});

test('frames can be filtered, paused, copied and cleared', async ({ alice, devtools }) => {
  await alice.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await devtools.simulate({ duration: 0.5, frequency: 0.1, prefix: 'First' });
  await expect(devtools.outcome).toHaveText(/^Completed/);

  await devtools.filter.fill('First #1');
  await expect(devtools.rows).toHaveCount(1);
  await expect(devtools.rows).toContainText('progress');
  await devtools.button('Copy').click();
  await expect.poll(() => alice.page.evaluate(() => navigator.clipboard.readText())).toContain('First #1');
  await devtools.filter.fill('no frame has this');
  await expect(devtools.rows.filter({ hasText: 'progress' })).toHaveCount(0);
  await devtools.filter.fill('progress');
  await expect(devtools.rows.filter({ hasText: 'progress' })).toHaveCount(5);

  await devtools.button('Pause').click();
  await devtools.simulate({ duration: 0.5, frequency: 0.1, prefix: 'Second' });
  await expect(devtools.outcome).toHaveText(/^Running/);
  await expect(devtools.outcome).toHaveText(/^Completed/);
  await devtools.filter.fill('Second');
  await expect(devtools.rows.filter({ hasText: 'progress' })).toHaveCount(0);
  await devtools.button('Resume').click();
  await devtools.filter.fill('');
  await expect(devtools.rows.filter({ hasText: 'progress' })).toHaveCount(5);

  await devtools.button('Clear').click();
  await expect(devtools.rows.filter({ hasText: 'progress' })).toHaveCount(0);
});
