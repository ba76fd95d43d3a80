// Pages for whoever has no network: the copy of a room as it was last seen, with the files that bring it to life.
//
// The network comes first, always; a copy is only for when nothing answers. Copies are private: they go when somebody
// signs out. One copy of the files, of the build that made the pages: an older page with newer scripts would not fit.
const PREFIX = 'hubbub ';
/** Rooms that are kept; beyond it those go that were not seen for longest. */
const MAX_PAGES = 30;
/** The server names its build in this header. */
const BUILD = 'hubbub-build';
/** Answers of a proxy whose server does not answer. */
const AWAY = [502, 503, 504];

/** The page that came last has a place for its files. Should that fail, keeping the page says why. */
let shelved = Promise.resolve();

const isPage = (path) => path === '/' || path.startsWith('/rooms/');
const isFile = (path) => path.startsWith('/pkg/') || ['/favicon.svg', '/manifest.webmanifest'].includes(path);

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === 'POST' && pathname === '/sign-out') event.waitUntil(forget());
  if (request.method !== 'GET') return;
  if (request.mode !== 'navigate') {
    if (isFile(pathname)) event.respondWith(file(event, pathname));
  } else if (isPage(pathname)) {
    event.respondWith(page(event, pathname));
  } else if (pathname === '/sign-in') {
    event.respondWith(signIn(event));
  }
});

// A page that lives tells what it shows, because it came without this worker or changed since.
addEventListener('message', (event) => event.waitUntil(refresh(event.data)));

async function page(event, path) {
  try {
    const answer = await fetch(event.request);
    if (AWAY.includes(answer.status)) return (await find(path)) ?? answer;
    shelved = shelf(answer).catch(() => undefined);
    event.waitUntil(keepPage(path, answer.clone()));
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
    if (answer.ok) event.waitUntil(keepFile(path, answer.clone()));
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
  try {
    const answer = await fetch(path, { redirect: 'manual' });
    // The page last: where there is one, it can come to life.
    if (await shelf(answer)) await Promise.all(files.map(async (file) => keepFile(file, await fetch(file))));
    await keepPage(path, answer);
  } catch {
    // No network: the copy that is there is the best there is.
  }
}

async function keepPage(path, answer) {
  // A page of somebody who is signed in leads nowhere else.
  if (answer.type === 'opaqueredirect') return forget();
  const copies = await shelf(answer);
  if (!copies) return;
  // Taken out first, because a copy that is replaced keeps its place in the order.
  await copies.delete(path);
  await copies.put(path, answer);
  const pages = (await copies.keys()).filter(({ url }) => isPage(new URL(url).pathname));
  for (const oldest of pages.slice(0, -MAX_PAGES)) await copies.delete(oldest);
}

/** Where copies of this page's build are; those of others go. */
async function shelf(page) {
  const build = page.headers.get(BUILD);
  if (!page.ok || !build) return undefined;
  const name = PREFIX + build;
  for (const other of await caches.keys()) if (other !== name && other.startsWith(PREFIX)) await caches.delete(other);
  return caches.open(name);
}

async function keepFile(path, answer) {
  // Only beside pages of the same build.
  await shelved;
  const name = PREFIX + answer.headers.get(BUILD);
  if (answer.ok && (await caches.has(name))) await (await caches.open(name)).put(path, answer);
}

async function find(path) {
  for (const name of await caches.keys()) {
    const copy = name.startsWith(PREFIX) && (await (await caches.open(name)).match(path, { ignoreVary: true }));
    if (copy) return copy;
  }
  return undefined;
}

async function forget() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX)) await caches.delete(name);
}
