// How shoppers come: whether or not the storefront keeps up (k6's open model). A shopper for whom k6 has nobody
// free is a dropped iteration, and every scenario has a threshold that allows none.

import { number } from './storefront.js';

// trendStats are the figures that are printed of every trend.
export const trendStats = ['med', 'p(95)', 'p(99)', 'max'];

// p99 is the threshold of everything that a shopper waits for: -e P99=250 milliseconds. On a machine that has
// nothing else to do it is below 20; the rest is room for one that has.
export const p99 = [`p(99)<${number('P99', 250)}`];

// nothingDropped is the threshold of an honest generator.
export const nothingDropped = { dropped_iterations: ['count<1'] };

// gracefulStop leaves shoppers the time to hear what became of their orders.
const gracefulStop = '60s';

// steady is a constant rate of arrivals a second, for so many seconds, after so many.
export function steady(exec, rate, seconds, startTime) {
  return {
    executor: 'constant-arrival-rate', exec, rate: Math.max(1, Math.round(rate * 60)), timeUnit: '1m',
    duration: `${Math.max(1, Math.round(seconds * 1000))}ms`, startTime: `${Math.round((startTime || 0) * 1000)}ms`,
    ...crew(rate), gracefulStop,
  };
}

// spike is one rate, then another from a moment on for so many seconds, then the first again.
export function spike(exec, low, high, times) {
  const stage = (rate, seconds) => ({ target: Math.round(rate * 60), duration: `${Math.round(seconds * 1000)}ms` });
  return {
    executor: 'ramping-arrival-rate', exec, startRate: Math.round(low * 60), timeUnit: '1m',
    stages: [
      stage(low, times.from), stage(high, 0), stage(high, times.lasts), stage(low, 0),
      stage(low, Math.max(0, times.whole - times.from - times.lasts)),
    ],
    ...crew(high), gracefulStop,
  };
}

// crew is how many shoppers can be in the shop at once: at first as many as come in a second, or in four where there
// are few, and up to those of ten seconds. One who waits for long keeps a place.
function crew(rate) {
  return { preAllocatedVUs: Math.ceil(Math.min(4 * rate, Math.max(rate, 100), 1000)) + 5, maxVUs: Math.ceil(10 * rate) + 50 };
}
