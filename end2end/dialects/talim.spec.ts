// Talim's hook against the real server.
import { Account } from '../fixtures/account';
import { expect, test } from '../fixtures/dialects';
import { Server } from '../fixtures/server';
import { altered, claimsOf, inSeconds, SECRET, sign, unsigned } from '../fixtures/token';
import { TalimSocket } from './clients/talim';

const connected = ({ id }: { id: string | undefined }) => id !== undefined;

function talim(account: Account, url = account.server.url): TalimSocket {
  return new TalimSocket(url, account.id, account.token).connect();
}

test('TA-01 TA-03 TA-04 TA-06 TA-11 a room is joined, its history comes, and what is said arrives under the account\'s name', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Staff room', bob);
  await alice.say(room, 'before anybody came');
  const [first, second] = [keep(talim(alice)), keep(talim(bob))];
  const history = await first.enter(room.id);
  await second.enter(room.id);
  const [line] = history.messages;
  expect(history).toEqual({ roomId: room.id, messages: [expect.anything()] });
  const message = { content: 'Hello!', roomId: room.id, senderName: 'Somebody Else', type: 'text' };
  first.sendChatMessage(message);
  for (const client of [first, second]) {
    const heard = await client.messages.first('message');
    expect(heard).toEqual({
      _id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      senderId: alice.id,
      content: 'Hello!',
      roomId: room.id,
      senderName: alice.name,
      type: 'text',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      readBy: [],
    });
  }
  expect(line).toMatchObject({ content: 'before anybody came', senderId: alice.id, senderName: alice.name, readBy: [] });
  expect(Object.keys(line ?? {}).sort()).toEqual(Object.keys(first.messages.all[0] ?? {}).sort());
});

test('TA-03 a room is named alone or in an object, and who left it hears nothing more', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Staff room', bob);
  const [first, second] = [keep(talim(alice)), keep(talim(bob))];
  await first.enter(room.id);
  expect(await second.ask('join-chat-room', { roomId: room.id })).toEqual({ ok: true });
  second.leaveChatRoom(room.id);
  expect(await second.ask('leave-chat-room', { roomId: room.id })).toMatchObject({ ok: true });
  expect(await first.ask('send-chat-message', { content: 'unheard', roomId: room.id, senderName: '', type: 'text' })).toMatchObject({ ok: true });
  await second.enter(room.id);
  expect(await first.ask('send-chat-message', { content: 'heard', roomId: room.id, senderName: '', type: 'text' })).toMatchObject({ ok: true });
  await second.messages.first('message');
  expect(second.contents()).toEqual(['heard']);
});

test('TA-05 a read mark is kept and shown in the history', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Staff room', bob);
  const [first, second] = [keep(talim(alice)), keep(talim(bob))];
  await first.enter(room.id);
  const { _id, ok } = await first.ask('send-chat-message', { content: 'read me', roomId: room.id, senderName: '', type: 'text' });
  expect(ok).toBe(true);
  await second.enter(room.id);
  expect(await second.ask('mark-message-read', { messageId: _id, roomId: room.id })).toEqual({ ok: true });
  expect(await second.ask('mark-message-read', _id)).toEqual({ ok: true });
  expect((await first.enter(room.id)).messages.map(({ readBy }) => readBy)).toEqual([[bob.id]]);
});

