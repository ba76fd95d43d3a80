// The devtools page, by role and name.
import type { Locator, Page } from '@playwright/test';
import { hydrated } from './room';

export interface Plan {
  duration: number;
  frequency: number;
  prefix?: string;
  failureRate?: number;
}

export class DevtoolsPage {
  readonly outcome: Locator;
  readonly progress: Locator;
  readonly frames: Locator;
  readonly rows: Locator;
  readonly filter: Locator;

  constructor(readonly page: Page) {
    this.outcome = page.getByRole('status', { name: 'Simulation' });
    this.progress = page.getByRole('progressbar', { name: 'Simulation progress' });
    this.frames = page.getByRole('table', { name: 'Frames' });
    // The first row group names the columns.
    this.rows = this.frames.locator('tbody').getByRole('row');
    this.filter = page.getByRole('searchbox', { name: 'Filter frames' });
  }

  async open(): Promise<void> {
    await this.page.goto('/devtools');
    await hydrated(this.page);
  }

  async simulate(plan: Plan): Promise<void> {
    await this.page.getByLabel('Duration (seconds)').fill(String(plan.duration));
    await this.page.getByLabel('Seconds between steps').fill(String(plan.frequency));
    await this.page.getByLabel('Message prefix').fill(plan.prefix ?? 'Step');
    await this.page.getByLabel('Failure rate (%)').fill(String(plan.failureRate ?? 0));
    await this.button('Start simulation').click();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }
}
