import { existsSync } from 'node:fs';
import { defineConfig, devices } from '@playwright/test';

const desktop = { ...devices['Desktop Chrome'], viewport: { width: 1280, height: 800 } };

// The headless shell draws no windows: the tests take half the time with it.
const browsers = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

export default defineConfig({
  outputDir: '../test-results',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes at the second try is a bug report, not a success.
  retries: 0,
  workers: 2,
  timeout: 60_000,
  // Generous: it is only waited for when something is wrong, or when the machine is busy.
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    // A trace takes a picture of the document before and after each step, which doubles the time of the whole run. To look
    // at a failure: playwright test --trace retain-on-failure.
    trace: 'off',
    screenshot: 'only-on-failure',
    locale: 'en-GB',
    timezoneId: 'UTC',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? browsers.find((path) => existsSync(path)),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: process.env.HUBBUB_SCREENSHOTS
    ? [{ name: 'screenshots', testDir: 'tests', testMatch: 'screenshots.ts', use: desktop }]
    : process.env.HUBBUB_BENCH
    ? [{ name: 'bench', testDir: 'bench', testMatch: '*.ts', use: { ...desktop, screenshot: 'off' } }]
    : [
        { name: 'chromium', testDir: 'tests', use: desktop },
        // Other people's clients, most of them without a browser.
        { name: 'dialects', testDir: 'dialects', use: desktop },
      ],
});
