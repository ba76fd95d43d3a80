// MockVerse's services and its test page against the real server.
import type { Account } from '../fixtures/account';
import { Account as Person } from '../fixtures/account';
import { expect, test } from '../fixtures/dialects';
import { Server } from '../fixtures/server';
import { altered, inSeconds, SECRET, sign } from '../fixtures/token';
import { testPage, VideoAnalysisService, WebSocketService, WEBSOCKET_EVENTS } from './clients/mockverse';

const INTERVIEW = '64a7b8c9d1e2f3g4h5i6j7k8';
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const iso = expect.stringMatching(ISO);

function service(account: Account, url = account.server.url): WebSocketService {
  return new WebSocketService(url).connect(account.token);
}

/** Waits until it is in. */
async function welcomed(client: WebSocketService): Promise<WebSocketService> {
  await client.welcomes.first('welcome');
  return client;
}

test('MV-01 MV-03 the welcome says who one is', async ({ alice, keep }) => {
  const client = keep(service(alice));
  const welcome = await client.welcomes.first('welcome');
  expect(welcome).toEqual({ message: expect.any(String), userId: alice.id, socketId: client.socket?.id, timestamp: iso, server: 'development' });
  expect(client.isConnected).toBe(true);
  expect(client.socket?.io.engine.transport.name).toBe('websocket');
});

test('MV-09 MV-10 MV-14 MV-16 MV-17 MV-23 an analysis starts, goes on and is completed', async ({ alice, keep }) => {
  const client = keep(service(alice));
  const page = new VideoAnalysisService(client);
  await welcomed(client);
  const answer = await alice.ask('POST', `websocket/test/analysis-events/${alice.id}`, { interviewId: INTERVIEW });
  expect(answer).toMatchObject({ success: true });
  await client.told.first('the end', ({ event }) => event === WEBSOCKET_EVENTS.ANALYSIS_COMPLETED);
  const [started, ...progress] = client.told.all.filter(({ event }) => event.startsWith('analysis:'));
  const completed = progress.pop();
  const always = { interviewId: INTERVIEW, timestamp: iso, server: 'development' };
  expect(started).toEqual({ event: 'analysis:started', data: { ...always, message: 'Video analysis has started', status: 'processing' } });
  expect(progress.length).toBeGreaterThan(0);
  for (const { event, data } of progress) {
    expect(event).toBe('analysis:progress');
    expect(data).toEqual({ ...always, progress: expect.any(Number), stage: expect.any(String), message: expect.any(String), status: 'processing' });
  }
  const percents = progress.map(({ data }) => Number(data['progress']));
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
  expect(completed?.data).toEqual({
    ...always,
    message: 'Video analysis completed successfully',
    status: 'completed',
    analysis: { summary: expect.any(String), analyzedAt: iso, fileSize: expect.any(Number) },
  });
  expect(page.interviews.get(INTERVIEW)).toMatchObject({ status: 'completed', analysis: { analyzedAt: iso } });
  expect(page.toasts.all).toEqual([`Video analysis started for interview ${INTERVIEW}`, 'Video analysis completed! Check your interview report.']);
});

test('MV-11 MV-17 an analysis fails and may be tried again', async ({ alice, keep }) => {
  const client = keep(service(alice));
  const page = new VideoAnalysisService(client);
  await welcomed(client);
  await alice.ask('POST', `websocket/test/analysis-events/${alice.id}`, { interviewId: INTERVIEW, outcome: 'failed' });
  const { data } = await client.told.first('the end', ({ event }) => event === WEBSOCKET_EVENTS.ANALYSIS_FAILED);
  expect(data).toEqual({
    interviewId: INTERVIEW,
    message: 'Video analysis failed',
    status: 'failed',
    error: expect.stringMatching(/\w+/),
    retryable: true,
    failedAt: iso,
    timestamp: iso,
    server: 'development',
  });
  expect(page.interviews.get(INTERVIEW)).toMatchObject({ status: 'failed', mayRetry: true });
  expect(page.toasts.all.at(-1)).toBe(`Analysis failed: ${data['error']}`);
});

