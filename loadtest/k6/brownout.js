// A bad day for legacy: first it is slow, then it hangs and is away, then it is back.
//
// Plays  people browse legacy's pages and the flipped product's, and buy. What happens to legacy is done by somebody
//        else: make loadtest does it, to the processes; against another storefront, do it by hand at these moments.
// Proves the flipped product can be looked at and bought all the time as if nothing were; pages that only legacy has
//        come slowly, then not at all but with an answer soon, and come again once legacy is back; and the orders of
//        the bad hours are written then, by themselves.
//
//   k6 run --no-usage-report -e TARGET=http://127.0.0.1:8080 -e FOR=120 brownout.js
//
//   FOR=40       seconds in all: a fifth calm, a fifth slow, a fifth away, two fifths back
//   RATE=20      pages of legacy's products a second
//   ORDERS=20    orders a second
//   GRACE=2      seconds after each change that count for neither side
//   RECOVER=4    seconds that legacy itself takes to come back
import { nothingDropped, p99, steady, trendStats } from './modules/arrival.js';
import { buy, purchase } from './modules/order.js';
import { look, number, open, other, since } from './modules/storefront.js';

const whole = number('FOR', 40);
const grace = number('GRACE', 2);
const recover = number('RECOVER', 4);

export const options = {
  scenarios: {
    browse: steady('browse', number('RATE', 20), whole),
    buyers: steady('buyer', number('ORDERS', 20), whole),
  },
  thresholds: {
    ...nothingDropped,
    checkout_ok: ['rate==1'],
    'checkout_took{legacy:calm}': p99,
    'checkout_took{legacy:slow}': p99,
    'checkout_took{legacy:away}': p99,
    'checkout_took{legacy:back}': p99,
    'page_ok{who:buyer}': ['rate==1'],
    'page_took{who:buyer,legacy:away}': p99,
    'page_ok{who:other,legacy:calm}': ['rate==1'],
    'page_ok{who:other,legacy:slow}': ['rate==1'],
    'page_ok{who:other,legacy:back}': ['rate==1'],
  },
  summaryTrendStats: trendStats,
};

// setup says when what has to happen.
export function setup() {
  const data = open();
  console.warn(`begun: legacy is to be slow from ${whole / 5} s, away from ${(2 * whole) / 5} s, back from ${(3 * whole) / 5} s on`);
  return data;
}

// legacy is how it is now; "changing" around each change.
function legacy(data) {
  const now = since(data);
  const fifth = whole / 5;
  if (now < fifth) return 'calm';
  const changing = [[fifth, grace], [2 * fifth, grace], [3 * fifth, recover]];
  if (changing.some(([at, lasts]) => now >= at - grace / 4 && now < at + lasts)) return 'changing';
  if (now < 2 * fifth) return 'slow';
  return now < 3 * fifth ? 'away' : 'back';
}

export function browse(data) {
  other(data, { who: 'other', legacy: legacy(data) });
}

export function buyer(data) {
  const tags = { who: 'buyer', legacy: legacy(data) };
  if (look(data.hot.path, tags)) buy(data, purchase(data, data.hot), { double: 0.05, impatient: 0.05 }, tags);
}