test('TA-06 TA-15 what is refused is told by code and sentence, and the connection goes on', async ({ alice, bob, register, keep }) => {
  const outsider = keep(talim(await register('mallory')));
  const room = await alice.createRoom('Staff room', bob);
  const inside = keep(talim(alice));
  await inside.enter(room.id);
  outsider.joinChatRoom(room.id);
  outsider.sendChatMessage({ content: 'let me in', roomId: room.id, senderName: '', type: 'text' });
  const [join, say] = await outsider.errors.some(2, 'error');
  for (const error of [join, say]) expect(error).toMatchObject({ code: expect.stringMatching(/not_found|not_joined/), message: expect.stringMatching(/\w+ \w+/) });
  // A room that exists and one that does not look alike from outside.
  const [foreign, missing] = [await outsider.ask('join-chat-room', room.id), await outsider.ask('join-chat-room', 'room-nobody-made')];
  expect(foreign).toEqual({ ...missing, roomId: room.id });
  for (const [event, data, code] of [
    ['join-chat-room', 7, 'bad_frame'],
    ['send-chat-message', { roomId: room.id }, 'bad_frame'],
    ['send-chat-message', { roomId: room.id, content: ' \n ' }, 'blank'],
    ['send-chat-message', { roomId: room.id, content: 'x'.repeat(64 * 1024 + 1) }, 'too_long'],
    ['mark-message-read', { messageId: 'seven' }, 'bad_frame'],
    ['shout', {}, 'unknown_type'],
    ['chat-message', { content: 'forged', roomId: room.id }, 'unknown_type'],
    ['notification', { title: 'forged' }, 'unknown_type'],
  ] as const) {
    expect(await inside.ask(event, data), event).toMatchObject({ ok: false, code });
  }
  await inside.ask('send-chat-message', { content: 'still here', roomId: room.id, type: 'text' });
  await inside.messages.first('message');
  expect(inside.contents()).toEqual(['still here']);
  expect(outsider.contents()).toEqual([]);
  expect(outsider.isConnected).toBe(true);
});

test('TA-02 X3 who somebody is, the token says, and an id that says otherwise is refused', async ({ alice, bob, keep, server }) => {
  const claims = claimsOf(alice.token);
  for (const [why, id, token] of [
    ['no token', alice.id, undefined],
    ['somebody else', bob.id, alice.token],
    ['the id itself', alice.id, alice.id],
    ['another secret', alice.id, sign(claims, 'not-the-secret-not-the-secret-not-it')],
    ['no signature', alice.id, unsigned(claims)],
    ['expired', alice.id, altered(alice.token, { exp: inSeconds(-10) })],
  ] as const) {
    const client = keep(new TalimSocket(server.url, id, token).connect());
    const refusal = await client.refusals.first(why);
    expect(refusal.message, why).toMatch(/^Authentication failed: /);
    expect(client.isConnected).toBe(false);
  }
  const client = keep(talim(alice));
  await client.connects.first('connect', connected);
});

test('TA-02 TA-12 the unchanged client, which only names its person, is let in where that is switched on', async ({ keep }) => {
  const server = await Server.start({ HUBBUB_TRUST_QUERY_USER: 'on', JWT_SECRET: SECRET });
  try {
    const teacher = await Account.register(server, 'teacher');
    const room = await teacher.createRoom('Staff room');
    const client = keep(new TalimSocket(server.wsUrl, teacher.id).connect());
    await client.enter(room.id);
    client.sendChatMessage({ content: 'Hello!', roomId: room.id, senderName: 'Teacher Name', type: 'text' });
    expect(await client.messages.first('message')).toMatchObject({ content: 'Hello!', senderId: teacher.id, senderName: 'teacher' });
    const nobody = keep(new TalimSocket(server.wsUrl, 'nobody-here').connect());
    await nobody.refusals.first('refusal');
    client.close();
  } finally {
    await server.stop();
  }
});

test('TA-07 TA-14 TA-16 a cut connection comes back by itself, recovered, and what was said meanwhile arrives once', async ({ alice, bob, keep, cable }) => {
  const room = await alice.createRoom('Staff room', bob);
  const client = keep(talim(alice, cable.url));
  await client.enter(room.id);
  await bob.say(room, 'before');
  await client.messages.first('message');
  cable.cut();
  await client.disconnects.first('disconnect');
  await client.statuses.first('connecting', (status) => status === 'connecting');
  await bob.say(room, 'meanwhile');
  cable.mend();
  const [, back] = await client.connects.some(2, 'connect');
  expect(back).toEqual({ recovered: true, id: client.connects.all[0]?.id });
  await bob.say(room, 'after');
  await client.messages.some(3, 'message');
  expect(client.contents()).toEqual(['before', 'meanwhile', 'after']);
  expect(client.connectionStatus).toBe('connected');
});

