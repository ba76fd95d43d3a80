import { NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, test } from '../fixtures/hubbub';

test('history and sign-in survive a restart, and the page goes on by itself', async ({ alice, bob, room, server, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.open(room);
  await bob.open(room);
  await alice.say('before the restart');
  await expect(bob.messages).toHaveText(['before the restart']);
  await server.restart();
  await expect(alice.status).toHaveText('Connected');
  await expect(bob.status).toHaveText('Connected');
  await alice.say('after the restart');
  for (const person of [alice, bob]) {
    await expect(person.messages).toHaveText(['before the restart', 'after the restart']);
  }
  await alice.page.reload();
  await alice.ready();
  await expect(alice.messages).toHaveText(['before the restart', 'after the restart']);
});

test('what was committed survives a killed server, and what was not goes out again', async ({ alice, bob, room, server, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.open(room);
  await alice.say('committed');
  await expect(alice.line('committed')).toContainText('Sent');
  await server.kill();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await alice.say('written while it was down');
  await server.again();
  await expect(alice.line('written while it was down')).toContainText('Sent');
  await bob.open(room);
  await expect(bob.messages).toHaveText(['committed', 'written while it was down']);
});
