// A flood that nobody invited, beside shoppers who must not notice.
//
// Plays  people browse and buy. Bots come in the middle third: they fetch the hot product's page, searches and pages
//        that do not exist as fast as they can, press checkout with orders that cannot be (no such product, a price
//        of their own, a broken body), and one sends the same order with the same key again and again.
// Proves shoppers' pages and checkouts come all the time as before; no junk becomes an order, and what was sent a
//        thousand times with one key is one order.
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e FLOOD=1000 bots.js
//
//   FOR=30       seconds in all; the flood is the middle third
//   RATE=30      pages a second that people look at
//   ORDERS=10    orders a second that people place
//   FLOOD=200    requests a second that bots send
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter, Rate } from 'k6/metrics';
import { nothingDropped, p99, steady, trendStats } from './modules/arrival.js';
import { buy, purchase } from './modules/order.js';
import { number, open, other, since, target } from './modules/storefront.js';

const whole = number('FOR', 30);
const flood = number('FLOOD', 200);

const botRequests = new Counter('bot_requests');
const junkRefused = new Rate('junk_refused'); // 1 for a junk order that was refused
const copies = new Counter('bot_copies');     // answers to the one order that is sent again and again

export const options = {
  scenarios: {
    browse: steady('browse', number('RATE', 30), whole),
    buyers: steady('buyer', number('ORDERS', 10), whole),
    scrapers: steady('scrape', flood * 0.7, whole / 3, whole / 3),
    junk: steady('junk', flood * 0.2, whole / 3, whole / 3),
    copies: steady('copy', flood * 0.1, whole / 3, whole / 3),
  },
  thresholds: {
    // Bots may find nobody free: their flood is as large as it gets. People may not.
    'dropped_iterations{scenario:browse}': nothingDropped.dropped_iterations,
    'dropped_iterations{scenario:buyers}': nothingDropped.dropped_iterations,
    'checkout_ok{scenario:buyers}': ['rate==1'],
    page_ok: ['rate==1'],
    'page_took{flood:before}': p99,
    'page_took{flood:during}': p99,
    'checkout_took{flood:before}': p99,
    'checkout_took{flood:during}': p99,
    junk_refused: ['rate==1'],
  },
  summaryTrendStats: trendStats,
};

export function setup() {
  return open();
}

function tags(data) {
  const now = since(data);
  if (now < whole / 3) return { flood: 'before' };
  return { flood: now < (2 * whole) / 3 ? 'during' : 'after' };
}

export function browse(data) {
  other(data, tags(data));
}

export function buyer(data) {
  buy(data, purchase(data, data.hot), {}, tags(data));
}

// scrape fetches something, whatever the answer.
export function scrape(data) {
  const n = exec.scenario.iterationInTest;
  const paths = [data.hot.path, `/search?q=rod${n}`, `/shop/rods/no-such-rod-${n}`, data.hot.path, `/.env?${n}`];
  http.get(target + paths[n % paths.length], { redirects: 0, timeout: '10s', tags: { name: 'bot' } });
  botRequests.add(1);
}

// junk presses checkout with an order that cannot be. It is refused with a status that says why, and an edge that
// sheds load may say "come back"; anything else would have been taken.
export function junk(data) {
  const n = exec.scenario.iterationInTest;
  const order = (sku, price) => JSON.stringify({
    customer: { email: `bot-${n}@example.com`, name: 'Bot', address: 'nowhere' },
    lines: [{ sku, quantity: 1, price }], payment: { token: `tok_junk-${data.run}-${n}` },
  });
  const bodies = [order(`no-such-thing-${n}`), order(data.hot.sku, { amount: 1, currency: 'USD' }), `{"customer":${n}`, order(data.hot.sku).replace('"quantity":1', '"quantity":-1')];
  const answer = http.post(`${target}/checkout`, bodies[n % bodies.length], {
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Idempotency-Key': `junk-${data.run}-${n}` },
    redirects: 0, timeout: '10s', tags: { name: 'bot' },
  });
  botRequests.add(1);
  junkRefused.add([400, 409, 422, 429, 503].includes(answer.status));
}

// copy sends one and the same order.
export function copy(data) {
  const p = purchase(data, data.hot);
  p.key = `${data.run}-copy`;
  p.token = `tok_${p.key}`;
  p.email = 'copier@example.com';
  p.quantity = 1;
  p.amount = data.hot.unit;
  if (buy(data, p, {}, { flood: 'bot' })) copies.add(1);
  botRequests.add(1);
}
