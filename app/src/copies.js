// Asks the service worker (public/sw.js) for a copy of what this page shows, for a reload without network.

/** After something new, and between two copies that something new brings about. A hidden page is copied at once. */
const SOON_MS = 2_000;
const APART_MS = 120_000;

let last = 0;
let timer;
let isStale = false;

/** Registers the worker, once this page lives. */
export function startCopies() {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker
    .register('/sw.js')
    .then(() => isFromWorker() || copy())
    .catch((error) => console.warn('there will be no copies for times without network:', error));
  addEventListener('visibilitychange', () => document.hidden && isStale && copy());
  // The worker sees it, too, unless the page was loaded past it.
  addEventListener('submit', ({ target }) => new URL(target.action).pathname === '/sign-out' && dropCopies());
}

/** Whether the worker saw this page come. It may have taken the page over since. */
const isFromWorker = () => performance.getEntriesByType('navigation').some(({ workerStart }) => workerStart > 0);

/** Something changed on this page; `turned`: it shows another room. */
export function noteChange(turned) {
  if (!('serviceWorker' in navigator)) return;
  isStale = true;
  if (turned) copy();
  else timer ??= setTimeout(copy, Math.max(SOON_MS, last + APART_MS - Date.now()));
}

/** Nobody is signed in here any more. */
export async function dropCopies() {
  clearTimeout(timer);
  // The worker may be about to keep a page that it asked for before.
  navigator.serviceWorker?.controller?.postMessage({ ended: true });
  if (!('caches' in globalThis)) return;
  for (const name of await caches.keys()) if (name.startsWith('hubbub ')) await caches.delete(name);
}

async function copy() {
  clearTimeout(timer);
  timer = undefined;
  last = Date.now();
  isStale = false;
  const { active } = await navigator.serviceWorker.ready;
  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  const files = loaded.filter(({ origin }) => origin === location.origin).map(({ pathname }) => pathname);
  const ours = files.filter((path) => /^\/(pkg\/|favicon|manifest)/.test(path));
  active?.postMessage({ path: location.pathname, files: [...new Set(ours)] });
}
