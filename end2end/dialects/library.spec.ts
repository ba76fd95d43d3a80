// The unmodified client library, in two versions, in Node.
import { Account } from '../fixtures/account';
import { Conformance } from '../fixtures/conformance';
import { expect, test } from '../fixtures/dialects';
import { Server } from '../fixtures/server';
import { altered, claimsOf, inSeconds, SECRET, sign, unsigned } from '../fixtures/token';
import { Library } from './clients/library';

const VERSIONS = ['4.8', '4.7'] as const;
const WAYS = [
  { name: 'WebSocket only', transports: ['websocket'], first: 'websocket', upgrade: false },
  { name: 'polling only', transports: ['polling'], first: 'polling', upgrade: false },
  { name: 'polling, then the upgrade', transports: ['polling', 'websocket'], first: 'polling', upgrade: true },
];

/** `line 1` to `line n`. */
function lines(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `line ${at + 1}`);
}

/** What does not stand where counting from 1 would put it. */
function swaps(numbers: unknown[], count: number): string[] {
  const expected = Array.from({ length: count }, (_, at) => at + 1);
  return expected.filter((number, at) => numbers[at] !== number).map((number) => `${numbers[number - 1]} in the place of ${number}`);
}

for (const version of VERSIONS) {
  for (const { name, transports, first, upgrade } of WAYS) {
    test(`MV-01 MV-03 MV-22 socket.io-client ${version}, ${name}: welcome, events and acknowledgements`, async ({ alice, bob, keep }) => {
      const room = await alice.createRoom('Tea kitchen', bob);
      const client = keep(Library.of(alice, { transports }, version));
      expect(await client.opens.first('open')).toBe(first);
      const { id } = await client.connects.first('connect');
      const { data } = await client.told.first('welcome', ({ event }) => event === 'connected');
      expect(data).toMatchObject({ message: expect.any(String), userId: alice.id, socketId: id, server: 'development' });
      expect(data['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(await client.join(room.id)).toEqual([]);
      if (upgrade) expect(await client.upgrades.first('upgrade')).toBe('websocket');
      expect(await client.say(room.id, 'from the library')).toEqual({ ok: true, _id: expect.any(String), seq: 1 });
      await bob.say(room, 'to the library');
      await client.lines.some(2, 'line');
      expect(client.contents()).toEqual(['from the library', 'to the library']);
      expect(client.socket.io.engine.transport.name).toBe(upgrade ? 'websocket' : first);
    });

    test(`MV-06 socket.io-client ${version}, ${name}: 5,000 events each way in order`, async ({ alice, bob, keep }) => {
      test.slow();
      const room = await alice.createRoom('Tea kitchen', bob);
      const [sender, reader] = [keep(Library.of(alice, { transports }, version)), keep(Library.of(bob, { transports }, version))];
      for (const client of [sender, reader]) await client.join(room.id);
      const said = lines(5_000);
      const answered: unknown[] = [];
      const numbers = said.map(async (content) => {
        const { seq } = await sender.say(room.id, content);
        answered.push(seq);
        return seq;
      });
      expect(swaps(await Promise.all(numbers), said.length)).toEqual([]);
      expect(swaps(answered, said.length)).toEqual([]);
      for (const client of [reader, sender]) {
        await client.lines.some(said.length, 'line');
        expect(client.contents()).toEqual(said);
        expect(client.disconnects.all).toEqual([]);
      }
    });
  }

  for (const transports of [['websocket'], ['polling']]) {
    test(`MV-01 socket.io-client ${version}, ${transports}: bytes go and come, with and without an acknowledgement`, async ({ keep }) => {
      const engine = await Conformance.start('socket-io');
      try {
        const auth = { token: 'whatever' };
        const client = keep(new Library(engine.url, version, { transports, auth }));
        expect((await client.told.first('auth')).data).toEqual(auth);
        const bytes = Buffer.from([0, 1, 127, 128, 255]);
        const plain = { text: 'zwölf', deep: [{ bytes }] };
        const back = new Promise((done) => client.socket.once('message-back', (...all: unknown[]) => done(all)));
        client.socket.emit('message', 1, bytes, plain);
        expect(await back).toEqual([1, bytes, plain]);
        const acknowledged = await new Promise((done) => client.socket.emit('message-with-ack', bytes, plain, (...all: unknown[]) => done(all)));
        expect(acknowledged).toEqual([bytes, plain]);
        client.close();
      } finally {
        await engine.stop();
      }
    });
  }
}

test('MV-04 X2 what proves nothing is refused with a sentence and a code, on either transport', async ({ alice, server, keep }) => {
  const claims = claimsOf(alice.token);
  const [head, body, signature] = alice.token.split('.') as [string, string, string];
  const wrong: Record<string, string | undefined> = {
    missing: undefined,
    garbage: 'garbage',
    'a bare user id': alice.id,
    'signature cut': `${head}.${body}.${signature.slice(0, -4)}`,
    'signature changed': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'no signature': unsigned(claims),
    'another secret': sign(claims, 'another-secret-another-secret-another-one'),
    expired: altered(alice.token, { exp: inSeconds(-1) }),
  };
  for (const [why, token] of Object.entries(wrong)) {
    for (const transports of [['websocket'], ['polling']]) {
      const client = keep(new Library(server.url, '4.8', { transports, auth: { token } }));
      const refusal = await client.refusals.first(why);
      // In development with the reason.
      expect(refusal.message, why).toMatch(/^Authentication failed: the token is /);
      expect(refusal.data?.code, why).toBe('unauthorized');
    }
  }
  for (const carrier of [{ query: { token: alice.token } }, { extraHeaders: { authorization: `Bearer ${alice.token}` } }]) {
    await keep(new Library(server.url, '4.8', carrier)).connects.first('connect');
  }
  expect(server.log).not.toContain(signature);
});

test('MV-19 MV-21 pages of a foreign origin are refused with 403, those of a named one are served', async ({ alice, server, host, keep }) => {
  const shake = (origin: string) => fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
  expect((await shake('https://evil.example')).status).toBe(403);
  const named = await shake(host.origin);
  expect(named.status).toBe(200);
  expect(named.headers.get('access-control-allow-origin')).toBe(host.origin);
  const foreign = keep(Library.of(alice, { transports: ['websocket'], extraHeaders: { origin: 'https://evil.example' } }));
  await foreign.refusals.first('refusal');
  expect(foreign.connects.all).toEqual([]);
  await keep(Library.of(alice, { transports: ['websocket'], extraHeaders: { origin: host.origin } })).connects.first('connect');
});

test('MV-04 a connection ends with its token, unless it brings a fresh one', async ({ alice, server, keep }) => {
  const until = (seconds: number) => ({ auth: { token: altered(alice.token, { exp: inSeconds(seconds) + 0.5 }) } });
  const [renewed, expired] = [new Library(server.url, '4.8', until(5)), new Library(server.url, '4.8', until(6))].map(keep) as [Library, Library];
  for (const client of [renewed, expired]) {
    const { data } = await client.told.first('notice', ({ event }) => event === 'expiring');
    expect(data['expires_in_ms']).toBeLessThanOrEqual(6_500);
  }
  const answer = await renewed.ask('authenticate', { token: alice.token });
  expect(answer).toEqual({ ok: true, expires_in_ms: expect.any(Number) });
  expect(await expired.disconnects.first('disconnect')).toBe('transport close');
  expect(expired.told.all.at(-1)).toMatchObject({ event: 'error', data: { code: 'unauthorized' } });
  // It comes back with what it has, and is told that it is not good.
  expect((await expired.refusals.first('refusal')).data?.code).toBe('unauthorized');
  // Its first token ended a second earlier.
  expect(await renewed.ask('authenticate', { token: 'garbage' })).toMatchObject({ ok: false, code: 'unauthorized' });
  expect(renewed.disconnects.all).toEqual([]);
});

for (const version of VERSIONS) {
  for (const transports of [['websocket'], ['polling']]) {
    test(`socket.io-client ${version}, ${transports}: at the end of its token it comes back with the next one, recovered`, async ({ alice, bob, server, keep }) => {
      const room = await alice.createRoom('Tea kitchen', bob);
      const tokens = [altered(alice.token, { exp: inSeconds(4) + 0.5 }), `Bearer ${alice.token}`];
      const auth = (answer: (auth: object) => void) => answer({ token: tokens.shift() });
      const client = keep(new Library(server.url, version, { transports, auth }));
      await client.join(room.id);
      expect(await client.disconnects.first('disconnect')).toBe('transport close');
      await bob.say(room, 'meanwhile');
      const [before, after] = await client.connects.some(2, 'connect');
      expect(after).toEqual({ recovered: true, id: before?.id });
      await client.lines.first('line');
      expect(client.contents()).toEqual(['meanwhile']);
      expect(client.refusals.all).toEqual([]);
    });
  }
}

test('the 21st connection of a person is refused with a code, waits, and is in when it asks again', async ({ alice, keep }) => {
  const tabs = Array.from({ length: 20 }, () => keep(Library.of(alice, { transports: ['websocket'] })));
  await Promise.all(tabs.map((tab) => tab.connects.first('connect')));
  const one = keep(Library.of(alice));
  const refusal = await one.refusals.first('refusal');
  expect(refusal.data).toEqual({ code: 'too_many' });
  // The library has given up: neither a connection nor another attempt is under way.
  expect([one.socket.connected, one.socket.active]).toEqual([false, false]);
  tabs[0]?.close();
  // The server may notice a little later that one has left.
  while (!one.socket.connected) {
    const refused = one.refusals.some(one.refusals.all.length + 1, 'refusal');
    one.socket.connect();
    await Promise.race([one.connects.first('connect'), refused]);
  }
});

test('MV-04 a refusal arrives although an event was sent right behind the request', async ({ alice, server, keep }) => {
  for (const transports of [['websocket'], ['polling']]) {
    for (let round = 0; round < 10; round += 1) {
      const client = keep(new Library(server.url, '4.8', { transports, auth: { token: 'wrong' } }));
      // The library itself waits for the answer; others do not.
      client.socket.io.on('open', () => client.socket.io.engine.write('2["send-chat-message",{}]'));
      const refusal = await client.refusals.first('refusal');
      expect(refusal.data?.code).toBe('unauthorized');
    }
  }
  await keep(Library.of(alice)).connects.first('connect');
});

test('MV-05 each tab of a person gets an event once', async ({ alice, bob, keep }) => {
  const room = await alice.createRoom('Tea kitchen', bob);
  const tabs = [keep(Library.of(alice)), keep(Library.of(alice, { transports: ['websocket'] }, '4.7'))];
  for (const tab of tabs) await tab.join(room.id);
  await bob.say(room, 'one');
  await bob.say(room, 'two');
  for (const tab of tabs) {
    await tab.lines.first('the last', ({ content }) => content === 'two');
    expect(tab.contents()).toEqual(['one', 'two']);
  }
  expect(tabs[0]?.socket.id).not.toBe(tabs[1]?.socket.id);
});

test('MV-24 a server that stops says so first, and when to come back', async ({ keep }) => {
  const server = await Server.start({ JWT_SECRET: SECRET, HUBBUB_SERVER_NAME: 'blue' });
  try {
    const person = await Account.register(server, 'ann');
    const clients = [['websocket'], ['polling']].map((transports) => keep(Library.of(person, { transports })));
    for (const client of clients) await client.told.first('welcome', ({ event }) => event === 'connected');
    await server.restart();
    for (const client of clients) {
      const { data } = await client.told.first('farewell', ({ event }) => event === 'server:shutdown');
      expect(data).toEqual({
        message: expect.any(String),
        reconnect_in_ms: expect.any(Number),
        timestamp: expect.stringMatching(/Z$/),
        server: 'blue',
      });
      await client.connects.some(2, 'connect');
      expect(client.connects.all[1]).toMatchObject({ recovered: true, id: client.connects.all[0]?.id });
      client.close();
    }
  } finally {
    await server.stop();
  }
});
