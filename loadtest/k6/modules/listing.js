// Listings as sellers offer them: one key however often it is sent, pictures to the addresses that come back.
// Each attempt is noted on the console before and after, as orders are.
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { patience, target } from './storefront.js';

export const offerTook = new Trend('offer_took', true);     // from the offer to the addresses of its pictures
export const offerOK = new Rate('offer_ok');                // 1 for accepted
export const pictureTook = new Trend('picture_took', true); // one upload
export const pictureOK = new Rate('picture_ok');            // 1 for uploaded and found in order
const doubled = new Counter('offers_sent_twice');

const nanoseconds = 1e6; // in a millisecond: notes are in Go's unit

// jpeg returns a picture of so many bytes: a header that a decoder reads, and a scan that none has to.
export function jpeg(bytes) {
  const head = [
    0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, // SOI, JFIF
    0xff, 0xc0, 0, 11, 8, 0, 128, 0, 128, 1, 1, 0x11, 0,                                 // 128 × 128, grey
    0xff, 0xda, 0, 8, 1, 1, 0, 0, 0x3f, 0,                                               // the scan
  ];
  const picture = new Uint8Array(Math.max(bytes, head.length + 2)).fill(0x55);
  picture.set(head);
  picture.set([0xff, 0xd9], picture.length - 2);
  return picture.buffer;
}

// offer sends one listing, some twice at once, uploads its pictures, and returns where its page is, or ''.
export function offer(data, pictures, double) {
  const key = `${data.run}-${exec.scenario.name}-${exec.scenario.iterationInTest}`;
  const l = {
    listing_key: key, email: `${key}@example.com`, title: `Rod ${key}`, amount: 100 + (exec.scenario.iterationInTest % 900),
    pictures: pictures.length, ids: [], sent: (Date.now() - data.began) * nanoseconds, ended: 0,
  };
  console.log(JSON.stringify(l));
  const request = send(l, pictures);
  const began = Date.now();
  let answers;
  if (Math.random() < double) {
    doubled.add(1);
    answers = http.batch([request, request]);
  } else {
    answers = [http.request(...request)];
  }
  const took = Date.now() - began;
  const accepted = answers.filter((a) => a.status === 202).map((a) => a.json());
  for (const a of accepted) if (!l.ids.includes(a.listing_id)) l.ids.push(a.listing_id);
  l.silent = answers.some((a) => [0, 502, 504].includes(a.status));
  l.ended = (Date.now() - data.began + 1) * nanoseconds; // the clock is cut to milliseconds
  console.log(JSON.stringify(l));
  offerOK.add(accepted.length > 0);
  if (accepted.length === 0) return '';
  offerTook.add(took);
  accepted[0].pictures.forEach((p, n) => upload(p.upload, pictures[n]));
  return accepted[0].status_url;
}

function send(l, pictures) {
  const body = JSON.stringify({
    seller: { email: l.email, name: 'Ann Angler' }, title: l.title, description: 'Fished for one summer.',
    price: { amount: l.amount, currency: 'USD' }, category: 'rods', condition: 'Good',
    pictures: pictures.map((p, n) => ({ name: `picture-${n}.jpg`, type: 'image/jpeg', bytes: p.byteLength })),
  });
  return ['POST', `${target}/resale/listings`, body, {
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'Idempotency-Key': l.listing_key },
    redirects: 0, timeout: `${patience}s`, tags: { name: 'listing' },
  }];
}

// upload sends a picture to where the answer says: the storefront, or a bucket. 412: it is there.
function upload(to, picture) {
  const answer = http.request(to.method, to.url.startsWith('/') ? target + to.url : to.url, picture, {
    headers: to.headers, timeout: '60s', tags: { name: 'picture' },
  });
  const there = [200, 201, 204, 412].includes(answer.status);
  pictureOK.add(there);
  if (there) pictureTook.add(answer.timings.duration);
}
