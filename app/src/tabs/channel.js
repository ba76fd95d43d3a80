// The tabs of one user in one browser. The one that holds a web lock leads: it has the connection, the others hear from it
// over a channel. When it is gone, however that came about, the browser gives the lock to the next.

/**
 * The version of what tabs send to each other. It is part of the names of the channel and of the lock: tabs of another
 * version neither hear these nor wait for them, and have a connection of their own. Raise it when a message changes.
 */
const PROTOCOL = 3;

/** How often a tab in view asks whether the leader still answers, and after how long it gives up on it. */
const ASK_MS = 4_000;
const SILENT_MS = 12_000;

/** The question, and the answer to it. Every other text is a message of `message.rs`, which is an object of JSON. */
const ASK = 'ask';
const HERE = 'here';

const me = Math.random().toString(36).slice(2);
let channel;
let leads = false;
/** Whether there is certainly no other tab that would hear this one. */
let alone = false;
/** How many messages of other tabs were received. */
let received = 0;
let end = () => {};
let watch = () => {};

/** Any page of this origin can send anything here. */
const isMessage = (data) => Array.isArray(data) && data.length === 3 && data.every((it) => typeof it === 'string');

/** Whether this browser has what it takes; over plain HTTP there are no locks. */
export const isSupported = () => 'locks' in navigator && 'BroadcastChannel' in globalThis;

/**
 * Opens the channel of an account and sends `hello`, now and when something was missed. `onMessage(from, text)` is called
 * for each message, `onLead()` once this tab leads, `onSilence()` when the leader does not answer any more, and
 * `onClosed(tab)` once a tab that is watched is gone.
 */
export function openChannel(account, hello, onMessage, onLead, onSilence, onClosed) {
  const name = `hubbub tabs/${PROTOCOL} ${account}`;
  // The page may have had a channel before.
  leads = false;
  alone = false;
  received = 0;
  let heard = Date.now();
  let silent = false;
  let counted = -1;
  /** Every other tab says hello and then waits for the lock: after a time without messages there is one if one waits. */
  const count = async () => {
    const { pending } = await navigator.locks.query();
    alone = received === counted && !pending.some((it) => it.name === name);
  };
  channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => {
    if (!isMessage(data)) return;
    const [to, from, text] = data;
    received += 1;
    alone = false;
    if (to && to !== me) return;
    if (text === ASK) {
      if (leads) sendMessage(from, HERE);
      return;
    }
    heard = Date.now();
    if (silent) {
      // Whatever was sent meanwhile is lost: begin anew.
      silent = false;
      sendMessage('', hello);
    }
    if (text !== HERE) onMessage(from, text);
  };
  const timer = setInterval(() => {
    if (leads && !alone && received === counted) count();
    counted = received;
    if (leads || silent || document.visibilityState !== 'visible') return;
    const quiet = Date.now() - heard;
    if (quiet > SILENT_MS + ASK_MS) {
      // This tab itself was asleep: give the other one the time to answer.
      heard = Date.now() - SILENT_MS + ASK_MS;
    } else if (quiet > SILENT_MS) {
      silent = true;
      onSilence();
    }
    if (quiet > ASK_MS) sendMessage('', ASK);
  }, ASK_MS);
  const over = new AbortController();
  const lock = (what, call) =>
    navigator.locks
      .request(what, { signal: over.signal }, call)
      .catch((error) => error.name === 'AbortError' || console.warn('no lock for the connection:', error));
  const held = new Promise((done) => {
    end = () => {
      clearInterval(timer);
      over.abort();
      done();
      channel.close();
    };
  });
  lock(name, () => {
    if (over.signal.aborted) return undefined;
    leads = true;
    counted = 0;
    if (received === 0) count();
    onLead();
    return held;
  });
  // Each tab holds a lock of its own for as long as it lives, however it ends.
  const own = (tab) => `${name} tab ${tab}`;
  lock(own(me), () => held);
  const watched = new Set();
  watch = (tab) => {
    if (watched.has(tab)) return;
    watched.add(tab);
    lock(own(tab), () => {
      watched.delete(tab);
      if (!over.signal.aborted) onClosed(tab);
    });
  };
  sendMessage('', hello);
}

/** Whether what is sent to all others is sent to nobody. */
export const isAlone = () => alone;

/** Sends a text to the tab `to`, or to all others. */
export function sendMessage(to, text) {
  channel.postMessage([to, me, text]);
}

/** Has `onClosed` called once the tab is gone. */
export const watchTab = (tab) => watch(tab);

/** Leaves the others alone. */
export const closeChannel = () => end();
