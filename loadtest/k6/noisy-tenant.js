// One customer orders like a thousand; the others must not wait for it.
//
// Plays  one customer, a shop's wholesale robot say, places orders faster than the legacy database can write them one
//        after the other, and they have to be written one after the other, for a customer's orders keep their sequence.
//        Others place one order each, of any other product, and follow it until it is written.
// Proves the others' orders are written within seconds while the one customer's queue is minutes long, and their
//        checkouts are as fast as before.
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e NOISY=300 noisy-tenant.js
//
//   FOR=30       seconds in all; the noise begins after a quarter
//   NOISY=120    orders a second of the one customer
//   OTHERS=8     orders a second of all the others
//   WRITTEN=8    seconds within which an order of the others has to be written
import { nothingDropped, p99, steady, trendStats } from './modules/arrival.js';
import { buy, purchase } from './modules/order.js';
import { number, open, since } from './modules/storefront.js';
import { awaitWritten } from './modules/written.js';

const whole = number('FOR', 30);
const within = number('WRITTEN', 8);

export const options = {
  scenarios: {
    others: steady('another', number('OTHERS', 8), whole),
    noisy: steady('noisy', number('NOISY', 120), (3 * whole) / 4, whole / 4),
  },
  thresholds: {
    ...nothingDropped,
    checkout_ok: ['rate==1'],
    'checkout_took{who:others,noise:before}': p99,
    'checkout_took{who:others,noise:during}': p99,
    written_ok: ['rate==1'],
    'written_took{noise:during}': [`p(99)<${within * 1000}`],
  },
  summaryTrendStats: trendStats,
};

export function setup() {
  return open();
}

export function another(data) {
  const p = purchase(data, data.others[Math.floor(Math.random() * data.others.length)]);
  const tags = { who: 'others', noise: since(data) < whole / 4 ? 'before' : 'during' };
  if (buy(data, p, {}, tags)) awaitWritten(p, within, tags);
}

export function noisy(data) {
  buy(data, purchase(data, data.hot, 'wholesale'), {}, { who: 'noisy' });
}
