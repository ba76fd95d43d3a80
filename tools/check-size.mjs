// What a first visit may weigh. The budget keeps a careless dependency from slowing everybody's first page.
import { readdirSync, readFileSync } from 'node:fs';

// Bytes. Raise one only together with the reason why the pages need it.
const BUDGET = [
  // More than the others: it reads sessions, jobs and direct messages from the wire, and shows notifications; it keeps
  // what is not sent (9 kB br with the tabs that share a connection), so that nobody loses a line.
  ['pkg/hubbub.wasm', 660_000],
  ['pkg/hubbub.wasm.br', 200_000],
  ['pkg/hubbub.js.br', 15_000],
  ['pkg/hubbub-live.wasm', 630_000],
  ['pkg/hubbub-live.wasm.br', 190_000],
  ['pkg/hubbub-live.js.br', 15_000],
  ['pkg/hubbub-devtools.wasm', 610_000],
  ['pkg/hubbub-devtools.wasm.br', 190_000],
  ['pkg/hubbub-devtools.js.br', 15_000],
  ['pkg/hubbub-test.wasm', 520_000],
  ['pkg/hubbub-test.wasm.br', 160_000],
  ['pkg/hubbub-test.js.br', 15_000],
  ['pkg/hubbub.css.br', 15_000],
  // What WebAssembly would need more room for: IndexedDB, the other tabs, copies for times without network.
  ['pkg/snippets/', 4_000],
  ['sw.js.br', 2_000],
];

let over = 0;
for (const [name, limit] of BUDGET) {
  const size = name.endsWith('/') ? packed(name) : readFileSync(`target/site/${name}`).length;
  const verdict = size <= limit ? 'fits' : 'TOO BIG';
  if (size > limit) over += 1;
  console.log(`  ${name.padEnd(27)} ${String(size).padStart(8)} of ${String(limit).padStart(8)} bytes  ${verdict}`);
}
process.exitCode = over === 0 ? 0 : 1;

// Everything in a folder, as it travels.
function packed(folder) {
  const names = readdirSync(`target/site/${folder}`, { recursive: true }).filter((it) => it.endsWith('.br'));
  return names.reduce((sum, it) => sum + readFileSync(`target/site/${folder}${it}`).length, 0);
}
