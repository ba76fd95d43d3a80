// What was written for a room in which nothing can be written any more: offered, until it is not wanted any more.
import { expectAccessible } from '../fixtures/axe';
import { answered } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';
import { LivePage } from '../pages/live';

const GONE = 'This room is not here';

test('a half-written line is offered when one is removed from the room, also after a reload', async ({ alice, bob, room, guard }) => {
  guard.allow(answered(404));
  await bob.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const unsent = bob.page.getByRole('region', { name: 'Not sent' });
  await bob.open(room);
  await bob.box.fill('half a sentence,\nin two lines');
  await alice.account.ask('DELETE', `chats/${room.id}/members/${bob.account.id}`);
  await expect(bob.heading).toHaveText(GONE);
  await expect(unsent).toContainText('half a sentence,');
  await expectAccessible(bob.page);
  await unsent.getByRole('button', { name: 'Copy' }).click();
  await expect(unsent.getByRole('status')).toHaveText('Copied');
  expect(await bob.page.evaluate(() => navigator.clipboard.readText())).toBe('half a sentence,\nin two lines');
  await bob.page.reload();
  await bob.ready();
  await expect(unsent).toContainText('in two lines');
  // Back in the room it stands in the field again.
  await alice.account.ask('POST', `chats/${room.id}/members`, { usernames: [bob.name] });
  await expect(bob.box).toHaveValue('half a sentence,\nin two lines');
  await alice.account.ask('DELETE', `chats/${room.id}/members/${bob.account.id}`);
  await unsent.getByRole('button', { name: 'Discard' }).click();
  await expect(unsent).toHaveCount(0);
  await bob.page.reload();
  await bob.ready();
  await expect(bob.heading).toHaveText(GONE);
  await expect(unsent).toHaveCount(0);
});

test('lines that wait for the connection are offered when the room is gone by then', async ({ alice, bob, room }) => {
  const unsent = bob.page.getByRole('region', { name: 'Not sent' });
  await bob.open(room);
  await bob.wire.cut();
  await expect(bob.status).toHaveText(/^Reconnecting/);
  await bob.say('one that waits');
  await bob.say('another one');
  await bob.box.fill('and half of');
  await alice.account.ask('DELETE', `chats/${room.id}`);
  bob.wire.mend();
  await bob.comeBack();
  await expect(bob.heading).toHaveText(GONE);
  await expect(unsent.getByRole('listitem')).toContainText(['one that waits', 'another one', 'and half of']);
  await unsent.getByRole('listitem').first().getByRole('button', { name: 'Discard' }).click();
  await expect(unsent.getByRole('listitem')).toContainText(['another one', 'and half of']);
});

test('a half-written line is offered where the browser gives no storage, too', async ({ alice, bob, room }) => {
  await bob.page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('not here', 'SecurityError');
    };
  });
  const other = await alice.account.createRoom('Cellar', bob.account);
  await bob.open(room);
  await bob.box.fill('half');
  await bob.link(other).click();
  await expect(bob.heading).toHaveText('Cellar');
  await bob.link(room).click();
  await expect(bob.box).toHaveValue('half');
  await alice.account.ask('DELETE', `chats/${room.id}/members/${bob.account.id}`);
  await expect(bob.page.getByRole('region', { name: 'Not sent' })).toContainText('half');
});

test('a session that ends, or that one is removed from, offers what was half-written', async ({ alice, bob, room }) => {
  const [hers, his] = [new LivePage(alice.page), new LivePage(bob.page)];
  await hers.open(room);
  await his.open(room);
  const unsent = his.page.getByRole('region', { name: 'Not sent' });
  await hers.button('Go live').click();
  await his.box.fill('what I wanted to');
  await hers.end();
  await expect(his.page.getByText('This session has ended.')).toBeVisible();
  await expect(unsent).toContainText('what I wanted to');
  await expectAccessible(his.page);
  await hers.button('Go live again').click();
  await expect(his.box).toHaveValue('what I wanted to');
  await alice.account.ask('DELETE', `chats/${room.id}/members/${bob.account.id}`);
  await expect(his.heading).toHaveText(GONE);
  await expect(unsent).toContainText('what I wanted to');
});
