import type { Page } from '@playwright/test';
import type { Room } from '../fixtures/account';
import { expectAccessible } from '../fixtures/axe';
import { answered } from '../fixtures/guard';
import { expect, Person, test as base } from '../fixtures/hubbub';
import { LivePage } from '../pages/live';

const PHONE = { width: 390, height: 844 };

/** Marks the document, so that one can tell whether it was loaded again, and counts the sockets from now on. */
async function watch(page: Page): Promise<{ isSame: () => Promise<boolean>; sockets: string[] }> {
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.evaluate(() => document.documentElement.setAttribute('data-watched', ''));
  return { isSame: () => page.evaluate(() => document.documentElement.hasAttribute('data-watched')), sockets };
}

/** The session page of somebody, open. */
async function enter(person: Person, room: Room): Promise<LivePage> {
  const live = new LivePage(person.page);
  await live.open(room);
  return live;
}

const test = base.extend<{ hers: LivePage; his: LivePage }>({
  hers: async ({ alice, room }, use) => use(await enter(alice, room)),
  his: async ({ bob, room }, use) => use(await enter(bob, room)),
});

test('two people take part, each listed once, and talk', async ({ alice, bob, hers, his }) => {
  for (const live of [hers, his]) {
    await expect(live.heading).toHaveText('Live session: Tea kitchen');
    await expect(live.list).toHaveText([new RegExp(alice.name), new RegExp(bob.name)]);
    await expect(live.participants).toContainText('2 people here');
  }
  await expect(hers.list.first()).toContainText('(you)');
  await expect(his.list.last()).toContainText('(you)');
  await expect(hers.comings).toContainText(`${bob.name} joined`);
  await his.box.pressSequentially('Hel');
  await expect(hers.typing).toHaveText(`${bob.name} is typing…`);
  await his.say('Hello');
  await hers.say('Hello yourself');
  for (const live of [hers, his]) await expect(live.messages).toHaveText(['Hello', 'Hello yourself']);
});

test('what is said in the session is not said in the room', async ({ alice, hers, room }) => {
  await hers.say('only here');
  await expect(hers.line('only here')).toContainText('Sent');
  expect(await alice.account.history(room)).toEqual([]);
});

test('a second tab is no second participant', async ({ bob, hers, his, room }) => {
  const tab = new LivePage((await bob.secondTab()).page);
  await tab.open(room);
  await expect(tab.list).toHaveCount(2);
  await his.page.close();
  await tab.say('still here');
  await expect(hers.messages).toHaveText(['still here']);
  await expect(hers.list).toHaveCount(2);
  await expect(hers.comings).not.toContainText('left');
});

test('the owner says where the session stands, and the others see it', async ({ hers, his }) => {
  await expect(hers.standing).toHaveText('Not started');
  await expect(his.controls).toHaveCount(0);
  for (const [press, standing] of [
    ['Go live', /^Live since/],
    ['Pause', /^Paused since/],
    ['Resume', /^Live since/],
  ] as const) {
    await hers.controls.getByRole('button', { name: press, exact: true }).click();
    for (const live of [hers, his]) await expect(live.standing).toHaveText(standing);
  }
  await hers.end();
  for (const live of [hers, his]) await expect(live.standing).toHaveText(/^Ended at/);
  await expect(his.page.getByText('This session has ended.')).toBeVisible();
  await expect(his.box).toHaveCount(0);
  await his.page.reload();
  await expect(his.standing).toHaveText(/^Ended at/);
  await hers.controls.getByRole('button', { name: 'Go live again' }).click();
  await expect(his.standing).toHaveText(/^Live since/);
  await expect(his.box).toBeVisible();
});

test('ending the session asks first', async ({ hers, his }) => {
  const question = hers.dialog('End session?');
  await hers.button('Go live').click();
  await expect(his.standing).toHaveText(/^Live/);
  await hers.controls.getByRole('button', { name: 'End session' }).click();
  await expect(question).toContainText('The session ends for everybody');
  await expect(question.getByRole('button', { name: 'Go on' })).toBeFocused();
  await hers.page.keyboard.press('Enter');
  await expect(question).toBeHidden();
  await hers.controls.getByRole('button', { name: 'End session' }).click();
  await hers.page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await his.say('still on');
  await expect(hers.messages).toHaveText(['still on']);
  await expect(his.standing).toHaveText(/^Live/);
  await hers.end();
  await expect(his.standing).toHaveText(/^Ended/);
});

