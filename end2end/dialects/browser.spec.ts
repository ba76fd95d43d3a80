// The unmodified client library in a browser, on a page of another origin.
import type { Page } from '@playwright/test';
import type { Account } from '../fixtures/account';
import { expect, test } from '../fixtures/dialects';
import { type LibraryVersion, PageHost } from '../fixtures/page-host';

/** What the page does: it connects, joins the room, and writes down what it is told, a line for each thing. */
function page(host: PageHost, version: LibraryVersion, url: string, account: Account, room: string, options: object, script = host.script(version)): string {
  const settings = JSON.stringify({ auth: { token: account.token }, reconnectionDelay: 100, ...options });
  return host.publish(`<!doctype html><title>Library</title><script src="${script}"></script><ol></ol><output></output>
<script>
  const show = (line) => document.querySelector('ol').append(Object.assign(document.createElement('li'), { textContent: line }));
  const socket = io(${JSON.stringify(url)}, ${settings});
  socket.io.on('open', () => show('opened by ' + socket.io.engine.transport.name));
  socket.on('connect', () => show(socket.recovered ? 'recovered as ' + (socket.id === window.first ? 'before' : 'another') : 'connected'));
  socket.once('connect', () => { window.first = socket.id; socket.emit('join-chat-room', ${JSON.stringify(room)}); });
  socket.on('connect_error', (error) => { document.querySelector('output').textContent = error.message; });
  socket.on('chat-room-history', ({ messages }) => show('history of ' + messages.length));
  socket.on('chat-message', ({ content }) => show(content));
</script>`);
}

const lines = (visitor: Page) => visitor.getByRole('listitem');

for (const version of ['4.8', '4.7'] as const) {
  for (const [name, options, first, last] of [
    ['WebSocket only', { transports: ['websocket'] }, 'websocket', 'websocket'],
    ['polling only', { transports: ['polling'] }, 'polling', 'polling'],
    ['polling, then the upgrade', {}, 'polling', 'websocket'],
  ] as const) {
    test(`MV-01 MV-02 socket.io-client ${version} in a browser, ${name}`, async ({ alice, bob, host, server, visitor }) => {
      const room = await alice.createRoom('Tea kitchen', bob);
      await visitor.goto(page(host, version, server.url, alice, room.id, options));
      const before = [`opened by ${first}`, 'connected', 'history of 0'];
      await expect(lines(visitor)).toHaveText(before);
      await expect.poll(() => visitor.evaluate('socket.io.engine.transport.name')).toBe(last);
      await bob.say(room, 'to the page');
      const answer = await visitor.evaluate(`socket.emitWithAck('send-chat-message', { roomId: '${room.id}', content: 'from the page', type: 'text' })`);
      expect(answer).toMatchObject({ ok: true, seq: 2 });
      await expect(lines(visitor)).toHaveText([...before, 'to the page', 'from the page']);
    });
  }
}

for (const [name, options] of [
  ['cookies', { withCredentials: true }],
  ['headers of its own', { extraHeaders: { 'x-client-version': '1' } }],
] as const) {
  test(`MV-02 a page of a named origin polls with ${name}, and leaves without an error`, async ({ alice, host, server, visitor }) => {
    const room = await alice.createRoom('Tea kitchen');
    await visitor.goto(page(host, '4.8', server.url, alice, room.id, { transports: ['polling'], ...options }));
    const before = ['opened by polling', 'connected', 'history of 0'];
    await expect(lines(visitor)).toHaveText(before);
    // Leaving the namespace, and then the session; what the browser would show in red fails the test.
    const left = visitor.waitForResponse((answer) => answer.request().postData() === '1');
    await visitor.evaluate('socket.close()');
    expect((await left).status()).toBe(200);
  });
}

test('a page of another origin loads the client library from the server', async ({ alice, host, server, visitor }) => {
  const room = await alice.createRoom('Tea kitchen');
  const text = page(host, '4.8', server.url, alice, room.id, {}, `${server.url}/socket.io/socket.io.js`);
  await visitor.goto(text);
  await expect(lines(visitor)).toHaveText(['opened by polling', 'connected', 'history of 0']);
  const module = `import('${server.url}/socket.io/socket.io.esm.min.js').then(({ io }) => typeof io)`;
  expect(await visitor.evaluate(module)).toBe('function');
});

test('MV-06 a page is recovered after its network was gone', async ({ alice, bob, cable, host, visitor, guard }) => {
  guard.allow(/net::ERR_/, /WebSocket connection to .* failed/);
  const room = await alice.createRoom('Tea kitchen', bob);
  await visitor.goto(page(host, '4.8', cable.url, alice, room.id, {}));
  const before = ['opened by polling', 'connected', 'history of 0'];
  await expect(lines(visitor)).toHaveText(before);
  cable.cut();
  await expect.poll(() => visitor.evaluate('socket.connected')).toBe(false);
  await bob.say(room, 'missed');
  cable.mend();
  await expect(lines(visitor)).toHaveText([...before, 'opened by polling', 'recovered as before', 'missed']);
  await bob.say(room, 'live');
  await expect(lines(visitor)).toHaveText([...before, 'opened by polling', 'recovered as before', 'missed', 'live']);
});

test('MV-19 QM-16 a page of an origin that is not named gets nowhere, on either transport', async ({ alice, server, visitor, guard }) => {
  guard.allow(/status of 403/, /blocked by CORS policy/, /net::ERR_FAILED/, /WebSocket connection to .* failed/);
  const foreign = await PageHost.start();
  try {
    for (const transports of [['polling'], ['websocket']]) {
      await visitor.goto(page(foreign, '4.8', server.url, alice, 'any', { transports, reconnection: false }));
      await expect(visitor.getByRole('status')).toHaveText(transports[0] === 'polling' ? 'xhr poll error' : 'websocket error');
      await expect(lines(visitor)).toHaveText([]);
    }
    const raw = await visitor.evaluate(
      (address) => new Promise((closed) => (new WebSocket(address).onclose = ({ code, wasClean }) => closed({ code, wasClean }))),
      `${server.wsUrl}/api/v1/ws?token=${alice.token}`,
    );
    expect(raw).toEqual({ code: 1006, wasClean: false });
  } finally {
    await foreign.stop();
  }
});
