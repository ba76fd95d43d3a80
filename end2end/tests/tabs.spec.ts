// Several tabs of one person: one connection, one outbox.
import { NETWORK_IS_GONE } from '../fixtures/guard';
import { expect, type Person, test } from '../fixtures/hubbub';
import type { RoomPage } from '../pages/room';

declare global {
  interface Window {
    passedOn: number;
  }
}

/** How many sockets of the rooms somebody has, as the server counts them. */
async function sockets(person: Person): Promise<number> {
  const { data } = await person.account.ask('GET', `websocket/user/${person.account.id}/status`);
  return data.sockets;
}

/** Writes without a network, in turns. */
async function writeInTurns(tabs: RoomPage[], count: number): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, nth) => `line ${nth + 1}`);
  for (const [nth, line] of lines.entries()) {
    const tab = tabs[nth % tabs.length] as RoomPage;
    await tab.say(line);
    // The others see it at once: the order of the lines is the order of the writing.
    for (const each of tabs) await expect(each.line(new RegExp(`${line}(?!\\d)`))).toHaveCount(1);
  }
  return lines;
}

test('two tabs share one connection and both are live', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  const tab = await alice.secondTab();
  const opened: string[] = [];
  tab.page.on('websocket', (socket) => opened.push(socket.url()));
  await tab.open(room);
  expect(await sockets(alice)).toBe(1);
  expect(opened).toEqual([]);
  await bob.say('to both');
  await tab.say('from the second');
  await alice.say('from the first');
  for (const each of [alice, tab, bob]) {
    await expect(each.messages).toHaveText(['to both', 'from the second', 'from the first']);
  }
  await expect(alice.line('from the second')).toContainText('Sent');
  await expect(tab.line('from the second')).toContainText('Sent');
  await bob.box.pressSequentially('hm');
  await expect(tab.typing).toHaveText(`${bob.name} is typing…`);
  await tab.box.pressSequentially('hm');
  await expect(bob.typing).toHaveText(`${alice.name} is typing…`);
});

test('a tab that is alone passes nothing on, until another one comes', async ({ alice, bob, room }) => {
  await alice.page.addInitScript(() => {
    const say = BroadcastChannel.prototype.postMessage;
    window.passedOn = 0;
    BroadcastChannel.prototype.postMessage = function (message: string[]) {
      if (message[2]?.startsWith('{"type":"frame"')) window.passedOn += 1;
      say.call(this, message);
    };
  });
  const passedOn = () => alice.page.evaluate(() => window.passedOn);
  await alice.open(room);
  const before = await passedOn();
  await bob.account.say(room, 'to one tab');
  await expect(alice.messages).toHaveText(['to one tab']);
  expect(await passedOn()).toBe(before);
  const tab = await alice.secondTab();
  await tab.open(room);
  await bob.account.say(room, 'to both');
  await expect(tab.messages).toHaveText(['to one tab', 'to both']);
  expect(await passedOn()).toBeGreaterThan(before);
});

test('a tab of another room has the messages of its own', async ({ alice, bob, room }) => {
  const other = await alice.account.createRoom('Cellar', bob.account);
  await alice.account.sayMany(other, 60);
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(other);
  await bob.account.say(room, 'upstairs');
  await bob.account.say(other, 'downstairs');
  await expect(alice.messages).toHaveText(['upstairs']);
  await expect(tab.messages.last()).toHaveText('downstairs');
  // What the one tab heard of the other's room is not all there is. Both fetch the older page, each in its own time.
  await alice.link(other).click();
  const said = Array.from({ length: 60 }, (_, nth) => `line ${nth + 1}`);
  for (const each of [alice, tab]) await expect(each.messages).toHaveText([...said, 'downstairs']);
  await alice.wire.cut();
  await expect(tab.status).toHaveText(/^Reconnecting/);
  await bob.account.say(other, 'meanwhile');
  alice.wire.mend();
  for (const each of [alice, tab]) await expect(each.messages.last()).toHaveText('meanwhile');
});

