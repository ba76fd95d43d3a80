// Pages that are not what the server sent: they come to life all the same, or say that they cannot.
import type { Page } from '@playwright/test';
import { expectAccessible } from '../fixtures/axe';
import { answered, NETWORK_IS_GONE } from '../fixtures/guard';
import { ADDRESS, EDITS, rewrite, translate } from '../fixtures/edited';
import { expect, Person, test as base } from '../fixtures/hubbub';
import { hydrated } from '../pages/room';
import { TestPage } from '../pages/test-page';

/** Without a service worker: what it fetches cannot be changed from here. */
const test = base.extend({
  alice: async ({ register, open }, use) => use(await Person.enter(await register('alice'), await open({ serviceWorkers: 'block' }))),
});

/** The button goes round the themes without leaving the page: its form is alive. */
async function expectThemeToTurn(page: Page): Promise<void> {
  const address = page.url();
  for (const theme of ['system', 'light', 'dark']) await page.getByRole('button', { name: `Theme: ${theme}`, exact: true }).click();
  await expect(page.getByRole('button', { name: 'Theme: system', exact: true })).toBeVisible();
  expect(page.url()).toBe(address);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'system');
}

/** What each page can do once it lives. */
const PAGES: Record<string, (person: Person, other: Person, room: { id: string; name: string }) => Promise<void>> = {
  '/': async (alice) => {
    await alice.button('New room').click();
    await expect(alice.dialog('New room')).toBeVisible();
    await alice.page.keyboard.press('Escape');
    await expect(alice.dialog('New room')).toBeHidden();
  },
  '/rooms/{id}': async (alice, bob, room) => {
    await expect(alice.messages).toHaveText([`write  to ${ADDRESS}`, 'second']);
    await alice.say('  said from an   edited page');
    await expect(alice.line('edited page')).toContainText('Sent');
    await expect(alice.messages).toHaveCount(3);
    expect((await bob.account.history(room)).at(-1)).toBe('  said from an   edited page');
  },
  '/live/{id}': async (alice) => {
    await alice.say('said in the session');
    await expect(alice.line('said in the session')).toContainText('Sent');
    await alice.button('Go live').click();
    await expect(alice.page.getByRole('status', { name: 'Session', exact: true })).toHaveText(/^Live since/);
  },
  '/devtools': async (alice) => {
    await alice.button('Disconnect').click();
    await expect(alice.status).toHaveText('Disconnected');
    await alice.button('Connect').click();
    await expect(alice.status).toHaveText('Connected');
  },
  '/test': async (alice, _, room) => {
    const bench = new TestPage(alice.page);
    await bench.rooms.selectOption(room.name);
    await bench.page.getByLabel('Text').fill('Is this on?');
    await bench.button('Send test message').click();
    await expect(bench.sent.first()).toContainText('Committed as number');
  },
};

for (const [edit, apply] of Object.entries(EDITS)) {
  for (const [address, use] of Object.entries(PAGES)) {
    test(`${edit}: ${address} comes to life`, async ({ alice, bob, room }) => {
      await alice.account.say(room, `write  to ${ADDRESS}`);
      await alice.account.say(room, 'second');
      await apply(alice.page);
      await alice.page.goto(address.replace('{id}', room.id));
      await alice.ready();
      await use(alice, bob, room);
      await expectThemeToTurn(alice.page);
      // One page, drawn once, and one connection.
      await expect(alice.page.getByRole('main')).toHaveCount(1);
      await expect(alice.status).toHaveCount(1);
    });
  }

  test(`${edit}: the pages without scripts work`, async ({ visitor, alice, room, guard }) => {
    guard.allow(answered(404));
    await apply(visitor);
    await visitor.goto(`/rooms/${room.id}`);
    await visitor.getByRole('button', { name: 'Theme: system', exact: true }).click();
    await expect(visitor.getByRole('button', { name: 'Theme: light', exact: true })).toBeVisible();
    await visitor.goto('/nowhere');
    await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Nobody is talking here');
    await visitor.goto('/register');
    await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Create an account');
    await visitor.goto('/test');
    await hydrated(visitor);
    await visitor.goto('/devtools');
    await hydrated(visitor);
    expect(alice.name).toBeTruthy();
  });
}

for (const address of Object.keys(PAGES)) {
  test(`unedited, ${address} keeps the nodes that the server sent`, async ({ alice, room }) => {
    await alice.account.say(room, `write  to ${ADDRESS} & "<b>quote</b>" 𝄞\r\nand\rmore`);
    await alice.page.addInitScript(() => {
      document.addEventListener('readystatechange', () => {
        if (document.readyState === 'interactive') document.body.firstElementChild?.setAttribute('data-sent', '');
      });
    });
    await alice.page.goto(address.replace('{id}', room.id));
    await alice.ready();
    await expect(alice.page.locator('body > [data-sent]')).toHaveCount(1);
  });

  test(`a hydration of ${address} that fails is followed by a second instance, and the first does nothing any more`, async ({ alice, room, guard }) => {
    // The panic is told in the console.
    guard.allow(/panicked|hydration error|RuntimeError/i);
    const tickets: string[] = [];
    alice.page.on('request', (request) => request.url().endsWith('/auth/ticket') && tickets.push(request.url()));
    // Without its count the page cannot tell that it was edited.
    await rewrite(alice.page, (html) => html.replace(/<body[^>]*>/, '<body><div></div>'));
    await alice.page.goto(address.replace('{id}', room.id));
    await alice.ready();
    await expectThemeToTurn(alice.page);
    expect(tickets).toHaveLength(1);
  });
}

