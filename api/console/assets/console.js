// Keeps the overview and a waiting order up to date, and joins the share's
// slider to its number. Every page works without it.
"use strict";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const perSecond = (n) => (n > 0 && n < 9.95 ? n.toFixed(1) : whole.format(n));

// swap fetches this page anew and puts its [data-swap] parts in place of the
// ones shown, apart from the one that somebody is in with keyboard or finger.
async function swap() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return null;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-swap]")) {
    const next = fresh.getElementById(old.id);
    if (next && !old.contains(document.activeElement) && next.innerHTML !== old.innerHTML) old.replaceWith(document.adoptNode(next));
  }
  return fresh;
}

function follow(live) {
  const points = 120;
  const seen = { accepted_per_second: [], written_per_second: [] };
  let shown = "";
  let swapped = 0;

  function draw(ledger) {
    for (const node of document.querySelectorAll("[data-value]")) node.textContent = whole.format(ledger[node.dataset.value]);
    for (const node of document.querySelectorAll("[data-rate]")) node.textContent = perSecond(ledger[node.dataset.rate]);
    const verdict = document.querySelector("[data-verdict]");
    if (verdict.textContent !== ledger.verdict) verdict.textContent = ledger.verdict;
    live.dataset.balanced = ledger.balanced;
    document.querySelector("[data-note]").textContent = ledger.note || "";
    document.querySelector("[data-forecast]").textContent = ledger.forecast ? ledger.forecast.words : "";
    document.querySelector("[data-tile=dead]").dataset.some = ledger.dead > 0;
  }

  function spark(ledger) {
    for (const name in seen) {
      seen[name].push(ledger[name]);
      if (seen[name].length > points) seen[name].shift();
    }
    const peak = Math.max(0, ...seen.accepted_per_second, ...seen.written_per_second);
    for (const line of document.querySelectorAll("[data-spark-line]")) {
      const values = seen[line.dataset.sparkLine];
      const from = points - values.length;
      line.setAttribute("points", values.map((v, i) => `${(((from + i) * 300) / (points - 1)).toFixed(1)},${(62 - (v / Math.max(1, peak)) * 58).toFixed(1)}`).join(" "));
    }
    document.querySelector("[data-peak]").textContent = `peak ${perSecond(peak)} a second`;
    document.querySelector("[data-spark]").hidden = false;
  }

  // The lists follow only when something happened, and at most every three
  // seconds: in a sale something happens all the time.
  async function lists(ledger) {
    const now = JSON.stringify([ledger.accepted, ledger.written, ledger.dead, ledger.cancelled, ledger.legacy_rows, ledger.breakers, ledger.table]);
    if (shown === "") shown = now;
    if (now === shown || Date.now() - swapped < 3000) return;
    swapped = Date.now();
    if (await swap()) shown = now;
  }

  async function tick() {
    const stale = document.querySelector("[data-stale]");
    if (!document.hidden) {
      try {
        const answer = await fetch("/ledger", { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(5000) });
        if (!answer.ok) throw new Error(answer.status);
        const ledger = await answer.json();
        draw(ledger);
        spark(ledger);
        stale.hidden = true;
        await lists(ledger);
      } catch {
        stale.hidden = false;
      }
    }
    setTimeout(tick, 1000);
  }
  tick();
}

function refresh(seconds) {
  setTimeout(async () => {
    const fresh = await swap().catch(() => null);
    const next = fresh ? fresh.body.dataset.refresh : seconds;
    if (next) refresh(next);
  }, seconds * 1000);
}

for (const slider of document.querySelectorAll("[data-share]")) {
  const number = slider.form.elements.share;
  slider.value = number.value;
  slider.hidden = false;
  slider.addEventListener("input", () => { number.value = slider.value; });
  number.addEventListener("input", () => { slider.value = number.value; });
}

const live = document.querySelector("[data-live]");
if (live) follow(live);
else if (document.body.dataset.refresh) refresh(document.body.dataset.refresh);