test('a room shows that its session is on, from the first bytes and as it changes', async ({ alice, bob, hers, room }) => {
  const other = await alice.account.createRoom('Cellar', bob.account);
  const way = (name: string) => bob.page.getByRole('link', { name, exact: true });
  await bob.open(other);
  await expect(way('Live session')).toBeVisible();
  await hers.button('Go live').click();
  await expect(hers.standing).toHaveText(/^Live/);
  await expect(way('Live session')).toBeVisible();
  await bob.link(room).click();
  await expect(way('Live now')).toHaveAttribute('href', `/live/${room.id}`);
  const html = await (await bob.context.request.get(`/rooms/${room.id}`)).text();
  expect(html).toContain('Live now');
  await hers.button('Pause').click();
  await expect(way('Live session paused')).toBeVisible();
  // While there is no connection something changes.
  await bob.wire.cut();
  await expect(bob.status).toHaveText(/^Reconnecting/);
  await hers.button('Resume').click();
  await expect(hers.standing).toHaveText(/^Live/);
  bob.wire.mend();
  await bob.comeBack();
  await expect(way('Live now')).toBeVisible();
  await expectAccessible(bob.page);
  await hers.end();
  await expect(way('Live session')).toBeVisible();
  // To look is not to take part.
  await expect(hers.list).toHaveCount(1);
});

test('the session and its room are told apart by name and place', async ({ alice, bob, hers, room }) => {
  await bob.open(room);
  await expect(bob.heading).toHaveText(room.name);
  await expect(bob.page).toHaveTitle(`${room.name} · Hubbub`);
  await expect(bob.box).toHaveAttribute('placeholder', `Message ${room.name}`);
  await expect(hers.heading).toHaveText(`Live session: ${room.name}`);
  await expect(hers.page).toHaveTitle(`Live: ${room.name} · Hubbub`);
  await expect(hers.box).toHaveAttribute('placeholder', 'Message the live session');
  await expect(hers.page.getByRole('region', { name: 'Conversation of the session' })).toContainText(`Live session of ${room.name}`);
  await expect(hers.page.getByRole('link', { name: 'Leave' })).toHaveAttribute('title', /go back to the room/);
  expect(alice.name).toBeTruthy();
});

test('who leaves is gone at once and is back in the room', async ({ bob, hers, his, room }) => {
  await expect(hers.list).toHaveCount(2);
  await his.page.getByRole('link', { name: 'Leave' }).click();
  await expect(bob.page).toHaveURL(`/rooms/${room.id}`);
  await expect(hers.list).toHaveCount(1);
  await expect(hers.comings).toContainText(`${bob.name} left`);
  await expect(hers.participants).toContainText('Only you so far');
});

test('a closed window is a leave', async ({ bob, hers, his }) => {
  await expect(hers.list).toHaveCount(2);
  await his.page.close();
  await expect(hers.comings).toContainText(`${bob.name} left`);
  await expect(hers.list).toHaveCount(1);
});

test('a lost connection that comes back is no leave', async ({ bob, hers, his }) => {
  await his.say('before');
  await expect(hers.messages).toHaveText(['before']);
  await bob.wire.cut();
  await expect(his.status).toHaveText(/^Reconnecting/);
  await expect(his.list).toHaveCount(2);
  await hers.say('meanwhile');
  bob.wire.mend();
  await his.comeBack();
  await his.say('after');
  for (const live of [hers, his]) {
    await expect(live.messages).toHaveText(['before', 'meanwhile', 'after']);
    await expect(live.list).toHaveCount(2);
  }
  await expect(hers.comings).not.toContainText('left');
});

test('new messages do not move somebody who reads further up', async ({ hers, his }) => {
  // More than fits on the screen, in few messages: forty of them took most of a test's time.
  for (let message = 1; message <= 4; message++) await his.say(Array(12).fill(`message ${message}`).join('\n'));
  await expect(hers.messages).toHaveCount(4);
  await hers.messages.first().scrollIntoViewIfNeeded();
  const top = () => hers.messages.nth(1).evaluate((line) => Math.round(line.getBoundingClientRect().top));
  const before = await top();
  await his.say('news');
  await expect(hers.button('1 new message')).toBeVisible();
  expect(await top()).toBe(before);
  await hers.button('1 new message').click();
  await expect(hers.messages.last()).toBeInViewport();
});

