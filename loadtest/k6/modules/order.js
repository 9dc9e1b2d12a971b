// Orders as shoppers place them: with one key however often the button is pressed, and noted.
//
// Each attempt is one line of JSON on the console before it is sent and one when it is over, so that an order
// whose shopper k6 cut off is known as well. With "--console-output FILE --log-format raw" the file has these
// lines and nothing else; the rehearsal (make loadtest) looks up every order in the legacy database by them.
// The token of the payment names the attempt, and is found again in legacy's own row.
import http from 'k6/http';
import { sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { patience, target } from './storefront.js';

export const checkoutTook = new Trend('checkout_took', true); // of good answers, from the first press to the last answer
export const checkoutOK = new Rate('checkout_ok');            // 1 for accepted, or honestly sold out
export const accepted = new Counter('orders_accepted');
export const soldOut = new Counter('orders_sold_out');
const doubled = new Counter('orders_pressed_twice');
const retried = new Counter('orders_pressed_again');

const impatience = 2;      // milliseconds, at most, that an impatient shopper waits before pressing again
const maxUnits = 3;        // of one order
const presses = 6;         // after which a shopper gives up
const comeBack = 0.2;      // seconds before a shopper who was told to come back does
const nanoseconds = 1e6;   // in a millisecond: notes are in Go's unit

// purchase is an order of an item that nobody sent yet. Customer names who buys; the default is somebody new.
export function purchase(data, item, customer) {
  const key = `${data.run}-${exec.scenario.name}-${exec.scenario.iterationInTest}`;
  const quantity = 1 + Math.floor(Math.random() * maxUnits);
  return {
    key, token: `tok_${key}`, email: `${customer || key}@example.com`, sku: item.sku, quantity,
    amount: quantity * item.unit, told: 'nothing', ids: [], sent: 0, ended: 0, silent: true,
  };
}

// buy presses the button until there is an answer, and reports whether the order was accepted. Habits are shares
// of shoppers: double presses twice at once, impatient does not wait for the first answer.
export function buy(data, p, habits, tags) {
  const began = Date.now();
  p.sent = (began - data.began) * nanoseconds;
  note(p);
  p.silent = false;
  let outcome = first(p, habits || {});
  for (let n = 1; n < presses && (outcome === 'no answer' || outcome === 'come back'); n++) {
    retried.add(1);
    if (outcome === 'come back') sleep(comeBack);
    outcome = hear(p, http.post(...press(p, patience * 1000)));
  }
  p.ended = (Date.now() - data.began + 1) * nanoseconds; // the clock is cut to milliseconds
  note(p);
  const good = outcome === 'accepted' || outcome === 'sold out';
  checkoutOK.add(good, tags);
  if (good) checkoutTook.add(Date.now() - began, tags);
  if (outcome === 'accepted') accepted.add(1);
  if (outcome === 'sold out') soldOut.add(1);
  return outcome === 'accepted';
}

// first is the first press, as the shopper's habits are.
function first(p, habits) {
  const chance = Math.random();
  if (chance < (habits.double || 0)) {
    doubled.add(1);
    const [url, body, params] = press(p, patience * 1000);
    const both = http.batch([['POST', url, body, params], ['POST', url, body, params]]).map((answer) => hear(p, answer));
    return ['accepted', 'sold out', 'come back', 'no answer'].find((o) => both.includes(o)) || both[0];
  }
  if (chance < (habits.double || 0) + (habits.impatient || 0)) {
    return hear(p, http.post(...press(p, Math.random() * impatience)));
  }
  return hear(p, http.post(...press(p, patience * 1000)));
}

// press is the request: the same each time it is sent.
function press(p, milliseconds) {
  const body = JSON.stringify({
    customer: { email: p.email, name: 'Ann Angler', address: '1 Main St, Albany NY 12207' },
    lines: [{ sku: p.sku, quantity: p.quantity }],
    payment: { token: p.token },
  });
  return [`${target}/checkout`, body, {
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Idempotency-Key': p.key },
    redirects: 0, timeout: `${Math.max(0.2, milliseconds).toFixed(3)}ms`, tags: { name: 'checkout' },
  }];
}

// hear notes what the shopper was told. An order that was accepted stays so, whatever another press is told; one of
// which nothing was heard stays uncertain until it is accepted.
function hear(p, answer) {
  const said = answer.status > 0 ? json(answer) : {};
  let outcome = 'failed';
  if (answer.status === 0 || answer.status === 502 || answer.status === 504) {
    p.silent = true; // a gateway that gave up waiting does not know either
    outcome = 'no answer';
  } else if (answer.status === 202 && said.order_id) {
    if (!p.ids.includes(said.order_id)) p.ids.push(said.order_id);
    outcome = 'accepted';
  } else if (answer.status === 409 && said.code === 'sold_out') {
    outcome = 'sold out';
  } else if (answer.status === 503 || answer.status === 429 || (answer.status === 409 && said.code === 'key_in_work')) {
    outcome = 'come back';
  }
  if (p.ids.length > 0) {
    p.told = 'accepted';
    return 'accepted';
  }
  p.told = p.silent ? 'nothing' : 'declined';
  return outcome;
}

function json(answer) {
  try {
    return JSON.parse(answer.body) || {};
  } catch (_) {
    return {};
  }
}

// note writes down an order for the truth check.
function note(p) {
  console.log(JSON.stringify(p));
}
