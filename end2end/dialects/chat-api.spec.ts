// The Chat API's service and component against the real server.
import type { Account, Room } from '../fixtures/account';
import { expect, type Keep, test } from '../fixtures/dialects';
import { Heard } from '../fixtures/heard';
import { knock } from '../fixtures/knock';
import { altered, inSeconds } from '../fixtures/token';
import { Chat, type Door, type Frame, WebSocketService } from './clients/chat-api';

const is = (type: string) => (frame: Frame) => frame.type === type;

/** A chat that is open. */
async function open(account: Account, room: Room, keep: Keep, url = account.server.wsUrl): Promise<Chat> {
  const chat = keep(new Chat(url, room.id, account.token));
  await chat.service.opens.first('open');
  return chat;
}

/** A service without a component above it. */
async function listen(account: Account, door: Door, keep: Keep): Promise<{ service: WebSocketService; frames: Heard<Frame> }> {
  const service = new WebSocketService(account.server.wsUrl);
  keep({ close: () => service.abandon() });
  const frames = new Heard<Frame>();
  service.addMessageHandler((frame) => frames.push(frame));
  service.connect(door, account.token);
  await service.opens.first('open');
  return { service, frames };
}

test('CA-03 CA-05 CA-09 CA-11 CA-22 what one says is shown by its echo, in the printed shape, to both', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const [first, second] = [await open(alice, room, keep), await open(bob, room, keep)];
  first.say('   ');
  first.say('Hello');
  expect(first.messages).toEqual([]);
  for (const chat of [first, second]) {
    const { data } = await chat.frames.first('message', is('new_message'));
    expect(data).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      chat_id: room.id,
      sender_id: alice.id,
      content: 'Hello',
      message_type: 'text',
      parent_message_id: null,
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
      sender: { id: alice.id, username: alice.name, email: alice.email, is_active: true, created_at: expect.stringMatching(/Z$/) },
    });
    expect(Number.isNaN(new Date(data.created_at).valueOf())).toBe(false);
    expect(chat.contents()).toEqual(['Hello']);
  }
  second.service.sendMessage('An answer', second.messages[0]?.id);
  const answer = await first.frames.first('answer', ({ type, data }) => type === 'new_message' && data.content === 'An answer');
  expect(answer.data.parent_message_id).toBe(first.messages[0]?.id);
});

test('CA-07 CA-10 typing is shown to the others under the token\'s id, and ends with the message or the connection', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const [first, second] = [await open(alice, room, keep), await open(bob, room, keep)];
  const typing = (count: number) => second.frames.some(count, 'typing', is('typing_indicator'));
  first.type('H');
  first.type('He');
  await typing(1);
  expect([...second.typingUsers]).toEqual([alice.id]);
  first.submit();
  await typing(2);
  expect([...second.typingUsers]).toEqual([]);
  first.type('again');
  await typing(3);
  first.service.abandon();
  const changes = (await typing(4)).map(({ data }) => data);
  expect(changes).toEqual([true, false, true, false].map((is_typing) => ({ is_typing, user_id: alice.id })));
  expect(first.frames.all.filter(is('typing_indicator'))).toEqual([]);
});

test('CA-08 every message is acknowledged by its readers, once each, whoever they say they are', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const [first, second] = [await open(alice, room, keep), await open(bob, room, keep)];
  second.service.userId = alice.id;
  first.say('read this');
  await first.frames.first('receipt', ({ type, data }) => type === 'read_receipt' && data.user_id === bob.id);
  const [message] = first.messages;
  second.service.sendReadReceipt(message?.id ?? '');
  second.service.sendReadReceipt(message?.id ?? '');
  second.say('last');
  await first.frames.first('last', ({ type, data }) => type === 'new_message' && data.content === 'last');
  expect(first.readersOf('read this').filter((reader) => reader === bob.id)).toEqual([bob.id]);
});

test('CA-01 CA-02 CA-16 outsiders, strangers and wrong tokens find the door closed', async ({ alice, bob, register, server }) => {
  const room = await alice.createRoom('Chat', bob);
  const mallory = await register('mallory');
  const at = (path: string, token: string) => knock(`${server.wsUrl}/api/v1/ws/${path}?token=${token}`);
  expect(await at(`chat/${room.id}`, bob.token)).toBe(101);
  expect(await at(bob.id, bob.token)).toBe(101);
  expect(await at(`chat/${room.id}`, mallory.token)).toBe(403);
  expect(await at('chat/nobody-made-this', mallory.token)).toBe(403);
  expect(await at(alice.id, bob.token)).toBe(403);
  expect(await at('chat', bob.token)).toBe(403);
  for (const token of ['', 'garbage', bob.id, altered(bob.token, { exp: inSeconds(-1) })]) {
    expect(await at(`chat/${room.id}`, token), token).toBe(401);
  }
});