test('whoever is not in the chat finds nothing', async ({ register, open, room, guard, alice }) => {
  guard.allow(answered(404));
  const eve = await Person.enter(await register('eve'), await open());
  const answer = await eve.page.goto(`/live/${room.id}`);
  expect(answer?.status()).toBe(404);
  await expect(eve.heading).toHaveText('This room is not here');
  await expect(eve.page.getByText(alice.name)).toHaveCount(0);
});

test('a room that only has the id of the session is not shown in its place', async ({ alice, hers, room }) => {
  const [id, me, head] = [`session_${room.id}`, alice.account.id, { epoch: 1, seq: 1 }];
  const [message, draft] = [crypto.randomUUID(), crypto.randomUUID()];
  const joined = {
    room: id,
    head,
    recovered: false,
    has_more: false,
    messages: [{ room: id, cursor: head, id: message, author: me, name: alice.name, draft, body: 'forged', at_ms: 1 }],
    members: [{ id: me, name: alice.name, role: 'member', online: true, read_seq: 0 }],
    typing: [],
  };
  await alice.wire.tell('joined', { ...joined, chat: room.id, participants: [me] });
  await expect(hers.messages).toHaveText(['forged']);
  await expect(hers.heading).toHaveText(`Live session: ${room.name}`);
  // A room of another kind, as a version made it that did not reserve the ids: the server names no chat.
  await alice.wire.tell('joined', joined);
  await expect(hers.heading).toHaveText('This room is not here');
  await expect(hers.messages).toHaveCount(0);
});

test('who is removed from the chat is shown out', async ({ bob, his, hers, room }) => {
  await bob.account.leave(room);
  await expect(his.heading).toHaveText('This room is not here');
  await expect(hers.list).toHaveCount(1);
});

test('strangers are asked to sign in first and come back', async ({ visitor, room }) => {
  await visitor.goto(`/live/${room.id}`);
  await expect(visitor).toHaveURL(`/sign-in?next=/live/${room.id}`);
});

test('the room leads to its session', async ({ alice, room }) => {
  await alice.open(room);
  await alice.page.getByRole('link', { name: 'Live session' }).click();
  await expect(alice.page).toHaveURL(`/live/${room.id}`);
  await expect(new LivePage(alice.page).participants).toContainText('1 person here');
});

test('going from a room to its session and back keeps the page and its socket', async ({ alice, bob, his, room }) => {
  await his.say('said before');
  await alice.open(room);
  await alice.box.fill('half a sentence');
  const page = await watch(alice.page);
  const hers = new LivePage(alice.page);
  await alice.page.getByRole('link', { name: 'Live session' }).click();
  await expect(hers.heading).toHaveText(`Live session: ${room.name}`);
  await expect(alice.page).toHaveURL(`/live/${room.id}`);
  await expect(alice.page).toHaveTitle(`Live: ${room.name} · Hubbub`);
  await expect(hers.messages).toHaveText(['said before']);
  await expect(hers.list).toHaveCount(2);
  await hers.say('said in the session');
  await expect(his.messages).toHaveText(['said before', 'said in the session']);
  await hers.button('Go live').click();
  await expect(hers.standing).toHaveText(/^Live since/);

  await alice.page.getByRole('link', { name: 'Leave' }).click();
  await expect(alice.heading).toHaveText(room.name);
  await expect(alice.page).toHaveURL(`/rooms/${room.id}`);
  await expect(alice.page).toHaveTitle(`${room.name} · Hubbub`);
  await expect(alice.box).toHaveValue('half a sentence');
  await expect(his.list).toHaveCount(1);
  await his.say('said meanwhile');

  await alice.page.goBack();
  await expect(hers.messages).toHaveText(['said before', 'said in the session', 'said meanwhile']);
  await expect(hers.standing).toHaveText(/^Live since/);
  await expect(his.list).toHaveText([new RegExp(bob.name), new RegExp(alice.name)]);
  expect(await page.isSame()).toBe(true);
  expect(page.sockets).toEqual([]);
});

