// Sellers offer what they have: each a listing in JSON and two pictures.
//
// Plays  listings at a constant rate, some sent twice at once with one key; each picture goes to the address that the
//        listing's answer gave for it. Meanwhile people browse and buy.
// Proves every listing is accepted at once and its pictures are taken and found in order; shoppers do not notice the
//        megabytes. (That each accepted listing is in the legacy catalogue exactly once is looked up by make loadtest.)
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e LISTINGS=50 -e PICTURE=0 listings.js
//
//   FOR=30              seconds in all
//   LISTINGS=4          listings a second
//   PICTURE=2000000     bytes of each picture; 0 for none
//   RATE=20 ORDERS=5    pages and orders of the others, a second
import http from 'k6/http';
import { nothingDropped, p99, steady, trendStats } from './modules/arrival.js';
import { jpeg, offer } from './modules/listing.js';
import { buy, purchase } from './modules/order.js';
import { number, open, other, patience, target } from './modules/storefront.js';

const whole = number('FOR', 30);
const bytes = number('PICTURE', 2000000);
const picture = bytes > 0 ? jpeg(bytes) : null;
const pictures = picture ? [picture, picture] : [];
const shoppers = { browse: number('RATE', 20), buyers: number('ORDERS', 5) };

export const options = {
  scenarios: {
    sellers: steady('seller', number('LISTINGS', 4), whole),
    ...(shoppers.browse > 0 ? { browse: steady('browse', shoppers.browse, whole) } : {}),
    ...(shoppers.buyers > 0 ? { buyers: steady('buyer', shoppers.buyers, whole) } : {}),
  },
  thresholds: {
    ...nothingDropped,
    offer_ok: ['rate==1'],
    offer_took: p99,
    ...(picture ? { picture_ok: ['rate==1'], picture_took: ['p(99)<5000'] } : {}),
    ...(shoppers.browse > 0 ? { page_ok: ['rate==1'], page_took: p99 } : {}),
    ...(shoppers.buyers > 0 ? { checkout_ok: ['rate==1'], checkout_took: p99 } : {}),
  },
  summaryTrendStats: trendStats,
};

export function setup() {
  return open();
}

// seller looks at the listing's own page afterwards, as people do.
export function seller(data) {
  const page = offer(data, pictures, 0.05);
  if (page) http.get(target + page, { headers: { Accept: 'text/html' }, redirects: 0, timeout: `${patience}s`, tags: { name: 'listing page' } });
}

export function browse(data) {
  other(data, {});
}

export function buyer(data) {
  buy(data, purchase(data, data.hot), {}, {});
}