test('MV-08 MV-24 each of the ten events comes about by something that happens', async ({ keep }) => {
  const server = await Server.start({ JWT_SECRET: SECRET });
  try {
    const person = await Person.register(server, 'ann');
    const client = keep(service(person));
    await welcomed(client);
    const job = async (kind: string, ...changes: object[]) => {
      const { id } = await person.ask('POST', 'jobs', { kind, title: 'A job', subject: INTERVIEW });
      for (const change of changes) await person.ask('PATCH', `jobs/${id}`, change);
      return id;
    };
    await job('analysis', { progress: 40, stage: 'audio' }, { status: 'completed', result: { fileSize: 15_728_640 } });
    await job('analysis', { status: 'failed', error: 'Video processing timeout', retryable: true });
    const interview = await job('interview', { progress: 50 });
    await person.ask('DELETE', `jobs/${interview}`);
    const report = await job('report', { status: 'completed', result: { pages: 3 } });
    await person.ask('PATCH', `jobs/${report}`, { result: { pages: 4 } });
    await person.ask('POST', 'admin/maintenance', { enabled: true, message: 'Back at noon' });
    const maintenance = await client.told.first('maintenance', ({ event }) => event === 'maintenance:mode');
    expect(maintenance.data).toEqual({ enabled: true, message: 'Back at noon', timestamp: iso, server: 'development' });
    await server.restart();
    await client.told.first('farewell', ({ event }) => event === 'server:shutdown');
    const events = new Set(client.told.all.map(({ event }) => event));
    // A job's end is also a notification.
    events.delete('notification');
    expect([...events].sort()).toEqual(Object.values(WEBSOCKET_EVENTS).toSorted());
    const about = client.told.all.filter(({ event }) => /^(analysis|interview|report):/.test(event));
    for (const { event, data } of about) expect(data, event).toMatchObject({ interviewId: INTERVIEW, timestamp: iso, server: 'development' });
    const shutdown = client.told.all.find(({ event }) => event === 'server:shutdown');
    expect(shutdown?.data).toMatchObject({ reconnect_in_ms: expect.any(Number), timestamp: iso });
    client.close();
  } finally {
    await server.stop();
  }
});

test('MV-05 MV-13 an event reaches every tab of its person once, and nobody else', async ({ alice, bob, keep }) => {
  const tabs = [keep(service(alice)), keep(service(alice))];
  const other = keep(service(bob));
  for (const client of [...tabs, other]) await welcomed(client);
  const emit = (userId: string, message: string, more: object = {}) =>
    bob.ask('POST', 'websocket/test/emit-to-user', { userId, event: 'test:message', message, ...more });
  expect(await emit(alice.id, 'Hello from backend!', { data: { colour: 'blue' } })).toEqual({ success: true, data: { delivered: 2 } });
  expect(await emit(alice.id, 'last')).toEqual({ success: true, data: { delivered: 2 } });
  expect(await emit(bob.id, 'for bob')).toEqual({ success: true, data: { delivered: 1 } });
  for (const tab of tabs) {
    await tab.told.first('the last', ({ data }) => data['message'] === 'last');
    expect(tab.told.all).toEqual([
      { event: 'test:message', data: { message: 'Hello from backend!', colour: 'blue', timestamp: iso, server: 'development' } },
      { event: 'test:message', data: { message: 'last', timestamp: iso, server: 'development' } },
    ]);
  }
  await other.told.first('its own');
  expect(other.told.all.map(({ data }) => data['message'])).toEqual(['for bob']);
});

test('MV-13 MV-15 who is there is told, reserved names and strangers are refused', async ({ alice, bob, keep }) => {
  const status = () => alice.ask('GET', `websocket/user/${bob.id}/status`);
  expect(await status()).toEqual({ success: true, data: { userId: bob.id, isConnected: false, sockets: 0, lastSeen: null } });
  const emit = (userId: string, event: string) => alice.ask('POST', 'websocket/test/emit-to-user', { userId, event, message: 'x' });
  expect(await emit(bob.id, 'test:message')).toEqual({ success: true, data: { delivered: 0 } });
  const client = await welcomed(keep(service(bob)));
  expect(await status()).toMatchObject({ data: { isConnected: true, sockets: 1 } });
  const { data } = await alice.ask('GET', 'websocket/stats');
  expect(data).toEqual({
    connected: expect.any(Number),
    users: expect.any(Number),
    rooms: expect.any(Number),
    nodes: 1,
    messages_per_second: expect.any(Number),
    timestamp: iso,
  });
  expect(data.connected).toBeGreaterThan(0);
  for (const event of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener', 'chat-message']) {
    await expect(emit(bob.id, event), event).rejects.toThrow(/answered 400/);
  }
  await expect(emit('nobody-here', 'test:message')).rejects.toThrow(/answered 404/);
  await emit(bob.id, 'last');
  await client.told.first('the last');
  expect(client.told.all.map(({ event }) => event)).toEqual(['last']);
});

