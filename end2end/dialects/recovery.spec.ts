// The unmodified client library comes back: under the same identifier, with exactly what it missed, or told that it missed too much.
import type { Account, Room } from '../fixtures/account';
import type { Cable } from '../fixtures/cable';
import { expect, type Keep, test } from '../fixtures/dialects';
import type { LibraryVersion } from '../fixtures/page-host';
import { Library } from './clients/library';

const BOTH = ['4.8', '4.7'] as const;

/** Alice's client, behind the cable and in a room with bob. */
class Scene {
  private constructor(
    readonly client: Library,
    readonly room: Room,
    readonly bob: Account,
    private readonly cable: Cable,
  ) {}

  static async set(cast: { alice: Account; bob: Account; cable: Cable; keep: Keep }, version: LibraryVersion = '4.8'): Promise<Scene> {
    const room = await cast.alice.createRoom('Tea kitchen', cast.bob);
    const client = cast.keep(Library.of(cast.alice, {}, version, cast.cable.url));
    await client.join(room.id);
    return new Scene(client, room, cast.bob, cast.cable);
  }

  say(content: string): Promise<void> {
    return this.bob.say(this.room, content);
  }

  async cut(): Promise<void> {
    const before = this.client.disconnects.all.length;
    this.cable.cut();
    await this.client.disconnects.some(before + 1, 'disconnect');
  }

  /** Mends the cable and waits until the client is back; whether it was recovered under its old identifier. */
  async mend(): Promise<boolean> {
    const before = this.client.connects.all;
    const old = before.at(-1)?.id;
    const count = before.length;
    this.cable.mend();
    const back = (await this.client.connects.some(count + 1, 'connect')).at(-1);
    expect(back?.id === old).toBe(back?.recovered);
    return back?.recovered ?? false;
  }

  /** Everything that was heard, once this last line of it is there. */
  async heardUntil(last: string): Promise<string[]> {
    await this.say(last);
    await this.client.lines.first(last, ({ content }) => content === last);
    return this.client.contents();
  }
}

for (const version of BOTH) {
  test(`MV-06 socket.io-client ${version} is recovered after it was idle`, async ({ alice, bob, cable, keep }) => {
    const scene = await Scene.set({ alice, bob, cable, keep }, version);
    await scene.cut();
    for (const line of ['one', 'two', 'three']) await scene.say(line);
    expect(await scene.mend()).toBe(true);
    expect(await scene.heardUntil('four')).toEqual(['one', 'two', 'three', 'four']);
  });

  test(`MV-06 socket.io-client ${version} is recovered from the middle of a burst`, async ({ alice, bob, cable, keep }) => {
    const scene = await Scene.set({ alice, bob, cable, keep }, version);
    const burst = bob.sayMany(scene.room, 400);
    await scene.client.lines.some(50, 'line');
    await scene.cut();
    await burst;
    expect(await scene.mend()).toBe(true);
    const said = Array.from({ length: 400 }, (_, at) => `line ${at + 1}`);
    expect(await scene.heardUntil('end')).toEqual([...said, 'end']);
  });
}

test('MV-06 a client is recovered twice in a row, whether anything was said meanwhile or not', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.cut();
  await scene.say('one');
  expect(await scene.mend()).toBe(true);
  await scene.cut();
  expect(await scene.mend()).toBe(true);
  await scene.cut();
  await scene.say('two');
  expect(await scene.mend()).toBe(true);
  expect(await scene.heardUntil('three')).toEqual(['one', 'two', 'three']);
});

test('MV-06 a client that closes its own engine is recovered', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.say('one');
  await scene.client.lines.first('line');
  scene.client.socket.io.engine.close();
  await scene.client.disconnects.first('disconnect');
  await scene.say('two');
  expect(await scene.mend()).toBe(true);
  expect(await scene.heardUntil('three')).toEqual(['one', 'two', 'three']);
});

