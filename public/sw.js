// Pages for whoever has no network: the copy of a room as it was last seen, with the files that bring it to life.
//
// The network comes first, always; a copy is only for when nothing answers. Which pages are copied, the server says: it names
// a sign-in with them. Copies are private: they belong to that sign-in and go when it ends, or when a page of another one
// comes. One copy of the files, of the build that made the pages. A file has a hash of its content in its name, so a page
// finds its own or none.
const PREFIX = 'hubbub ';
/** Rooms that are kept; beyond it those go that were not seen for longest. */
const MAX_PAGES = 30;
/** The server names its build in this header. */
const BUILD = 'hubbub-build';
/** And, for a page that may be kept, the sign-in that it was made for, with the millisecond at which that ends. */
const SIGN_IN = 'hubbub-sign-in';
/** Ways in and out: whoever is in afterwards is another one. */
const DOORS = ['/sign-in', '/register', '/sign-out'];
/** Answers of a proxy whose server does not answer. */
const AWAY = [502, 503, 504];

/** The page that came last has a place for its files. Should that fail, keeping the page says why. */
let shelved = Promise.resolve();
/** How often everything was forgotten. What was asked for before is not kept after it. */
let forgotten = 0;

const isFile = (path) => path.startsWith('/pkg/') || ['/favicon.svg', '/manifest.webmanifest'].includes(path);

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === 'POST' && DOORS.includes(pathname)) event.waitUntil(forget());
  if (request.method !== 'GET') return;
  if (request.mode !== 'navigate') {
    if (isFile(pathname)) event.respondWith(file(event, pathname));
  } else if (pathname === '/sign-in') {
    event.respondWith(signIn(event));
  } else if (!DOORS.includes(pathname)) {
    event.respondWith(page(event, pathname));
  }
});

// A page that lives tells what it shows, because it came without this worker or changed since; or that its sign-in has ended.
addEventListener('message', (event) => event.waitUntil(event.data.ended ? forget() : refresh(event.data)));

async function page(event, path) {
  const since = forgotten;
  try {
    const answer = await fetch(event.request);
    if (AWAY.includes(answer.status)) return (await find(path)) ?? answer;
    shelved = shelf(answer, since).catch(() => undefined);
    event.waitUntil(keepPage(path, answer.clone(), since));
    return answer;
  } catch (error) {
    const copy = await find(path);
    if (copy) return copy;
    throw error;
  }
}

async function file(event, path) {
  try {
    const answer = await fetch(event.request);
    // After an upgrade, a page that came from the copies finds its files only here.
    if (!answer.ok) return (await find(path)) ?? answer;
    event.waitUntil(keepFile(path, answer.clone()));
    return answer;
  } catch (error) {
    const copy = await find(path);
    if (copy) return copy;
    throw error;
  }
}

/** Who is asked to sign in is not signed in any more. */
async function signIn(event) {
  const answer = await fetch(event.request);
  if (answer.ok) await forget();
  return answer;
}

async function refresh({ path, files }) {
  const since = forgotten;
  try {
    const answer = await fetch(path, { redirect: 'manual' });
    // It lives at this address, so it leads elsewhere only if its sign-in has ended.
    if (answer.type === 'opaqueredirect') return await forget();
    // The page last: where there is one, it can come to life.
    if (await shelf(answer, since)) await Promise.all(files.map(async (file) => keepFile(file, await fetch(file))));
    await keepPage(path, answer, since);
  } catch {
    // No network: the copy that is there is the best there is.
  }
}

async function keepPage(path, answer, since) {
  // A page that was kept leads nowhere else while its owner is signed in.
  if (answer.type === 'opaqueredirect') return (await find(path)) ? forget() : undefined;
  const copies = await shelf(answer, since);
  if (!copies) return;
  // Taken out first, because a copy that is replaced keeps its place in the order.
  await copies.delete(path);
  await copies.put(path, answer);
  const pages = (await copies.keys()).filter(({ url }) => !isFile(new URL(url).pathname));
  for (const oldest of pages.slice(0, -MAX_PAGES)) await copies.delete(oldest);
}

/** Where copies of this page's build and sign-in are; those of others go. */
async function shelf(page, since) {
  const build = page.headers.get(BUILD);
  const [signIn] = (page.headers.get(SIGN_IN) ?? '').split(' ');
  if (!page.ok || !build || !signIn) return undefined;
  const name = `${PREFIX}${build} ${signIn}`;
  for (const other of await caches.keys()) if (other !== name && other.startsWith(PREFIX)) await caches.delete(other);
  const copies = await caches.open(name);
  if (since === forgotten) return copies;
  // The sign-in ended while this page was on its way.
  await caches.delete(name);
  return undefined;
}

async function keepFile(path, answer) {
  // Beside the page that came last: its own header may be years old, because the browser keeps files for good.
  await shelved;
  const name = (await caches.keys()).find((it) => it.startsWith(PREFIX));
  if (answer.ok && name) await (await caches.open(name)).put(path, answer);
}

async function find(path) {
  for (const name of await caches.keys()) {
    const copy = name.startsWith(PREFIX) && (await (await caches.open(name)).match(path, { ignoreVary: true }));
    if (!copy) continue;
    const [, end] = (copy.headers.get(SIGN_IN) ?? '').split(' ');
    if (!end || Date.now() < Number(end)) return copy;
    // Nobody answers who could say so, but the sign-in has ended by itself.
    await forget();
  }
  return undefined;
}

async function forget() {
  forgotten += 1;
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
}
