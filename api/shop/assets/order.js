// Follows an order that is not settled yet: asks for it as JSON, a little less
// often each time, and writes what it hears into the page.
(function () {
  "use strict";

  const standing = document.querySelector("[data-follow]");
  if (!standing) return;

  const first = 400, growth = 1.5, longest = 15000;
  let pause = first;
  let timer = 0;
  let asking = false;

  function ask() {
    if (asking) return;
    asking = true;
    fetch(standing.dataset.order, { headers: { Accept: "application/json" }, cache: "no-store" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      })
      .then(show)
      .catch(function () {}) // away for a moment: ask again
      .finally(function () {
        asking = false;
        later();
      });
  }

  function show(order) {
    write("[data-heading]", order.heading);
    write("[data-message]", order.message);
    standing.dataset.status = order.status;
    if (!order.final) return;
    write("[data-step]", order.heading);
    standing.removeAttribute("data-follow");
    document.title = document.title.replace(/^[^·]*/, order.heading + " ");
  }

  // Only what changed is written, so that a screen reader says it once.
  function write(where, text) {
    const element = standing.querySelector(where);
    if (element && element.textContent !== text) element.textContent = text;
  }

  function later() {
    clearTimeout(timer);
    if (!standing.hasAttribute("data-follow") || document.hidden) return;
    timer = setTimeout(ask, pause * (0.8 + 0.4 * Math.random()));
    pause = Math.min(pause * growth, longest);
  }

  document.addEventListener("visibilitychange", function () {
    if (document.hidden) return;
    pause = first;
    later();
  });
  later();
})();
