// An ordinary day, for as long as it is let: what leaks, fills up or slows down shows here.
//
// Plays  people browse; some buy, and each of them then follows the order until the legacy database has it.
// Proves checkouts and pages are as fast in the last third as in the first, and orders are written all the time: the
//        queue does not grow. (make loadtest also compares Banyan's memory and open files at both ends.)
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e FOR=14400 soak.js
//
//   FOR=30       seconds in all
//   RATE=40      pages a second
//   ORDERS=15    orders a second
//   WRITTEN=10   seconds within which an order has to be written
import { nothingDropped, p99, steady, trendStats } from './modules/arrival.js';
import { buy, purchase } from './modules/order.js';
import { number, open, other, since } from './modules/storefront.js';
import { awaitWritten } from './modules/written.js';

const whole = number('FOR', 30);
const within = number('WRITTEN', 10);

export const options = {
  scenarios: {
    browse: steady('browse', number('RATE', 40), whole),
    buyers: steady('buyer', number('ORDERS', 15), whole),
  },
  thresholds: {
    ...nothingDropped,
    checkout_ok: ['rate==1'],
    page_ok: ['rate==1'],
    'checkout_took{third:first}': p99,
    'checkout_took{third:last}': p99,
    'page_took{third:first}': p99,
    'page_took{third:last}': p99,
    written_ok: ['rate==1'],
    'written_took{third:last}': [`p(99)<${within * 1000}`],
  },
  summaryTrendStats: trendStats,
};

export function setup() {
  return open();
}

function tags(data) {
  return { third: ['first', 'middle', 'last'][Math.min(2, Math.floor((since(data) * 3) / whole))] };
}

export function browse(data) {
  other(data, tags(data));
}

export function buyer(data) {
  const p = purchase(data, data.hot);
  const then = tags(data);
  if (buy(data, p, { double: 0.02, impatient: 0.02 }, then)) awaitWritten(p, within, then);
}
