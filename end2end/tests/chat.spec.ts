import { expect, test } from '../fixtures/hubbub';

test('two people talk, and each reads both in order', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await alice.say('Is there tea?');
  await expect(bob.messages).toHaveText(['Is there tea?']);
  await bob.say('There is.');
  for (const person of [alice, bob]) {
    await expect(person.messages).toHaveText(['Is there tea?', 'There is.']);
  }
});

test('what I write is there at once and is marked as sent when it is committed', async ({ alice, room }) => {
  await alice.open(room);
  alice.wire.deafen();
  await alice.say('hello');
  await expect(alice.messages).toHaveText(['hello']);
  await expect(alice.line('hello')).toContainText('Sending');
  await alice.wire.cut();
  alice.wire.mend();
  await expect(alice.line('hello')).toContainText('Sent');
  await expect(alice.messages).toHaveText(['hello']);
});

test('a refused message says so, goes out again at Retry and disappears at Discard', async ({ alice, room }) => {
  await alice.open(room);
  alice.wire.refusePosts('Not today.');
  await alice.say('first');
  await alice.say('second');
  await expect(alice.line('first')).toContainText('Not sent');
  await expect(alice.line('second')).toContainText('Not sent');
  alice.wire.mend();
  await alice.line('first').getByRole('button', { name: 'Retry' }).click();
  await expect(alice.line('first')).toContainText('Sent');
  await alice.line('second').getByRole('button', { name: 'Discard' }).click();
  await expect(alice.messages).toHaveText(['first']);
  expect(await alice.account.history(room)).toEqual(['first']);
});

test('Enter sends, Shift+Enter breaks the line, and blank text is not sent', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  await alice.say('   ');
  await alice.box.fill('one');
  await alice.box.press('Shift+Enter');
  await alice.box.pressSequentially('two');
  await alice.box.press('Enter');
  await expect(bob.messages).toHaveCount(1);
  await expect(bob.messages.first()).toHaveText('one\ntwo', { useInnerText: true });
  await expect(alice.box).toHaveValue('');
  expect(await alice.account.history(room)).toEqual(['one\ntwo']);
});

test('text is shown as it was written, whatever it contains', async ({ alice, bob, room }) => {
  const texts = ['<img src=x onerror="alert(1)"> & <b>bold</b>', 'שלום עולם', '👩‍👩‍👧 日本語', '"quotes" \\ and \'more\''];
  await alice.open(room);
  await bob.open(room);
  for (const text of texts) await alice.say(text);
  await expect(bob.messages).toHaveText(texts);
  await bob.page.reload();
  await bob.ready();
  await expect(bob.messages).toHaveText(texts);
});

test('text from right to left runs from right to left, and a long word does not widen the page', async ({ alice, room }) => {
  await alice.account.say(room, 'مرحبا بكم');
  await alice.account.say(room, 'left to right');
  await alice.account.say(room, 'x'.repeat(2_000));
  await alice.page.setViewportSize({ width: 390, height: 844 });
  await alice.open(room);
  const direction = (nth: number) => alice.messages.nth(nth).evaluate((body) => body.matches(':dir(rtl)'));
  expect(await direction(0)).toBe(true);
  expect(await direction(1)).toBe(false);
  const overflow = () => alice.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflow()).toBeLessThanOrEqual(0);
  const log = await alice.log.evaluate((it) => it.scrollWidth - it.clientWidth);
  expect(log).toBeLessThanOrEqual(0);
});

test('a second tab of the same person stays in step', async ({ alice, bob, room }) => {
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await bob.open(room);
  await alice.say('from the first tab');
  await expect(tab.messages).toHaveText(['from the first tab']);
  await tab.say('from the second tab');
  await bob.say('from bob');
  for (const page of [alice, tab, bob]) {
    await expect(page.messages).toHaveText(['from the first tab', 'from the second tab', 'from bob']);
  }
});
