// The tabs of one person in one browser. The one that holds a web lock leads: it has the connection, the others hear
// from it over a channel. When it is gone, however that came about, the browser gives the lock to the next.

/**
 * The version of what tabs say to each other. It is part of the names of the channel and of the lock: tabs of another
 * version neither hear these nor wait for them, and have a connection of their own. Raise it when a message changes.
 */
const PROTOCOL = 3;

/** How often a tab in view asks whether the leading one still answers, and after how long it gives up on it. */
const ASK_MS = 4_000;
const SILENT_MS = 12_000;

const me = Math.random().toString(36).slice(2);
let channel;
let leads = false;
/** Whether there is certainly no other tab that would hear this one. */
let alone = false;
/** How many words of other tabs were heard. */
let words = 0;
let end = () => {};
let watchTab = () => {};

/** Any page of this origin can say anything here. */
const isMessage = (data) => Array.isArray(data) && data.length === 5 && data.every((it) => typeof it === 'string');

/** Whether this browser has what it takes; over plain HTTP there are no locks. */
export const canMeet = () => 'locks' in navigator && 'BroadcastChannel' in globalThis;

/**
 * Meets the other tabs of an account. `hear(kind, from, text, room)` is called with what they say, with `lead` once
 * this tab leads, and with `silent` when the leading one does not answer any more.
 */
export function meet(account, hear) {
  const name = `hubbub tabs/${PROTOCOL} ${account}`;
  // It may have met them before, and left.
  leads = false;
  alone = false;
  words = 0;
  let heard = Date.now();
  let silent = false;
  let counted = -1;
  /** Every other tab says hello and then waits for the lock: after a time without words there is one if one waits. */
  const count = async () => {
    const { pending } = await navigator.locks.query();
    alone = words === counted && !pending.some((it) => it.name === name);
  };
  channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => {
    if (!isMessage(data)) return;
    const [kind, to, from, text, room] = data;
    words += 1;
    alone = false;
    if (to && to !== me) return;
    if (kind === 'ask') {
      if (leads) tell('here', from, '', '');
      return;
    }
    heard = Date.now();
    if (silent) {
      // Whatever was said meanwhile is lost: begin anew.
      silent = false;
      tell('hello', '', '', '');
    }
    if (kind !== 'here') hear(kind, from, text, room);
  };
  const watch = setInterval(() => {
    if (leads && !alone && words === counted) count();
    counted = words;
    if (leads || silent || document.visibilityState !== 'visible') return;
    const quiet = Date.now() - heard;
    if (quiet > SILENT_MS + ASK_MS) {
      // This tab itself was asleep: give the other one the time to answer.
      heard = Date.now() - SILENT_MS + ASK_MS;
    } else if (quiet > SILENT_MS) {
      silent = true;
      hear('silent', '', '', '');
    }
    if (quiet > ASK_MS) tell('ask', '', '', '');
  }, ASK_MS);
  const over = new AbortController();
  const lock = (what, call) =>
    navigator.locks
      .request(what, { signal: over.signal }, call)
      .catch((error) => error.name === 'AbortError' || console.warn('no lock for the connection:', error));
  const held = new Promise((done) => {
    end = () => {
      clearInterval(watch);
      over.abort();
      done();
      channel.close();
    };
  });
  lock(name, () => {
    if (over.signal.aborted) return undefined;
    leads = true;
    counted = 0;
    if (words === 0) count();
    hear('lead', '', '', '');
    return held;
  });
  // Each tab holds a lock of its own for as long as it lives, however it ends.
  const own = (tab) => `${name} tab ${tab}`;
  lock(own(me), () => held);
  const watched = new Set();
  watchTab = (tab) => {
    if (watched.has(tab)) return;
    watched.add(tab);
    lock(own(tab), () => over.signal.aborted || hear('closed', tab, '', ''));
  };
  tell('hello', '', '', '');
}

/** Whether what is said to all others is said to nobody. */
export const isAlone = () => alone;

/** Says something to the tab `to`, or to all others. */
export function tell(kind, to, text, room) {
  channel.postMessage([kind, to, me, text, room]);
}

/** Hears `closed` once this tab is gone. */
export const watch = (tab) => watchTab(tab);

/** Leaves the others alone. */
export const part = () => end();
