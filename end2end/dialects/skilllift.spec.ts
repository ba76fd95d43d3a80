// SkillLift's hook against the real server.
import type { Account, Room } from '../fixtures/account';
import { expect, type Keep, test } from '../fixtures/dialects';
import { altered, inSeconds } from '../fixtures/token';
import { type Frame, SkillLift } from './clients/skilllift';

const is = (type: string) => (frame: Frame) => frame.type === type;
const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** A hook in a room, which was told that it is there. */
async function enter(account: Account, room: string, keep: Keep, url = account.server.wsUrl): Promise<SkillLift> {
  const hook = keep(new SkillLift(url, account.token, room));
  await hook.here(account.id);
  return hook;
}

test('SL-01 SL-03 SL-09 a room is joined and what is said arrives, one\'s own words included', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Lesson', bob);
  const [first, second] = [await enter(alice, room.id, keep), await enter(bob, room.id, keep)];
  expect(first.frames.all[0]).toMatchObject({ type: 'connected', payload: { userId: alice.id, userName: alice.name } });
  first.sendChatMessage('Hello World!');
  for (const hook of [first, second]) {
    const { payload } = await hook.frames.first('message', is('chat_message'));
    expect(payload).toEqual({ messageId: expect.any(String), roomId: room.id, userId: alice.id, userName: alice.name, message: 'Hello World!', messageType: 'text', timestamp: iso });
  }
  expect(second.contents()).toEqual(['Hello World!']);
});

test('SL-07 who joins is told of everybody, two tabs are one participant, and leaving is told', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Lesson', bob);
  const teacher = await enter(alice, room.id, keep);
  const tabs = [await enter(bob, room.id, keep), await enter(bob, room.id, keep)];
  await teacher.frames.first('bob', ({ type, payload }) => type === 'user_joined' && payload?.['userId'] === bob.id);
  const everybody = new Map([[alice.id, alice.name], [bob.id, bob.name]]);
  for (const hook of [teacher, ...tabs]) {
    await hook.frames.some(2, 'user_joined', is('user_joined'));
    expect(hook.participants).toEqual(everybody);
  }
  tabs[0]?.joinRoom(room.id);
  tabs[0]?.leaveRoom();
  tabs[1]?.sendChatMessage('one tab is left');
  await teacher.frames.first('message', is('chat_message'));
  expect(teacher.frames.all.filter(is('user_left'))).toEqual([]);
  tabs[1]?.leaveRoom();
  const { payload } = await teacher.frames.first('user_left', is('user_left'));
  expect(payload).toEqual({ roomId: room.id, userId: bob.id, userName: bob.name, timestamp: iso });
  expect(teacher.frames.all.filter(is('user_joined')).map((it) => it.payload?.['userId'])).toEqual([alice.id, bob.id]);
  expect([...teacher.participants.keys()]).toEqual([alice.id]);
});

test('SL-07 SL-15 a lost connection is a leave a little later', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Lesson', bob);
  const teacher = await enter(alice, room.id, keep);
  const pupil = await enter(bob, room.id, keep);
  pupil.close();
  const { payload } = await teacher.frames.first('user_left', is('user_left'));
  expect(payload).toMatchObject({ userId: bob.id });
});

test('SL-02 SL-05 without a good token nothing opens, and a room of others stays silent', async ({ alice, bob, register, server, keep }) => {
  const room: Room = await alice.createRoom('Lesson', bob);
  const [teacher, mallory] = [await enter(alice, room.id, keep), await register('mallory')];
  const outsider = keep(new SkillLift(server.wsUrl, mallory.token, room.id));
  outsider.sendChatMessage('let me in');
  const errors = await outsider.frames.some(2, 'error', is('error'));
  for (const { payload } of errors) expect(payload).toMatchObject({ code: expect.stringMatching(/not_found|not_joined|forbidden/) });
  teacher.sendChatMessage('private');
  await teacher.frames.first('message', is('chat_message'));
  outsider.ping();
  await outsider.frames.first('pong', is('pong'));
  expect(outsider.frames.all.map(({ type }) => type)).toEqual(['connected', 'error', 'error', 'pong']);
  expect([...teacher.participants.keys()]).toEqual([alice.id]);
  expect(teacher.contents()).toEqual(['private']);
  for (const token of ['garbage', alice.id, altered(alice.token, { exp: inSeconds(-1) })]) {
    const hook = keep(new SkillLift(server.wsUrl, token, room.id));
    await hook.closes.first('close');
    hook.close();
    expect(hook.frames.all).toEqual([]);
  }
});

