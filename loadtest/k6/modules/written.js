// What a shopper sees of an order afterwards: its page says when the legacy database has it.
import http from 'k6/http';
import { sleep } from 'k6';
import { Rate, Trend } from 'k6/metrics';
import { patience, target } from './storefront.js';

export const writtenTook = new Trend('written_took', true); // from accepted to written, in milliseconds
export const writtenOK = new Rate('written_ok');            // 1 for written in time

const lookAgain = 0.25; // seconds

// awaitWritten follows an accepted order until it is written, for at most so many seconds.
export function awaitWritten(p, within, tags) {
  const began = Date.now();
  for (;;) {
    const page = http.get(`${target}/orders/${p.ids[0]}`, {
      headers: { Accept: 'application/json' }, redirects: 0, timeout: `${patience}s`, tags: { name: 'order' },
    });
    const took = Date.now() - began;
    if (page.status === 200 && page.json('status') === 'written') {
      writtenOK.add(true, tags);
      writtenTook.add(took, tags);
      return;
    }
    if (took > within * 1000) {
      writtenOK.add(false, tags);
      return;
    }
    sleep(lookAgain);
  }
}
