// What each file of a page may weigh. The budget keeps a careless dependency from slowing everybody's first page; what a
// whole visit weighs is in end2end/tests/first-visit.spec.ts.
import { readFileSync } from 'node:fs';

// Bytes. Raise one only together with the reason why the pages need it.
const BUDGET = [
  // Views, effects, actions and lists as Leptos writes them: 45 kB br of the rooms.
  // More than the others: it reads sessions, jobs and direct messages from the wire, and shows notifications; it keeps
  // what is not sent (9 kB br with the tabs that share a connection), so that nobody loses a line. It opens a room at the
  // first unread message, keeps the reader's place and selection, finds links and blank text by Unicode's tables, and comes
  // to life in a page that was edited on its way (together 18 kB br).
  ['pkg/hubbub.wasm', 965_000],
  ['pkg/hubbub.wasm.br', 257_000],
  // With what WebAssembly would need more room for: IndexedDB, the other tabs, copies for times without network.
  ['pkg/hubbub.js.br', 9_300],
  ['pkg/hubbub-live.wasm', 880_000],
  ['pkg/hubbub-live.wasm.br', 239_000],
  ['pkg/hubbub-live.js.br', 9_000],
  // What is called once is written out where it is called: more bytes, of which fewer are sent.
  ['pkg/hubbub-devtools.wasm', 740_000],
  ['pkg/hubbub-devtools.wasm.br', 215_000],
  ['pkg/hubbub-devtools.js.br', 8_500],
  ['pkg/hubbub-test.wasm', 655_000],
  ['pkg/hubbub-test.wasm.br', 186_000],
  ['pkg/hubbub-test.js.br', 8_500],
  // Names in the rail of a tablet, notes of one line on a phone, pages on paper.
  ['pkg/hubbub.css.br', 9_000],
  ['sw.js.br', 2_000],
];

let over = 0;
for (const [name, limit] of BUDGET) {
  const size = readFileSync(`target/site/${name}`).length;
  const verdict = size <= limit ? 'fits' : 'TOO BIG';
  if (size > limit) over += 1;
  console.log(`  ${name.padEnd(27)} ${String(size).padStart(8)} of ${String(limit).padStart(8)} bytes  ${verdict}`);
}
process.exitCode = over === 0 ? 0 : 1;