test('SL-04 several rooms on one connection are apart', async ({ alice, bob, keep }) => {
  const [one, two] = [await alice.createRoom('One', bob), await alice.createRoom('Two', bob)];
  const both = await enter(alice, one.id, keep);
  both.joinRoom(two.id);
  await both.frames.first('second room', ({ type, payload }) => type === 'user_joined' && payload?.['roomId'] === two.id);
  const [inOne, inTwo] = [await enter(bob, one.id, keep), await enter(bob, two.id, keep)];
  inOne.sendChatMessage('for one');
  await both.frames.some(1, 'message', is('chat_message'));
  inTwo.sendChatMessage('for two');
  await both.frames.some(2, 'message', is('chat_message'));
  await inTwo.frames.first('message', is('chat_message'));
  expect(both.messages.map(({ roomId, message }) => [roomId, message])).toEqual([[one.id, 'for one'], [two.id, 'for two']]);
  expect(inOne.contents()).toEqual(['for one']);
  expect(inTwo.contents()).toEqual(['for two']);
});

test('SL-04 SL-11 the live session of a chat is its members\', and its owner alone says how it stands', async ({ alice, bob, register, keep }) => {
  const chat = await alice.createRoom('Course', bob);
  const session = `session_${chat.id}`;
  const [owner, pupil] = [await enter(alice, session, keep), await enter(bob, session, keep)];
  pupil.updateSession(session, 'started');
  expect((await pupil.frames.first('error', is('error'))).payload).toMatchObject({ code: 'forbidden' });
  owner.updateSession(session, 'started', { topic: 'Brackets' });
  for (const hook of [owner, pupil]) {
    const { payload } = await hook.frames.first('update', is('live_session_update'));
    expect(payload).toMatchObject({ roomId: session, status: 'started', topic: 'Brackets' });
  }
  const outsider = keep(new SkillLift(alice.server.wsUrl, (await register('mallory')).token, session));
  await outsider.frames.first('error', is('error'));
  expect(pupil.frames.all.filter(is('live_session_update'))).toHaveLength(1);
});

test('SL-06 ping is answered outside any room', async ({ alice, keep }) => {
  const hook = keep(new SkillLift(alice.server.wsUrl, alice.token));
  await hook.frames.first('connected', is('connected'));
  hook.ping();
  await hook.frames.first('pong', is('pong'));
  expect(hook.frames.all.map(({ type }) => type)).toEqual(['connected', 'pong']);
});

test('SL-08 what was said while the connection was gone goes out once, in order, after it is back', async ({ alice, bob, server, keep }) => {
  const room = await alice.createRoom('Lesson', bob);
  const [hook, other] = [await enter(alice, room.id, keep), await enter(bob, room.id, keep)];
  await server.kill();
  await hook.closes.first('close');
  expect(hook.isConnected).toBe(false);
  const lines = Array.from({ length: 20 }, (_, at) => `kept ${at + 1}`);
  for (const line of lines) hook.sendChatMessage(line);
  await server.again();
  await hook.frames.some(lines.length, 'message', is('chat_message'));
  hook.sendChatMessage('last');
  await hook.frames.some(lines.length + 1, 'message', is('chat_message'));
  expect(hook.contents()).toEqual([...lines, 'last']);
  expect(await alice.history(room)).toEqual([...lines, 'last']);
  other.close();
});

test('SL-14 bad frames are answered by code, and the connection goes on', async ({ alice, keep }) => {
  const room = await alice.createRoom('Lesson');
  const hook = await enter(alice, room.id, keep);
  hook.sendRaw('{');
  hook.sendRaw(Buffer.from([1]));
  hook.send('shout', {});
  hook.send('user_joined', { roomId: room.id, userId: 'forged' });
  hook.send('chat_message', { roomId: room.id });
  hook.send('chat_message', { message: 'nowhere' });
  hook.send('chat_message', { roomId: room.id, message: ' ' });
  const errors = await hook.frames.some(7, 'error', is('error'));
  const codes = errors.map(({ payload }) => payload?.['code']);
  expect(codes).toEqual(['bad_json', 'binary_frame', 'unknown_type', 'unknown_type', 'bad_frame', 'bad_frame', 'blank']);
  hook.sendChatMessage('still here');
  await hook.frames.first('message', is('chat_message'));
  expect(hook.contents()).toEqual(['still here']);
});

test('SL-03 a notification reaches the hook', async ({ alice, keep }) => {
  const hook = keep(new SkillLift(alice.server.wsUrl, alice.token));
  await hook.frames.first('connected', is('connected'));
  await alice.ask('POST', 'notifications', { user_id: alice.id, title: 'Lesson soon', message: 'In five minutes', type: 'info' });
  const { payload } = await hook.frames.first('notification', is('notification'));
  expect(payload).toMatchObject({ title: 'Lesson soon', message: 'In five minutes', type: 'info', timestamp: iso });
});
