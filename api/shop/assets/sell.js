// Offers an item with pictures: sends the form as JSON, then each picture to the
// address that the answer has for it, and goes to the listing's page. The key
// makes it safe to press the button again after something went wrong on the way.
(function () {
  "use strict";

  const form = document.querySelector("[data-sell]");
  const files = document.getElementById("pictures");
  if (!form || !files || !window.fetch || !window.crypto) return;
  form.querySelector("[data-chooser]").hidden = false;

  const progress = form.querySelector("[data-progress]");
  const button = form.querySelector("button");
  const atMost = Number(form.dataset.pictures), bytes = Number(form.dataset.megabytes) * 1024 * 1024;
  const attempts = 3;
  let key = "", sent = "";

  form.addEventListener("submit", function (event) {
    const chosen = Array.from(files.files);
    if (chosen.length === 0) return; // a form like any other
    event.preventDefault();
    const fault = faultOf(chosen);
    if (fault) return say(fault);
    button.disabled = true;
    offer(chosen)
      .then(function (page) { location.assign(page); })
      .catch(function (failure) {
        say(failure.message || "That did not work. Please try again.");
        button.disabled = false;
      });
  });

  function faultOf(chosen) {
    if (chosen.length > atMost) return "Please choose at most " + atMost + " pictures.";
    const large = chosen.find(function (f) { return f.size > bytes; });
    if (large) return large.name + " is over " + form.dataset.megabytes + " MB.";
    const other = chosen.find(function (f) { return !files.accept.split(",").includes(f.type); });
    return other ? other.name + " is not a JPEG, PNG or WebP picture." : "";
  }

  async function offer(chosen) {
    const body = JSON.stringify(listing(chosen));
    if (body !== sent) { // the same listing keeps its key
      sent = body;
      key = Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) { return b.toString(16).padStart(2, "0"); }).join("");
    }
    say("Sending your offer …");
    const answer = await fetch(form.action, {
      method: "POST", body: body,
      headers: { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": key },
    });
    const accepted = await answer.json();
    if (!answer.ok) throw new Error(accepted.detail || accepted.title);
    for (let i = 0; i < chosen.length; i++) {
      say("Sending picture " + (i + 1) + " of " + chosen.length + " …");
      await send(chosen[i], accepted.pictures[i].upload);
    }
    return accepted.status_url;
  }

  // 412 says that the picture is there, from an earlier try.
  async function send(file, upload) {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: file }).catch(function () {});
      if (answer && (answer.ok || answer.status === 412)) return;
      if (attempt === attempts || (answer && answer.status < 500 && answer.status !== 400)) {
        const problem = answer ? await answer.json().catch(function () { return {}; }) : {};
        throw new Error(file.name + " could not be sent. " + (problem.detail || "Please try again."));
      }
    }
  }

  function listing(chosen) {
    const field = function (name) { return form.elements[name].value.trim(); };
    const units = field("price");
    return {
      seller: { email: field("email"), name: field("name") },
      title: field("title"), description: field("description"),
      price: { amount: /^\d{1,9}(\.\d\d)?$/.test(units) ? Math.round(Number(units) * 100) : 0, currency: "USD" },
      category: field("category"), condition: field("condition"),
      pictures: chosen.map(function (f) { return { name: f.name, type: f.type, bytes: f.size }; }),
    };
  }

  function say(text) { progress.textContent = text; }
})();
