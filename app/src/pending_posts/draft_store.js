// What this browser keeps of a user between two visits: posts that the server has not acknowledged, and texts that were
// not finished. Stores, keys and columns are those of version 0.1.0: what an older page has written stays readable. IndexedDB, because it is shared by all tabs and outlives them. Every call ends, with an error at worst.

/** How long IndexedDB may take. Some browsers never answer when storage is forbidden. */
const PATIENCE_MS = 3_000;

let opening;

function open() {
  opening ??= new Promise((done, failed) => {
    const request = indexedDB.open('hubbub', 1);
    request.onupgradeneeded = () => {
      const posts = request.result.createObjectStore('posts', { keyPath: 'order', autoIncrement: true });
      posts.createIndex('account', 'account');
      posts.createIndex('draft', ['account', 'draft'], { unique: true });
      request.result.createObjectStore('texts');
    };
    request.onsuccess = () => {
      const base = request.result;
      // Another tab has a newer page, or the user cleared the storage.
      base.onversionchange = () => base.close();
      base.onclose = () => (opening = undefined);
      done(base);
    };
    request.onerror = () => failed(request.error);
  }).catch((error) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

/** Runs `act` on a store in a transaction of its own, in the order of the calls. Returns what its request returned. */
function within(name, mode, act) {
  const work = async () => {
    const base = await open();
    return new Promise((done, failed) => {
      const transaction = base.transaction(name, mode);
      const request = act(transaction.objectStore(name));
      transaction.oncomplete = () => done(request?.result);
      transaction.onabort = () => failed(transaction.error);
    });
  };
  const late = new Promise((_, failed) => setTimeout(failed, PATIENCE_MS, new Error('IndexedDB does not answer')));
  return Promise.race([work(), late]);
}

/** Calls `act` with the post that has this draft id, if there is one, and the store. */
function change(account, draft, act) {
  return within('posts', 'readwrite', (posts) => {
    const request = posts.index('draft').get([account, draft]);
    request.onsuccess = () => act(posts, request.result);
  });
}

/** Saves a post as the last one; the same draft is saved once. Returns its order. */
export async function savePost(account, room, draft, body, at_ms) {
  let added;
  await change(account, draft, (posts, known) => {
    if (known) posts.delete(known.order);
    added = posts.add({ account, room, draft, body, at_ms });
  });
  return added.result;
}

/** Every post of this account, in order, as JSON. */
export async function loadPosts(account) {
  const posts = await within('posts', 'readonly', (store) => store.index('account').getAll(account));
  return JSON.stringify(posts.sort((one, other) => one.order - other.order));
}

export function removePost(account, draft) {
  return change(account, draft, (posts, known) => known && posts.delete(known.order));
}

/** Notes why a post will not be sent by itself any more. */
export function failPost(account, draft, reason) {
  return change(account, draft, (posts, known) => known && posts.put({ ...known, reason }));
}

/** Texts that are not written yet. */
const texts = new Map();
let isWriting = false;

/** Saves an unfinished text; none once it is empty. */
export function saveText(account, room, text) {
  texts.set(`${account} ${room}`, text);
  void write();
}

export async function loadText(account, room) {
  const key = `${account} ${room}`;
  return texts.get(key) ?? (await within('texts', 'readonly', (store) => store.get(key))) ?? '';
}

/**
 * One write at a time, with whatever was typed during the one before. A pause would lose what a reload interrupts. What
 * cannot be written stays in memory, for as long as the tab is there, and is tried again with the next key.
 */
async function write() {
  if (isWriting) return;
  isWriting = true;
  try {
    while (texts.size) {
      const all = [...texts];
      await within('texts', 'readwrite', (store) => all.forEach(([key, text]) => (text ? store.put(text, key) : store.delete(key))));
      for (const [key, text] of all) if (texts.get(key) === text) texts.delete(key);
    }
  } catch (error) {
    console.warn('a text is kept in this tab only:', error);
  }
  isWriting = false;
}
