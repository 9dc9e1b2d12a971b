// A flash sale: people browse all the time, and at one moment a crowd wants one product.
//
// Plays  shoppers of other products at a constant rate; buyers of the hot product, few at first, then many at once.
//        Of the buyers some press the button twice, some lose patience within milliseconds and press again with the
//        same key, and one in five leaves a cart behind.
// Proves every buyer is answered at once, "accepted" or honestly "sold out"; shoppers of other products do not
//        notice. (That each accepted order is in the legacy database exactly once is looked up by make loadtest.)
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e SPIKE=300 flash-sale.js
//
//   FOR=30       seconds in all; the spike is the middle third
//   RATE=40      pages of other products a second
//   SPIKE=120    buyers a second during the spike; a twentieth of it before and after
//   DOUBLE=0.05 IMPATIENT=0.05 ABANDON=0.2    shares of buyers
import http from 'k6/http';
import { nothingDropped, p99, spike, steady, trendStats } from './modules/arrival.js';
import { buy, purchase } from './modules/order.js';
import { look, number, open, other, patience, since, target } from './modules/storefront.js';

const whole = number('FOR', 30);
const times = { whole, from: whole / 3, lasts: whole / 3 };
const rate = number('RATE', 40);
const high = number('SPIKE', 120);
const habits = { double: number('DOUBLE', 0.05), impatient: number('IMPATIENT', 0.05) };
const abandon = number('ABANDON', 0.2);

export const options = {
  scenarios: {
    browse: steady('browse', rate, whole),
    buyers: spike('buyer', high / 20, high, times),
    carts: spike('cart', (abandon * high) / 20, abandon * high, times),
  },
  thresholds: {
    ...nothingDropped,
    checkout_ok: ['rate==1'],
    'checkout_took{phase:during}': p99,
    'page_ok{who:other}': ['rate==1'],
    'page_took{who:other,phase:before}': p99,
    'page_took{who:other,phase:during}': p99,
    'page_took{who:other,phase:after}': p99,
    'page_ok{who:buyer}': ['rate==1'],
  },
  summaryTrendStats: trendStats,
};

export function setup() {
  return open();
}

function phase(data) {
  const now = since(data);
  if (now < times.from) return 'before';
  return now < times.from + times.lasts ? 'during' : 'after';
}

export function browse(data) {
  other(data, { who: 'other', phase: phase(data) });
}

export function buyer(data) {
  const tags = { who: 'buyer', phase: phase(data) };
  if (look(data.hot.path, tags)) buy(data, purchase(data, data.hot), habits, tags);
}

// cart looks at the hot product, puts it into the cart, and is gone.
export function cart(data) {
  const tags = { who: 'buyer', phase: phase(data) };
  if (!look(data.hot.path, tags)) return;
  http.post(`${target}/cart`, { sku: data.hot.sku, quantity: '1' }, { redirects: 0, timeout: `${patience}s`, tags: { name: 'cart' } });
}
