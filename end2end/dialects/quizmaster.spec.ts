// QuizMaster's component against the real server. What every frame says is tried in server/tests/dialects, too.
import type { Account } from '../fixtures/account';
import { expect, test } from '../fixtures/dialects';
import { knock } from '../fixtures/knock';
import { Server } from '../fixtures/server';
import { altered, inSeconds, SECRET } from '../fixtures/token';
import { type Frame, MOCK_USER_ID, QuizMaster } from './clients/quizmaster';

const WELCOME: Frame = { type: 'connection_status', message: 'Connected successfully' };

function quizmaster(account: Account, url = account.server.wsUrl): QuizMaster {
  return new QuizMaster(url, account.token).mount();
}

function simulate(duration_seconds: number, frequency_seconds: number, message_prefix = 'Question'): Frame {
  return { type: 'simulate', data: { duration_seconds, frequency_seconds, message_prefix } };
}

const is = (type: string) => (frame: Frame) => frame.type === type;

test('QM-01 QM-02 QM-04 QM-17 a simulation is told step by step and completed', async ({ alice, keep }) => {
  const client = keep(quizmaster(alice));
  client.sendMessage(simulate(0.5, 0.1));
  const complete = await client.frames.first('complete', is('complete'));
  const [welcome, ...updates] = client.frames.all.slice(0, -1);
  expect(welcome).toEqual(WELCOME);
  expect(updates.map(({ type, message }) => [type, message])).toEqual(updates.map((_, at) => ['update', `Question #${at + 1}`]));
  const progress = updates.map(({ data }) => Number(data?.['progress']));
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  for (const { data } of updates) {
    expect(data).toEqual({ elapsed_seconds: expect.any(Number), remaining_seconds: expect.any(Number), progress: expect.any(Number) });
  }
  expect(complete.data).toEqual({ total_messages: updates.length, duration_seconds: expect.any(Number) });
  expect(updates.length).toBe(5);
});

test('QM-03 QM-05 QM-10 QM-11 what is wrong is answered with an error, and the next frame works', async ({ alice, keep }) => {
  const client = keep(quizmaster(alice));
  await client.frames.first('welcome');
  const wrong = ['not json', '[]', '{"data":{}}', '{"type":"shout"}', JSON.stringify(WELCOME), '{"type":"simulate","data":{"duration_seconds":"ten"}}', JSON.stringify(simulate(9_999, 1)), JSON.stringify(simulate(1, 0.001))];
  for (const raw of wrong) client.sendRaw(raw);
  const errors = await client.frames.some(wrong.length, 'error', is('error'));
  for (const [at, error] of errors.entries()) {
    expect(error, wrong[at]).toEqual({ type: 'error', message: expect.stringMatching(/\w/), data: expect.objectContaining({ code: expect.any(String) }) });
  }
  client.sendMessage({ ...simulate(0.1, 0.05), message: 'a key that nobody needs' });
  await client.frames.first('complete', is('complete'));
  expect(client.closes.all).toEqual([]);
});

test('QM-08 QM-09 the mock person and nobody at all are taken in development, and refused in production', async ({ server, keep }) => {
  for (const token of [MOCK_USER_ID, undefined]) {
    expect(await keep(new QuizMaster(server.wsUrl, token).mount()).frames.first('welcome')).toEqual(WELCOME);
  }
  const production = await Server.start({ HUBBUB_ENV: 'production', JWT_SECRET: SECRET });
  try {
    expect(await knock(`${production.wsUrl}/ws/endpoint?token=${MOCK_USER_ID}`)).toBe(401);
    expect(await knock(`${production.wsUrl}/ws/endpoint`)).toBe(401);
  } finally {
    await production.stop();
  }
});

test('QM-07 a token that is not good opens nothing', async ({ alice, server, keep }) => {
  for (const token of ['garbage', alice.id, altered(alice.token, { exp: inSeconds(-1) }), altered(alice.token, {}, 'y'.repeat(40))]) {
    const client = keep(new QuizMaster(server.wsUrl, token).mount());
    await client.closes.first('close');
    client.unmount();
    expect(client.frames.all).toEqual([]);
  }
});

test('QM-13 QM-14 the component comes back after a restart and sends what it kept, once', async ({ alice, server, keep }) => {
  const client = keep(quizmaster(alice));
  await client.frames.first('welcome');
  await server.kill();
  await client.closes.first('close');
  expect(client.connected).toBe(false);
  client.sendMessage(simulate(0.1, 0.05, 'Kept'));
  await server.again();
  await client.frames.some(2, 'welcome', is('connection_status'));
  await client.frames.first('complete', is('complete'));
  expect(client.connected).toBe(true);
  client.sendMessage(simulate(0.1, 0.05, 'Later'));
  await client.frames.some(2, 'complete', is('complete'));
  const steps = client.frames.all.filter(is('update')).map(({ message }) => message);
  expect(steps).toEqual(['Kept #1', 'Kept #2', 'Later #1', 'Later #2']);
});

test('QM-12 unmounting closes cleanly', async ({ alice, server, keep }) => {
  const client = keep(quizmaster(alice));
  await client.frames.first('welcome');
  const logged = server.log.length;
  client.unmount();
  await client.closes.first('close');
  await expect.poll(async () => (await alice.ask('GET', `websocket/user/${alice.id}/status`)).data.sockets).toBe(0);
  expect(client.closes.all).toHaveLength(1);
  expect(server.log.slice(logged)).not.toMatch(/ERROR|WARN/);
});

test('QM-04 jobs and notifications reach the component as updates, an end and a notification', async ({ alice, keep }) => {
  const client = keep(quizmaster(alice));
  await client.frames.first('welcome');
  const { id } = await alice.ask('POST', 'jobs', { title: 'Grading', message: 'Grading has begun' });
  await alice.ask('PATCH', `jobs/${id}`, { progress: 50, stage: 'half', message: 'Half of it' });
  await alice.ask('PATCH', `jobs/${id}`, { status: 'completed', result: { points: 7 } });
  await alice.ask('POST', 'notifications', { user_id: alice.id, title: 'Graded', message: 'Seven points', type: 'success' });
  const notice = await client.frames.first('notification', ({ message }) => message === 'Graded');
  const told = client.frames.all.filter(({ type }) => !/connection_status|notification/.test(type));
  expect(told.map(({ type, message }) => [type, message])).toEqual([
    ['update', 'Grading has begun'],
    ['update', 'Half of it'],
    ['complete', 'Half of it'],
  ]);
  const [, half, end] = told;
  expect(half?.data).toMatchObject({ job_id: id, progress: 50, stage: 'half' });
  expect(end?.data).toMatchObject({ job_id: id, result: { points: 7 } });
  expect(notice.data).toMatchObject({ title: 'Graded', message: 'Seven points', type: 'success', timestamp: expect.stringMatching(/Z$/) });
});
