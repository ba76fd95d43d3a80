// Builds everything under target/site: the pages' WebAssembly with its JavaScript, the style and the files of public/.
// `--dev` leaves out optimising and compressing. What did not change is not written again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dev = process.argv.includes('--dev');
const profile = dev ? 'dev' : 'wasm-release';
const built = `target/wasm32-unknown-unknown/${dev ? 'debug' : profile}/frontend.wasm`;
const scratch = `target/site-build/${profile}`;
const site = 'target/site';

const WASM_OPT = [
  '-Oz',
  // What rustc emits for wasm32-unknown-unknown.
  '--enable-bulk-memory',
  '--enable-multivalue',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-reference-types',
  '--enable-sign-ext',
];

const run = (program, ...args) => execFileSync(program, args, { stdio: 'inherit' });

run('cargo', 'build', '--locked', '--package', 'frontend', '--lib', '--target', 'wasm32-unknown-unknown', '--profile', profile);
bindgen();
const files = new Map([...filesUnder(`${scratch}/pkg`, 'pkg'), ...filesUnder('public', '')]);
files.set('pkg/hubbub.css', style());
compress(files);
publish(files);
report();

// JavaScript and optimised WebAssembly from what cargo built; skipped when that and this script are as they were.
function bindgen() {
  const stamp = `${scratch}/stamp`;
  const now = createHash('sha256').update(readFileSync(built)).update(readFileSync(import.meta.filename)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const strip = dev ? [] : ['--remove-name-section', '--remove-producers-section'];
  run('wasm-bindgen', built, '--target', 'web', '--no-typescript', '--out-dir', `${scratch}/pkg`, '--out-name', 'hubbub', ...strip);
  // With LEPTOS_OUTPUT_NAME set at compile time the pages ask for hubbub.wasm, as cargo-leptos names it.
  const raw = `${scratch}/pkg/hubbub_bg.wasm`;
  if (dev) writeFileSync(`${scratch}/pkg/hubbub.wasm`, readFileSync(raw));
  else run('wasm-opt', ...WASM_OPT, raw, '--output', `${scratch}/pkg/hubbub.wasm`);
  rmSync(raw);
  writeFileSync(stamp, now);
}

function style() {
  const form = dev ? ['--style=expanded', '--embed-source-map'] : ['--style=compressed', '--no-source-map'];
  return execFileSync('sass', ['--no-error-css', ...form, 'style/main.scss']);
}

function filesUnder(folder, prefix) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [join(prefix, path.slice(folder.length + 1)), readFileSync(path)]);
}

// The server prefers `name.br` and `name.gz` beside a file, for clients that take them.
function compress(files) {
  if (dev) return;
  for (const [name, content] of [...files]) {
    if (!/\.(css|html|js|json|svg|txt|wasm|webmanifest)$/.test(name)) continue;
    const known = unchanged(name, content);
    const hint = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    files.set(`${name}.br`, known?.br ?? brotliCompressSync(content, { params: hint }));
    files.set(`${name}.gz`, known?.gz ?? gzipSync(content, { level: 9 }));
  }
}

// The compressed forms that were published with this very content.
function unchanged(name, content) {
  const path = join(site, name);
  if (![path, `${path}.br`, `${path}.gz`].every((it) => existsSync(it)) || !readFileSync(path).equals(content)) return undefined;
  return { br: readFileSync(`${path}.br`), gz: readFileSync(`${path}.gz`) };
}

// Makes target/site hold exactly these files.
function publish(files) {
  for (const [name, content] of files) {
    const path = join(site, name);
    if (existsSync(path) && readFileSync(path).equals(content)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  for (const [name] of filesUnder(site, '')) {
    if (!files.has(name)) rmSync(join(site, name));
  }
}

function report() {
  const size = (name) => (files.has(name) ? `${(files.get(name).length / 1024).toFixed(1)} KiB` : '–');
  for (const name of ['pkg/hubbub.wasm', 'pkg/hubbub.js', 'pkg/hubbub.css']) {
    console.log(`  ${name.padEnd(16)} ${size(name).padStart(12)}   brotli ${size(`${name}.br`).padStart(10)}   gzip ${size(`${name}.gz`).padStart(10)}`);
  }
}
