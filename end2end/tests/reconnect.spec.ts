import { answered, NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';

test('what was said while the wire was cut arrives once, in order', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await alice.say('before');
  await expect(bob.messages).toHaveText(['before']);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting… attempt \d+/);
  await bob.say('one');
  await bob.say('two');
  await alice.say('mine, meanwhile');
  await alice.say('and another');
  await expect(alice.line('and another')).toContainText('Waits for the connection');
  await expect(bob.messages).toHaveText(['before', 'one', 'two']);
  alice.wire.mend();
  await expect(alice.status).toHaveText('Connected');
  const everything = ['before', 'one', 'two', 'mine, meanwhile', 'and another'];
  await expect(alice.messages).toHaveText(everything);
  await expect(bob.messages).toHaveText(everything);
  expect(await alice.account.history(room)).toEqual(everything);
});

test('"Retry now" does not wait for the countdown', async ({ alice, room }) => {
  // The longest wait that the backoff can draw each time.
  await alice.page.addInitScript(() => (Math.random = () => 0.999));
  await alice.open(room);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting… attempt [4-9]\d*, next try in \d+ s$/);
  alice.wire.mend();
  await alice.button('Retry now').click();
  await expect(alice.status).toHaveText('Connected');
});

test('it comes back by itself', async ({ alice, bob, room }) => {
  await alice.open(room);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  alice.wire.mend();
  await expect(alice.status).toHaveText('Connected');
  await bob.account.say(room, 'welcome back');
  await expect(alice.messages).toHaveText(['welcome back']);
});

test('a message whose answer was lost is not sent twice', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  alice.wire.deafen();
  await alice.say('once');
  await expect(bob.messages).toHaveText(['once']);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  alice.wire.mend();
  await expect(alice.line('once')).toContainText('Sent');
  await alice.say('and on');
  for (const person of [alice, bob]) {
    await expect(person.messages).toHaveText(['once', 'and on']);
  }
});

test('a long absence is caught up with, without a gap', async ({ alice, bob, room }) => {
  await alice.open(room);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await bob.account.sayMany(room, 120);
  alice.wire.mend();
  await expect(alice.status).toHaveText('Connected');
  await expect(alice.messages.last()).toHaveText('line 120');
  const shown = await alice.messages.allTextContents();
  const first = Number(shown[0]?.replace('line ', ''));
  expect(shown).toEqual(Array.from({ length: shown.length }, (_, nth) => `line ${first + nth}`));
});

test('a browser without network says so, and goes on when it has one', async ({ alice, bob, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.open(room);
  await alice.wire.cut();
  await alice.context.setOffline(true);
  await expect(alice.status).toHaveText('Offline');
  await alice.say('written in a tunnel');
  await bob.account.say(room, 'said outside');
  alice.wire.mend();
  await alice.context.setOffline(false);
  await expect(alice.status).toHaveText('Connected');
  await expect(alice.messages).toHaveText(['said outside', 'written in a tunnel']);
  await expect(alice.line('written in a tunnel')).toContainText('Sent');
});

test('the same sign-in, ended in another tab, ends the connection here', async ({ alice, room, guard }) => {
  // The page asks for a new ticket, in case only the connection's own token had ended.
  guard.allow(answered(401));
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await tab.button('Sign out').click();
  await expect(tab.page).toHaveURL(/\/sign-in/);
  await expect(alice.status).toHaveText(/^Not connected: /);
});