test('what an extension puts behind the page stays there', async ({ alice, room }) => {
  await alice.page.addInitScript(() => {
    document.addEventListener('readystatechange', () => {
      if (document.readyState !== 'interactive') return;
      const widget = document.createElement('div');
      widget.id = 'extension';
      document.body.append(widget);
    });
  });
  await alice.open(room);
  await expect(alice.page.locator('body > #extension')).toHaveCount(1);
});

for (const [address, kind] of [
  ['/', 'wasm'],
  ['/rooms/{id}', 'js'],
  ['/live/{id}', 'wasm'],
  ['/devtools', 'js'],
  ['/test', 'wasm'],
] as const) {
  test(`${address} without its ${kind} says that it could not start, and a button loads it again`, async ({ alice, room, guard }) => {
    guard.allow(...NETWORK_IS_GONE, /Failed to fetch|dynamically imported module/);
    await alice.page.route(`**/pkg/*.${kind}*`, (route) => route.abort());
    await alice.page.goto(address.replace('{id}', room.id));
    await expect(alice.page.getByRole('alert').filter({ hasText: 'could not start' })).toBeVisible();
    await expectAccessible(alice.page);
    await alice.page.unroute(`**/pkg/*.${kind}*`);
    await alice.button('Reload').click();
    await alice.ready();
  });

  test(`${address} whose ${kind} is gone, as after an upgrade, is loaded again, once`, async ({ alice, room, guard }) => {
    guard.allow(answered(404), /[Ff]ailed to fetch|dynamically imported module/);
    const loads: string[] = [];
    alice.page.on('request', (request) => request.isNavigationRequest() && loads.push(request.url()));
    await alice.page.route(`**/pkg/*.${kind}*`, (route) => route.fulfill({ status: 404 }));
    await alice.page.goto(address.replace('{id}', room.id));
    await expect(alice.page.getByRole('alert').filter({ hasText: 'could not start' })).toBeVisible();
    expect(loads).toHaveLength(2);
    await alice.page.unroute(`**/pkg/*.${kind}*`);
    await alice.button('Reload').click();
    await alice.ready();
    expect(loads).toHaveLength(3);

    // As it is when the next page comes from the new build.
    await alice.page.route(`**/pkg/*.${kind}*`, (route) => (loads.length === 4 ? route.fulfill({ status: 404 }) : route.fallback()));
    await alice.page.goto(address.replace('{id}', room.id));
    await alice.ready();
    expect(loads).toHaveLength(5);
  });
}

test('a page whose facts are lost says so', async ({ alice, room, guard }) => {
  guard.allow(/cannot be read|panicked|RuntimeError|TypeError/);
  await rewrite(alice.page, (html) => html.replaceAll('__RESOLVED_RESOURCES[0]', 'globalThis.lost'));
  await alice.page.goto(`/rooms/${room.id}`);
  await expect(alice.page.getByRole('alert').filter({ hasText: 'could not start' })).toBeVisible();
});

test('an error that stops a page that lives is said in words', async ({ alice, room, guard }) => {
  guard.allow(/RuntimeError|unreachable/);
  await alice.open(room);
  await alice.page.evaluate(async () => {
    // (func unreachable) as the start function
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 8, 1, 0, 10, 5, 1, 3, 0, 0, 11];
    void WebAssembly.instantiate(new Uint8Array(bytes));
  });
  await expect(alice.page.getByRole('alert').filter({ hasText: 'has stopped' })).toBeVisible();
  await expect(alice.button('Reload')).toBeVisible();
});

test('names, counts and states go on changing on a translated page', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Cellar', bob.account);
  await alice.open(room);
  const header = alice.page.locator('.room_header__summary');
  await expect(header).toHaveText('2 people, 1 online');
  await bob.account.say(other, 'one');
  await expect(alice.link(other).locator('.badge')).toHaveText(/^1/);
  await translate(alice.page);
  await expect(header).toHaveText('«2 people, 1 online»');
  await bob.open(room);
  await expect(header).toHaveText('2 people, 2 online');
  await bob.account.say(other, 'two');
  await expect(alice.link(other).locator('.badge')).toHaveText(/^2/);
  // The name before it did not change, so it stays as the translation left it.
  await expect(alice.link(other)).toContainText('two');
  await translate(alice.page);
  await bob.box.pressSequentially('I am');
  await expect(alice.typing).toHaveText(`${bob.name} is typing…`);
  await alice.account.ask('PATCH', `chats/${room.id}`, { name: 'Garden' });
  await expect(alice.heading).toHaveText('Garden');
  await expect(alice.rooms.getByRole('link', { name: 'Garden' })).toBeVisible();
  await translate(alice.page);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  alice.wire.mend();
  await alice.comeBack();
  await bob.say('and the conversation goes on');
  await expect(alice.messages.last()).toHaveText('and the conversation goes on');
});

test('counts of a live session go on changing on a translated page', async ({ alice, bob, room }) => {
  await alice.page.goto(`/live/${room.id}`);
  await alice.ready();
  const count = alice.page.getByRole('status', { name: 'How many take part' });
  await expect(count).toHaveText('1 person here');
  await translate(alice.page);
  await expect(count).toHaveText('«1 person here»');
  await bob.page.goto(`/live/${room.id}`);
  await expect(count).toHaveText('2 people here');
  await translate(alice.page);
  await alice.button('«Go live»').click();
  await expect(alice.page.getByRole('status', { name: 'Session', exact: true })).toHaveText(/^Live since/);
});