for (const [way, word] of [['restart', 'restarted'], ['kill', 'killed']] as const) {
  test(`MV-06 a client is recovered from a server that was ${word}`, async ({ alice, bob, cable, keep, server }) => {
    const scene = await Scene.set({ alice, bob, cable, keep });
    await scene.say('before');
    await scene.client.lines.first('line');
    await scene.cut();
    await scene.say('missed before');
    await server[way]();
    if (way === 'kill') await server.again();
    await scene.say('missed after');
    expect(await scene.mend()).toBe(true);
    expect(await scene.heardUntil('end')).toEqual(['before', 'missed before', 'missed after', 'end']);
  });
}

test('MV-06 a client that looks on while the server is killed is recovered', async ({ alice, bob, cable, keep, server }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.say('before');
  await scene.client.lines.first('line');
  await server.kill();
  await server.again();
  expect(await scene.mend()).toBe(true);
  expect(await scene.heardUntil('after')).toEqual(['before', 'after']);
});

test('MV-06 who missed exactly 500 is recovered, who missed more is told so, gets no part of it, and joins anew', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.cut();
  await bob.sayMany(scene.room, 500);
  expect(await scene.mend()).toBe(true);
  expect((await scene.heardUntil('counted')).length).toBe(501);
  await scene.cut();
  await bob.sayMany(scene.room, 501);
  const heard = scene.client.contents().length;
  expect(await scene.mend()).toBe(false);
  const history = await scene.client.join(scene.room.id);
  expect(history.at(-1)).toBe('line 501');
  expect((await scene.heardUntil('live again')).slice(heard)).toEqual(['live again']);
});

test('changes that were missed are recovered after the messages, each message once', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.say('one');
  await scene.say('two');
  const lines = await scene.client.lines.some(2, 'line');
  const [one, two] = lines.map(({ _id }) => _id) as [string, string];
  await scene.cut();
  await bob.ask('PATCH', `messages/${one}`, { content: 'first' });
  await bob.ask('PATCH', `messages/${one}`, { content: 'One' });
  await bob.ask('DELETE', `messages/${two}`);
  await scene.say('three');
  await bob.ask('PUT', `messages/${one}/reactions/${encodeURIComponent('🍰')}`);
  expect(await scene.mend()).toBe(true);
  expect(await scene.heardUntil('four')).toEqual(['one', 'two', 'three', 'four']);
  const isChange = ({ event }: { event: string }) => event.startsWith('chat-message-');
  const changes = () => scene.client.told.all.filter(isChange).map(({ event, data }) => [event, data['_id'] ?? data['messageId'], data['content'], data['reactions']]);
  const deleted = ['chat-message-deleted', two, '', undefined];
  const updated = ['chat-message-updated', one, 'One', [{ emoji: '🍰', count: 1, users: [bob.id] }]];
  expect(changes()).toEqual([deleted, updated]);
  // What was recovered is not recovered again.
  await scene.cut();
  await bob.ask('DELETE', `messages/${one}/reactions/${encodeURIComponent('🍰')}`);
  expect(await scene.mend()).toBe(true);
  await scene.heardUntil('five');
  expect(changes()).toEqual([deleted, updated, ['chat-message-updated', one, 'One', undefined]]);
});

test('MV-06 who joined more rooms than can be recovered is told so, and recovers once there are fewer', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  const rooms = await Promise.all(Array.from({ length: 64 }, (_, at) => alice.createRoom(`Room ${at}`)));
  for (const room of rooms) await scene.client.join(room.id);
  await scene.cut();
  expect(await scene.mend()).toBe(false);
  for (const room of [scene.room, ...rooms.slice(1)]) await scene.client.join(room.id);
  await scene.cut();
  await scene.say('missed');
  expect(await scene.mend()).toBe(true);
  expect(await scene.heardUntil('live')).toEqual(['missed', 'live']);
});

test('MV-06 another person cannot come back with somebody else\'s identifier', async ({ alice, bob, cable, keep }) => {
  const scene = await Scene.set({ alice, bob, cable, keep });
  await scene.cut();
  await scene.say('not for a stranger');
  // The library keeps the token's value until it connects again.
  scene.client.socket.auth = { token: bob.token };
  expect(await scene.mend()).toBe(false);
  expect((await scene.client.told.some(2, 'welcome', ({ event }) => event === 'connected')).at(-1)?.data['userId']).toBe(bob.id);
  expect(scene.client.contents()).toEqual([]);
});