test('what two tabs wrote without a connection is sent once each, in the order of writing', async ({ alice, bob, room, guard }) => {
  guard.allow(...NETWORK_IS_GONE);
  await alice.open(room);
  await bob.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await alice.wire.cut();
  await expect(tab.status).toHaveText(/^Reconnecting/);
  const lines = await writeInTurns([alice, tab], 6);
  alice.wire.mend();
  for (const each of [alice, tab, bob]) await expect(each.messages).toHaveText(lines);
  await expect(tab.line('line 6')).toContainText('Sent');
  expect(await alice.account.history(room)).toEqual(lines);
  expect(alice.wire.posts).toBe(lines.length);
});

test('when the tab with the connection is closed the other one takes over and goes on sending', async ({ alice, bob, room }) => {
  await alice.open(room);
  await bob.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await alice.wire.cut();
  await expect(tab.status).toHaveText(/^Reconnecting/);
  const lines = await writeInTurns([alice, tab], 4);
  await bob.account.say(room, 'meanwhile');
  await alice.page.close();
  alice.wire.mend();
  await expect(tab.status).toHaveText('Connected');
  await expect(tab.line('line 4')).toContainText('Sent');
  await tab.say('and on');
  for (const each of [tab, bob]) await expect(each.messages).toHaveText(['meanwhile', ...lines, 'and on']);
  expect(await alice.account.history(room)).toEqual(['meanwhile', ...lines, 'and on']);
  expect(await sockets(alice)).toBe(1);
});

test('a line that was refused can be retried or discarded in either tab', async ({ alice, room }) => {
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  alice.wire.refusePosts('Not today.');
  await tab.say('first');
  await alice.say('second');
  for (const each of [alice, tab]) {
    for (const line of ['first', 'second']) await expect(each.line(line)).toContainText('Not today.');
  }
  alice.wire.mend();
  await tab.line('second').getByRole('button', { name: 'Retry' }).click();
  await expect(alice.line('second')).toContainText('Sent');
  await alice.line('first').getByRole('button', { name: 'Discard' }).click();
  for (const each of [alice, tab]) await expect(each.messages).toHaveText(['second']);
  expect(await alice.account.history(room)).toEqual(['second']);
});

test('without locks each tab has a connection of its own', async ({ alice, bob, room }) => {
  await alice.context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  await alice.open(room);
  await bob.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  expect(await sockets(alice)).toBe(2);
  await alice.say('from the first');
  await tab.say('from the second');
  for (const each of [alice, tab, bob]) await expect(each.messages).toHaveText(['from the first', 'from the second']);
  await alice.wire.cut();
  await expect(alice.status).toHaveText(/^Reconnecting/);
  await alice.say('waits');
  await tab.page.reload();
  alice.wire.mend();
  await expect(alice.line('waits')).toContainText('Sent');
  for (const each of [alice, tab, bob]) {
    await expect(each.messages).toHaveText(['from the first', 'from the second', 'waits']);
  }
  expect(await alice.account.history(room)).toEqual(['from the first', 'from the second', 'waits']);
});

test('a tab says so when the one with the connection does not answer, and goes on when it does', async ({ alice, bob, room }) => {
  test.slow();
  await alice.open(room);
  const tab = await alice.secondTab();
  await tab.open(room);
  await tab.page.bringToFront();
  const debug = await alice.context.newCDPSession(alice.page);
  await debug.send('Debugger.enable');
  const stopped = new Promise((paused) => debug.once('Debugger.paused', paused));
  await debug.send('Debugger.pause');
  await stopped;
  await expect(tab.status).toHaveText(/^Reconnecting/, { timeout: 40_000 });
  await tab.say('waits');
  await bob.account.say(room, 'meanwhile');
  await expect(tab.line('waits')).toContainText('Waits for the connection');
  await debug.send('Debugger.disable');
  await expect(tab.status).toHaveText('Connected');
  await expect(tab.line('waits')).toContainText('Sent');
  await expect(tab.messages).toHaveText(['meanwhile', 'waits']);
});