test('TA-08 logging out closes every tab, and none comes back', async ({ register, keep }) => {
  const person = await register('teacher');
  const tabs = [keep(talim(person)), keep(talim(person))];
  for (const tab of tabs) await tab.connects.first('connect', connected);
  await person.ask('POST', 'auth/logout');
  for (const tab of tabs) {
    expect(await tab.disconnects.first('disconnect')).toBe('io server disconnect');
    tab.connect();
    expect((await tab.refusals.first('refusal')).message).toMatch(/^Authentication failed: /);
  }
});

test('TA-08 a listener that is taken back hears nothing more', async ({ alice, keep }) => {
  const room = await alice.createRoom('Staff room');
  const client = keep(talim(alice));
  await client.enter(room.id);
  const heard: string[] = [];
  const unsubscribe = client.onChatMessage(({ content }) => heard.push(content));
  await client.ask('send-chat-message', { content: 'one', roomId: room.id, type: 'text' });
  await client.messages.first('message');
  unsubscribe();
  await client.ask('send-chat-message', { content: 'two', roomId: room.id, type: 'text' });
  await client.messages.some(2, 'message');
  expect(heard).toEqual(['one']);
  expect(client.contents()).toEqual(['one', 'two']);
});

test('TA-14 where WebSocket is unavailable, chat goes on by polling', async ({ alice, bob, host, server, visitor, guard }) => {
  guard.allow(/WebSocket/);
  const room = await alice.createRoom('Staff room', bob);
  await visitor.addInitScript(() => {
    class Unavailable {
      constructor() {
        throw new Error('WebSocket is switched off');
      }
    }
    Object.defineProperty(window, 'WebSocket', { value: Unavailable });
  });
  const page = `<!doctype html><title>Chat</title><script src="${host.script('4.8')}"></script><ul id="lines"></ul><output></output>
<script>
  const socket = io(${JSON.stringify(server.url)}, { query: { userId: ${JSON.stringify(alice.id)} }, auth: { token: ${JSON.stringify(alice.token)} } });
  socket.on('chat-message', ({ senderName, content }) => {
    const line = document.createElement('li');
    line.textContent = senderName + ': ' + content;
    document.getElementById('lines').append(line);
  });
  socket.on('chat-room-history', () => {
    document.querySelector('output').textContent = 'joined by ' + socket.io.engine.transport.name;
    socket.emit('send-chat-message', { content: '<b>polled</b>', roomId: ${JSON.stringify(room.id)}, senderName: '', type: 'text' });
  });
  socket.emit('join-chat-room', ${JSON.stringify(room.id)});
</script>`;
  await visitor.goto(host.publish(page));
  await expect(visitor.locator('output')).toHaveText('joined by polling');
  await expect(visitor.locator('#lines li')).toHaveText([`${alice.name}: <b>polled</b>`]);
  await bob.say(room, 'heard by polling');
  await expect(visitor.locator('#lines li')).toHaveText([`${alice.name}: <b>polled</b>`, `${bob.name}: heard by polling`]);
});

test('TA-16 TA-10 a page in a browser shows the four states', async ({ alice, host, cable, visitor, guard }) => {
  guard.allow(/net::ERR_/, /WebSocket connection to .* failed/);
  const page = `<!doctype html><title>Status</title><script src="${host.script('4.7')}"></script><ol></ol>
<script>
  const show = (state) => { document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: state })); };
  show('Disconnected');
  const socket = io(${JSON.stringify(cable.url)}, { autoConnect: false, transports: ['websocket'], reconnectionDelay: 100, query: { userId: ${JSON.stringify(alice.id)} }, auth: { token: ${JSON.stringify(alice.token)} } });
  socket.on('connect', () => show(socket.recovered ? 'Connected again' : 'Connected'));
  socket.once('disconnect', () => show('Connecting'));
  socket.once('connect_error', () => show('Error'));
  socket.connect();
</script>`;
  await visitor.goto(host.publish(page));
  const states = visitor.getByRole('listitem');
  await expect(states).toHaveText(['Disconnected', 'Connected']);
  cable.cut();
  await expect(states).toHaveText(['Disconnected', 'Connected', 'Connecting', 'Error']);
  cable.mend();
  await expect(states).toHaveText(['Disconnected', 'Connected', 'Connecting', 'Error', 'Connected again']);
});
