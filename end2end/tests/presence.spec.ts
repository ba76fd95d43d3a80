import { expect, test } from '../fixtures/hubbub';

test('typing appears while somebody types and goes when it is sent', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await bob.box.pressSequentially('I thi');
  await expect(alice.typing).toHaveText(`${bob.name} is typing…`);
  await expect(bob.typing).toHaveText('');
  await bob.box.press('Enter');
  await expect(alice.messages).toHaveText(['I thi']);
  await expect(alice.typing).toHaveText('');
});

test('typing goes when the text is given up', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await bob.box.pressSequentially('never mind');
  await expect(alice.typing).toHaveText(`${bob.name} is typing…`);
  await bob.box.fill('');
  await expect(alice.typing).toHaveText('');
});

test('typing goes when the one who typed is gone', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await bob.box.pressSequentially('good');
  await expect(alice.typing).toHaveText(`${bob.name} is typing…`);
  await bob.page.close();
  await expect(alice.typing).toHaveText('');
});

test('presence follows a tab that is opened and closed', async ({ alice, bob, room }) => {
  await alice.open(room);
  await expect(alice.person(`${alice.name} (you)`)).toContainText('online');
  await expect(alice.person(bob.name)).toContainText('offline');
  await bob.open(room);
  await expect(alice.person(bob.name)).toContainText('online');
  await bob.page.close();
  await expect(alice.person(bob.name)).toContainText('offline');
});

test('somebody with two tabs is online until the second is closed', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  const tab = await bob.secondTab();
  await tab.open(room);
  await bob.page.close();
  await tab.say('still here');
  await expect(alice.messages).toHaveText(['still here']);
  await expect(alice.person(bob.name)).toContainText('online');
  await tab.page.close();
  await expect(alice.person(bob.name)).toContainText('offline');
});