test('MV-06 events of a person that were missed arrive once after a cut', async ({ alice, keep, cable }) => {
  const client = await welcomed(keep(service(alice, cable.url)));
  cable.cut();
  await client.disconnects.first('disconnect');
  const { id } = await alice.ask('POST', 'jobs', { kind: 'analysis', title: 'An analysis', subject: INTERVIEW });
  await alice.ask('PATCH', `jobs/${id}`, { status: 'completed', result: { summary: 'fine' } });
  cable.mend();
  const [, back] = await client.connects.some(2, 'connect');
  expect(back).toEqual({ recovered: true, id: client.connects.all[0]?.id });
  await client.told.first('the end', ({ event }) => event === 'analysis:completed');
  await alice.ask('POST', 'websocket/test/emit-to-user', { userId: alice.id, event: 'last', message: '' });
  await client.told.first('the last', ({ event }) => event === 'last');
  // The job's end is a notification, too.
  expect(client.told.all.map(({ event }) => event)).toEqual(['analysis:started', 'analysis:completed', 'notification', 'last']);
});

test('MV-03 MV-04 MV-21 a token that is not good is told in words', async ({ alice, server, keep }) => {
  for (const token of ['YOUR_JWT_TOKEN_HERE', altered(alice.token, { exp: inSeconds(-1) }), sign({ sub: alice.id, exp: inSeconds(60) }, 'x'.repeat(40))]) {
    const client = keep(new WebSocketService(server.url).connect(token));
    const error = await client.errors.first('connect_error');
    expect(error.message).toMatch(/^Authentication failed: .*token/);
    expect(client.isConnected).toBe(false);
  }
});

test('MV-18 logging in connects, logging out disconnects', async ({ alice, keep }) => {
  const client = await welcomed(keep(service(alice)));
  const status = () => alice.ask('GET', `websocket/user/${alice.id}/status`);
  expect(await status()).toMatchObject({ data: { isConnected: true } });
  client.disconnect();
  await expect.poll(status).toMatchObject({ data: { isConnected: false, sockets: 0, lastSeen: iso } });
});

for (const version of ['4.7', '4.8'] as const) {
  test(`MV-02 MV-19 the test page of another origin, client ${version}, polls first and upgrades`, async ({ alice, host, server, visitor }) => {
    const upgraded = visitor.waitForEvent('websocket', (socket) => socket.url().includes('transport=websocket'));
    const polled = visitor.waitForRequest((request) => request.url().includes('transport=polling'));
    await visitor.goto(host.publish(testPage(host.script(version), server.url, alice.token)));
    await polled;
    const lines = visitor.locator('#messages p');
    await expect(lines).toHaveText(['✅ Connected']);
    // The probe of Engine.IO, and the word that the upgrade is done.
    const socket = await upgraded;
    expect(socket.url()).toContain('EIO=4');
    const play = (outcome: string) => alice.ask('POST', `websocket/test/analysis-events/${alice.id}`, { interviewId: INTERVIEW, outcome });
    await play('completed');
    await expect(lines).toHaveText(['✅ Connected', `📹 Analysis started for ${INTERVIEW}`, `✅ Analysis completed for ${INTERVIEW}`]);
    await play('failed');
    await expect(lines).toHaveText([
      '✅ Connected',
      `📹 Analysis started for ${INTERVIEW}`,
      `✅ Analysis completed for ${INTERVIEW}`,
      `📹 Analysis started for ${INTERVIEW}`,
      new RegExp(`^❌ Analysis failed for ${INTERVIEW}: \\w+`),
    ]);
  });
}