test('CA-04 CA-06 a direct message reaches every device of its recipient, from either socket, and nobody else', async ({ alice, bob, register, keep }) => {
  const carol = await register('carol');
  const room = await alice.createRoom('Chat', bob, carol);
  const inChat = await open(alice, room, keep);
  const personal = await listen(alice, { person: alice.id }, keep);
  const phones = [await listen(bob, { person: bob.id }, keep), await listen(bob, { person: bob.id }, keep)];
  const other = await listen(carol, { person: carol.id }, keep);
  inChat.service.sendDirectMessage('from the chat', bob.id, room.id);
  await phones[0]?.frames.first('direct message');
  personal.service.sendDirectMessage('from the personal socket', bob.id, room.id);
  for (const { frames } of phones) {
    const told = await frames.some(2, 'direct message', is('new_direct_message'));
    expect(told.map(({ data }) => data.content)).toEqual(['from the chat', 'from the personal socket']);
    expect(told[0]?.data).toMatchObject({ chat_id: room.id, sender_id: alice.id, sender: { username: alice.name } });
  }
  personal.service.sendDirectMessage('for carol', carol.id, room.id);
  await other.frames.first('direct message');
  expect(other.frames.all.map(({ data }) => data.content)).toEqual(['for carol']);
  expect(await alice.history(room)).toEqual([]);
  expect(inChat.contents()).toEqual([]);
});

test('CA-12 CA-13 after a restart the service comes back by its own rule and goes on', async ({ alice, bob, server, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const [first, second] = [await open(alice, room, keep), await open(bob, room, keep)];
  await server.restart();
  for (const chat of [first, second]) await chat.service.opens.some(2, 'open');
  expect(first.service.delays.all[0]).toBe(2_000);
  expect((await first.service.closes.first('close')).code).toBe(1012);
  first.say('after the restart');
  await second.frames.first('message', is('new_message'));
  expect(second.contents()).toEqual(['after the restart']);
});

test('CA-12 the service comes back after it was told to disconnect, and the server takes it', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const [first, second] = [await open(alice, room, keep), await open(bob, room, keep)];
  first.service.disconnect();
  await first.service.opens.some(2, 'open');
  second.say('welcome back');
  await first.frames.first('message', is('new_message'));
  expect(first.contents()).toEqual(['welcome back']);
  expect(() => new WebSocketService('ws://nowhere').sendMessage('too early')).toThrow('WebSocket is not connected');
});

test('CA-12 five attempts at a closed door, each later than the one before, and no more', async ({ alice }) => {
  const service = new WebSocketService(alice.server.wsUrl);
  const timers: [() => void, number][] = [];
  const real = globalThis.setTimeout;
  // The attempts' delays are looked at, not waited for.
  globalThis.setTimeout = ((call: () => void, delay = 0) => {
    if (delay < 2_000 || delay > 30_000 || delay % 1_000 !== 0) return real(call, delay);
    timers.push([call, delay]);
    return real(() => {}, 0);
  }) as typeof setTimeout;
  try {
    service.connect({ chat: 'nobody-made-this' }, alice.token);
    // A handshake that fails is an error and a close, and each counts.
    for (const closes of [1, 2, 3]) {
      await service.closes.some(closes, 'close');
      timers.splice(0, 1).forEach(([call]) => call());
    }
    await service.closes.some(4, 'close');
  } finally {
    globalThis.setTimeout = real;
    service.abandon();
  }
  expect(service.delays.all).toEqual([2_000, 4_000, 8_000, 16_000, 30_000]);
});

test('CA-16 bad input is answered by code, and the connection goes on', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const chat = await open(alice, room, keep);
  const { service } = chat;
  service.sendRaw('{');
  service.sendRaw(Buffer.from([1, 2, 3]));
  service.send('shout', {});
  service.send('new_message', { content: 'forged', chat_id: room.id });
  service.send('send_message', { content: 7 });
  service.send('send_message', { content: ' \n' });
  service.send('send_message', { content: 'x'.repeat(64 * 1024 + 1) });
  const errors = await chat.frames.some(7, 'error', is('error'));
  expect(errors.map(({ data }) => data.code)).toEqual(['bad_json', 'binary_frame', 'unknown_type', 'unknown_type', 'bad_frame', 'blank', 'too_long']);
  for (const { message } of errors) expect(message).toMatch(/\w/);
  chat.say('still here');
  await chat.frames.first('message', is('new_message'));
  expect(chat.contents()).toEqual(['still here']);
});

test('CA-17 CA-18 five hundred messages of two people arrive in one order', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Chat', bob);
  const chats = [await open(alice, room, keep), await open(bob, room, keep)];
  for (let line = 1; line <= 250; line++) {
    for (const chat of chats) chat.service.sendMessage(`line ${line}`);
  }
  for (const chat of chats) await chat.frames.some(500, 'message', is('new_message'));
  const [first, second] = chats.map((chat) => chat.messages.map(({ id }) => id));
  expect(first).toEqual(second);
  for (const person of [alice, bob]) {
    const own = chats[0]?.messages.filter(({ sender_id }) => sender_id === person.id).map(({ content }) => content);
    expect(own).toEqual(Array.from({ length: 250 }, (_, at) => `line ${at + 1}`));
  }
});
