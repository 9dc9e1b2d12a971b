// The storefront as its shoppers know it: where it is, what it sells, and how a page of it is looked at.
//
//   -e TARGET=http://127.0.0.1:8080   its address
//   -e HOT=muskie-casting-rod         the product that everybody wants
//   -e PATIENCE=10                    seconds that a shopper waits for an answer
//   -e BEGUN=URL                      is posted to when shoppers begin to come, for whoever breaks things meanwhile
import http from 'k6/http';
import { fail } from 'k6';
import { Rate, Trend } from 'k6/metrics';

export const target = (__ENV.TARGET || 'http://127.0.0.1:8080').replace(/\/+$/, '');
export const patience = number('PATIENCE', 10);

export const pageTook = new Trend('page_took', true); // of pages that came, in milliseconds
export const pageOK = new Rate('page_ok');            // 1 for a page that came with 200

// number reads a knob.
export function number(name, standard) {
  const value = __ENV[name] === undefined || __ENV[name] === '' ? standard : Number(__ENV[name]);
  if (!(value >= 0)) throw new Error(`-e ${name}=${__ENV[name]} is not a number`);
  return value;
}

// open asks for the list of products, once, before anybody comes. What it returns is every scenario's data.
export function open() {
  const list = http.get(`${target}/shop`, { headers: { Accept: 'application/json' }, timeout: '30s' });
  const products = list.status === 200 ? list.json('products') : [];
  const slug = __ENV.HOT || 'muskie-casting-rod';
  const hot = products.find((p) => p.slug === slug);
  if (!hot) fail(`${target}/shop answers ${list.status} and lists no product "${slug}": is a storefront there?`);
  const pages = products.filter((p) => p.slug !== slug).map((p) => p.url);
  if (__ENV.BEGUN) http.post(__ENV.BEGUN);
  const began = Date.now();
  return {
    began,
    run: began.toString(36),
    hot: item(hot),
    others: products.filter((p) => p.slug !== slug).map(item),
    pages: pages.concat([...new Set(pages.map((path) => path.slice(0, path.lastIndexOf('/'))))]),
  };
}

function item(product) {
  return { sku: product.variants[0].sku, unit: product.price.amount, path: product.url };
}

// look opens one page and reports whether it came. Tags go with its figures.
export function look(path, tags) {
  const page = http.get(target + path, {
    headers: { Accept: 'text/html' }, redirects: 0, timeout: `${patience}s`, tags: { name: 'page' },
  });
  const came = page.status === 200;
  pageOK.add(came, tags);
  if (came) pageTook.add(page.timings.duration, tags);
  return came;
}

// other looks at a page that is not the hot product's.
export function other(data, tags) {
  return look(data.pages[Math.floor(Math.random() * data.pages.length)], tags);
}

// seconds since the scenario began.
export function since(data) {
  return (Date.now() - data.began) / 1000;
}
