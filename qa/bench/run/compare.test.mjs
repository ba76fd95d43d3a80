// The verdicts of `make bench-ab`: node --test qa/bench/run/compare.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compare, FIGURES, report } from './compare.mjs';

const STEADY = [99, 100, 100, 100, 101];
const UNSTEADY = [90, 95, 100, 105, 110];
const slower = STEADY.map((it) => it * 1.1);

test('equal_rounds_are_ok', () => {
  assert.equal(compare(STEADY, STEADY, true).isWorse, false);
});

test('ten_percent_more_with_a_small_spread_is_worse', () => {
  assert.equal(compare(STEADY, slower, true).isWorse, true);
});

test('ten_percent_more_within_a_spread_of_twenty_percent_is_ok', () => {
  assert.equal(compare(UNSTEADY, UNSTEADY.map((it) => it * 1.1), true).isWorse, false);
});

test('four_percent_more_is_ok_however_small_the_spread', () => {
  assert.equal(compare([100, 100, 100], [104, 104, 104], true).isWorse, false);
});

test('less_is_worse_where_more_is_better', () => {
  assert.equal(compare(STEADY, STEADY.map((it) => it * 0.9), false).isWorse, true);
  assert.equal(compare(STEADY, slower, false).isWorse, false);
});

test('anything_above_a_steady_zero_is_worse', () => {
  assert.equal(compare([0, 0, 0], [1, 2, 1], true).isWorse, true);
  assert.equal(compare([0, 0, 0], [0, 0, 1], true).isWorse, false);
});

test('a_report_counts_what_is_worse_and_leaves_out_what_one_program_lacks', () => {
  const rounds = (numbers) => numbers.map((it) => ({ server_us_per_delivery: it }));
  const cells = {
    hot: { hubbub: { old: rounds(STEADY), new: rounds(slower) } },
    middle: { hubbub: { old: rounds(STEADY), new: rounds(STEADY) } },
    small: { hubbub: { old: rounds(STEADY) } },
  };
  const { table, worse } = report(FIGURES, cells);
  assert.equal(worse, 1);
  assert.equal(table.split('\n').length, 2 + 2);
  assert.match(table, /1 × 1000, µs \| 100 \(99–101\) \| 110 \(109–111\) \| \+10\.0 % \| WORSE/);
});
