// What `cargo leptos end-to-end` runs: every page of the server that cargo-leptos started comes to life. `make test` runs
// the browser tests themselves, each with servers of its own.
import { defineConfig } from '@playwright/test';
import config from './playwright.config';

export default defineConfig({
  ...config,
  // WebAssembly in debug form is large.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  projects: [{ ...config.projects?.[0], name: 'alive', testDir: 'alive' }],
});
