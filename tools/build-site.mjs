// Builds everything under target/site, as cargo-leptos lays it out (Cargo.toml, `workspace.metadata.leptos`) but without it:
// the pages' WebAssembly with its JavaScript, the style sheet, and the files of public/. Beside that, what cargo-leptos does
// not make: a second bundle and the client library of Socket.IO. What did not change is not written again.
//
// `build-site.mjs trial` builds the same under target/trial/site in half the time, for `make run`: one larger bundle.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { clientLibrary } from './client-library.mjs';

const form = process.argv[2] ?? 'release';
const isTrial = form === 'trial';
const profile = `wasm-${form}`;
const linked = `target/wasm32-unknown-unknown/${profile}/frontend.wasm`;
const scratch = isTrial ? 'target/trial/site-build' : 'target/site-build';
const site = isTrial ? 'target/trial/site' : 'target/site';
/** Where components of Leptos look for the hashes: beside the program. */
const hashFile = `target/${form}/hash.txt`;

// The main bundle has the rooms and their live sessions, which everybody loads; the other one has all pages, as the bundle
// of cargo-leptos has. The server asks for the second one where there is one (server/src/gateway/pages/site_files.rs).
const MAIN = 'hubbub';
const BUNDLES = isTrial
  ? [[MAIN, []]]
  : [
      [MAIN, ['--no-default-features']],
      ['hubbub-tools', []],
    ];

const SMALLEST = [
  // What travels is the compressed form. A large function that is put into its only caller takes new numbers for its
  // locals and is not like any other code any more: 16 kB more of brotli for the rooms, though less before that.
  '--one-caller-inline-max-function-size=20',
  // Over code without nesting, twice: 6 kB less of 622.
  '--flatten',
  '--rereloop',
  '-Oz',
  '--flatten',
  '--rereloop',
  '-Oz',
  '-Oz',
];

const WASM_OPT = [
  ...(isTrial ? ['-O1'] : SMALLEST),
  // What rustc emits for wasm32-unknown-unknown.
  '--enable-bulk-memory',
  '--enable-multivalue',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-reference-types',
  '--enable-sign-ext',
];

const run = (program, ...args) => execFileSync(program, args, { stdio: 'inherit' });

const files = new Map([...filesUnder('public'), ...clientLibrary()]);
const hashes = new Map();
for (const [name, features] of BUNDLES) {
  for (const [kind, content] of bundle(name, features)) put(name, kind, content);
}
put(MAIN, 'css', style());
compress(files);
publish(files);
mkdirSync(dirname(hashFile), { recursive: true });
writeFileSync(hashFile, ['js', 'wasm', 'css'].map((kind) => `${kind}: ${hashes.get(`${MAIN}.${kind}`)}\n`).join(''));
report();

// JavaScript and WebAssembly.
function bundle(name, features) {
  // With the flags of `.cargo/config.toml` alone, as cargo-leptos builds, so that both have the same build cache.
  run('cargo', 'build', '--locked', '--package', 'frontend', '--lib', '--target', 'wasm32-unknown-unknown', '--profile', profile, ...features);
  const module = readFileSync(linked);
  const made = join(scratch, name);
  if (!isAsBefore(made, module)) bindgen(module, made, name);
  return ['js', 'wasm'].map((kind) => [kind, readFileSync(join(made, `${name}.${kind}`))]);
}

// Whether this module was the last one that `bindgen` was given, by this very script.
function isAsBefore(made, module) {
  const stamp = join(made, 'stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(module);
}

function fingerprint(module) {
  return createHash('sha256').update(module).update(readFileSync(import.meta.filename)).digest('hex');
}

function bindgen(module, made, name) {
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  run('.tools/target/debug/bindgen', linked, made, name);
  run('wasm-opt', ...WASM_OPT, join(made, `${name}_bg.wasm`), '--output', join(made, `${name}.wasm`));
  // One file, without what only people read: 6 kB less, and three requests before the page lives.
  const script = join(made, `${name}.js`);
  run('esbuild', script, '--bundle', '--minify', '--format=esm', '--log-level=error', `--outfile=${script}`, '--allow-overwrite');
  writeFileSync(join(made, 'stamp'), fingerprint(module));
}

function style() {
  return execFileSync('sass', ['--no-error-css', '--style=compressed', '--no-source-map', 'style/main.scss']);
}

// Under the name that cargo-leptos would give it: with the MD5 of the content.
function put(name, kind, content) {
  const hash = createHash('md5').update(content).digest('base64url');
  hashes.set(`${name}.${kind}`, hash);
  files.set(`pkg/${name}.${hash}.${kind}`, content);
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(folder.length + 1), readFileSync(path)]);
}

// The server prefers `name.br` and `name.gz` beside a file, for clients that take them.
function compress(files) {
  for (const [name, content] of [...files]) {
    if (!/\.(css|html|js|json|svg|txt|wasm|webmanifest)$/.test(name)) continue;
    const known = unchanged(name, content);
    const hint = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length, [constants.BROTLI_PARAM_QUALITY]: isTrial ? 5 : 11 };
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
  for (const [name] of filesUnder(site)) {
    if (!files.has(name)) rmSync(join(site, name));
  }
}

function report() {
  const size = (name) => (files.has(name) ? `${(files.get(name).length / 1024).toFixed(1)} KiB` : '–');
  for (const name of [...files.keys()].filter((it) => /^pkg\/.*\.(wasm|js|css)$/.test(it)).sort()) {
    console.log(`  ${name.padEnd(50)} ${size(name).padStart(12)}   brotli ${size(`${name}.br`).padStart(10)}   gzip ${size(`${name}.gz`).padStart(10)}`);
  }
}