test('every way out of the page is a leave', async ({ alice, bob, his, room }) => {
  const other = await alice.account.createRoom('Cellar', bob.account);
  await alice.open(room);
  const hers = new LivePage(alice.page);
  for (const leave of [
    () => alice.page.goBack(),
    () => alice.link(other).click(),
    () => alice.page.keyboard.press('Alt+ArrowDown'),
    () => alice.page.getByRole('link', { name: 'Hubbub' }).click(),
  ]) {
    await alice.link(room).click();
    await alice.page.getByRole('link', { name: 'Live session' }).click();
    await expect(his.list).toHaveCount(2);
    await expect(hers.list).toHaveCount(2);
    await leave();
    await expect(hers.participants).toBeHidden();
    await expect(his.list).toHaveCount(1);
  }
});

test('a session is left when the last of the tabs that share a connection has left it', async ({ alice, bob, hers, room }) => {
  await bob.open(room);
  const [one, two] = [new LivePage((await bob.secondTab()).page), new LivePage((await bob.secondTab()).page)];
  await one.open(room);
  await two.open(room);
  await expect(hers.list).toHaveCount(2);
  await one.page.getByRole('link', { name: 'Leave' }).click();
  await two.say('still here');
  await expect(hers.messages).toHaveText(['still here']);
  await expect(hers.list).toHaveCount(2);
  await expect(hers.comings).not.toContainText('left');
  // The first tab has the connection, and is in the room alone.
  await two.page.close();
  await expect(hers.list).toHaveText([new RegExp(alice.name)]);
  await expect(hers.comings).toContainText(`${bob.name} left`);
  await expect(bob.status).toHaveText('Connected');
  await expect(bob.messages).toHaveCount(0);
});

test('the list of rooms shows whose session is on, and leads out of it', async ({ alice, bob, hers, room }) => {
  await bob.page.goto('/');
  await bob.ready();
  const mark = bob.link(room).getByText('live now');
  await expect(mark).toHaveCount(0);
  await hers.button('Go live').click();
  await expect(mark).toHaveCount(1);
  await expect(alice.link(room)).toHaveAttribute('aria-current', 'true');
  await expect(alice.link(room).getByText('live now')).toHaveCount(1);
  await expectAccessible(bob.page);
  await hers.button('Pause').click();
  await expect(mark).toHaveCount(0);
  await alice.link(room).click();
  await expect(alice.page).toHaveURL(`/rooms/${room.id}`);
  await expect(alice.link(room)).toHaveAttribute('aria-current', 'page');
});

test('a focus that went with the page before is on the one that took its place', async ({ alice, room }) => {
  await alice.page.setViewportSize(PHONE);
  await alice.open(room);
  const main = alice.page.getByRole('main');
  await alice.page.getByRole('link', { name: 'Back to the rooms' }).press('Enter');
  await expect(alice.heading).toHaveText('Pick a room');
  await expect(main).toBeFocused();
});

test('on a phone the participants unfold', async ({ hers, his, bob }) => {
  await hers.page.setViewportSize(PHONE);
  await expect(hers.rooms).toBeHidden();
  const strip = hers.page.getByRole('button', { name: /2 people here/ });
  await expect(strip).toHaveAttribute('aria-expanded', 'false');
  await expect(hers.controls).toBeHidden();
  await expectAccessible(hers.page);
  await strip.click();
  await expect(hers.list.filter({ hasText: bob.name })).toBeVisible();
  await expect(hers.controls).toBeVisible();
  await expectAccessible(hers.page);
  await strip.click();
  await hers.say('from a phone');
  await expect(his.messages).toHaveText(['from a phone']);
  const widths = await hers.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(widths[0]).toBe(widths[1]);
});

test('it is accessible in each of its states', async ({ hers, his, bob }) => {
  await his.say('hello');
  await expect(hers.messages).toHaveText(['hello']);
  await expectAccessible(hers.page);
  await hers.button('Go live').click();
  await expect(his.standing).toHaveText(/^Live/);
  await expectAccessible(his.page);
  await hers.button('Pause').click();
  await expect(his.standing).toHaveText(/^Paused/);
  await expectAccessible(his.page);
  await hers.button('End session').click();
  await expectAccessible(hers.page);
  await hers.dialog('End session?').getByRole('button', { name: 'End session' }).click();
  await expect(his.standing).toHaveText(/^Ended/);
  await bob.wire.cut();
  await expect(his.status).toHaveText(/^Reconnecting/);
  await expectAccessible(his.page);
});
