// The behaviour of the page beyond htmx: keys, focus, what a screen reader hears, pictures of pages.
"use strict";

const live = document.getElementById("live");
const thread = document.getElementById("thread");
const form = document.getElementById("ask");
const box = document.getElementById("q");
const source = document.getElementById("source");
const wide = matchMedia("(min-width: 62rem)");
let opener = null;
let shown = null; // The address of the source that is shown or on its way.

function say(text) {
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

// ── conversation ────────────────────────────────────────────────────────────

function showPending(question) {
  const turn = document.createElement("article");
  turn.className = "turn pending";
  const heading = document.createElement("h2");
  heading.dir = "auto";
  heading.textContent = question;
  const wait = document.createElement("p");
  wait.textContent = "Looking in the documents…";
  turn.append(heading, wait);
  thread.append(turn);
  document.body.classList.add("talking");
  turn.scrollIntoView({ block: "start" });
  say("Looking in the documents");
}

function dropPending() {
  thread.querySelectorAll(".pending").forEach((turn) => turn.remove());
}

// Show evidence and checked claims while a language model writes; htmx gets the whole answer.
async function stream(action, request) {
  const headers = { ...request.headers, Accept: "text/event-stream" };
  const answer = await fetch(action, { ...request, headers });
  if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) return answer;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the answer ended early");
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const lines = event.split("\n");
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (name === "final") return new Response(data, { headers: { "Content-Type": "text/html" } });
      if (name) showEarly(name, data);
    }
  }
}

function showEarly(name, html) {
  const turn = thread.querySelector(".pending");
  if (!turn) return;
  const early = new DOMParser().parseFromString(html, "text/html").body;
  if (name === "evidence") {
    // Without a language model the answer follows at once, and this would only flicker.
    setTimeout(() => {
      if (!turn.isConnected) return;
      turn.querySelector("p").textContent = "Reading the sentences that were found…";
      turn.append(...early.childNodes);
      htmx.process(turn);
    }, 300);
  } else {
    turn.querySelector(".near")?.before(...early.childNodes);
    htmx.process(turn);
    say(turn.querySelector(".claim:last-of-type").textContent);
  }
}

function arrive() {
  const turn = thread.querySelector("article:last-of-type");
  if (!turn) return;
  document.body.classList.add("talking");
  say(turn.dataset.summary);
  const heading = turn.querySelector("h2, .problem");
  heading.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "start" });
  const cited = turn.querySelector("a.cite");
  if (!wide.matches) return;
  if (cited) {
    opener = cited;
    const address = cited.getAttribute("hx-get");
    if (address !== shown) htmx.ajax("GET", address, { target: "#source", source: cited });
  } else {
    close();
  }
}

if (form) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (box.value.trim()) form.requestSubmit();
    }
  });
  form.addEventListener("htmx:before:request", (event) => {
    event.detail.ctx.fetch = stream;
    showPending(box.value.trim());
    box.value = "";
  });
  form.addEventListener("htmx:before:swap", dropPending);
  form.addEventListener("htmx:after:swap", arrive);
  form.addEventListener("htmx:error", () => {
    const turn = thread.querySelector(".pending");
    if (turn) {
      box.value = turn.querySelector("h2").textContent;
      turn.querySelector("p").textContent = "The server does not answer. Is it still running?";
      turn.classList.replace("pending", "failed");
      say("The server does not answer");
    }
  });
  if (thread.querySelector("article")) addEventListener("load", arrive);
  else box.focus();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const text = button.closest("article").querySelector(".markdown");
  try {
    await navigator.clipboard.writeText(text.value);
  } catch {
    text.hidden = false;
    text.select();
    document.execCommand("copy");
    text.hidden = true;
  }
  const before = button.textContent;
  button.textContent = "Copied";
  say("Copied");
  setTimeout(() => { button.textContent = before; }, 1500);
});

// ── sources ─────────────────────────────────────────────────────────────────

function bring(y, of) {
  const pane = form ? source : document.scrollingElement;
  const top = form ? source.getBoundingClientRect().top : 0;
  const at = of.getBoundingClientRect().top - top + y;
  if (at > pane.clientHeight * 0.6) pane.scrollTop += at - pane.clientHeight / 3;
}

function bringMark() {
  const image = source.querySelector("img[data-marks]");
  const mark = source.querySelector("mark");
  if (!image) mark?.checkVisibility() && bring(0, mark);
  else if (image.dataset.marks > 0) bring(image.dataset.top * image.clientHeight, image);
}

async function draw(image) {
  const place = image.closest(".place");
  const answer = await fetch(image.dataset.src);
  if (!answer.ok) {
    place.querySelector(".undrawn").hidden = false;
    place.querySelectorAll(".sheet").forEach((sheet) => sheet.remove());
    place.querySelector(".words").open = true;
    return;
  }
  const picture = URL.createObjectURL(await answer.blob());
  const asked = new URL(image.dataset.src, location).searchParams.get("highlight");
  const marks = Number(answer.headers.get("X-Askdoc-Marks"));
  const top = Number(answer.headers.get("X-Askdoc-Top"));
  const unplaced = Boolean(asked) && !marks && !place.hasAttribute("data-turned");
  place.querySelector(".unplaced").hidden = !unplaced;
  place.querySelector(".words").open = unplaced;
  image.addEventListener("load", () => {
    URL.revokeObjectURL(picture);
    image.dataset.marks = marks;
    image.dataset.top = top;
    image.hidden = false;
    place.querySelector(".drawing").remove();
    bringMark();
  }, { once: true });
  image.src = picture;
}

function settle() {
  const place = source.querySelector(".place");
  if (!place) return;
  document.body.classList.add("reading");
  source.scrollTop = 0;
  const image = place.querySelector("img[data-src]");
  if (image) draw(image);
  point();
}

// Show which links lead to the source, and bring its marked sentence into view.
function point() {
  const place = source.querySelector(".place");
  if (!place) return;
  document.querySelectorAll("[aria-current='true']").forEach((link) => link.removeAttribute("aria-current"));
  if (opener) {
    const address = opener.getAttribute("hx-get");
    const turn = opener.closest("article");
    turn?.querySelectorAll("a[hx-get]").forEach((link) => {
      if (link.getAttribute("hx-get") === address) link.setAttribute("aria-current", "true");
    });
  }
  bringMark();
  if (opener) say(`Showing ${place.dataset.where}`);
  if (opener && !wide.matches) source.querySelector(".close")?.focus();
}

function close() {
  shown = null;
  if (!source.hasChildNodes()) return;
  document.body.classList.remove("reading");
  source.replaceChildren();
  document.querySelectorAll("[aria-current='true']").forEach((link) => link.removeAttribute("aria-current"));
}

function leave() {
  close();
  opener?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.cite, a.open");
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
  if (link && !elsewhere) {
    opener = link;
    if (link.getAttribute("hx-get") === shown) { // To load it again would only flicker.
      event.preventDefault();
      event.stopPropagation();
      point();
    }
  }
  if (event.target.closest("button.close")) leave();
}, true);

function leadsToSource(element) {
  return element.matches?.("[hx-target='#source']");
}

document.addEventListener("htmx:before:request", (event) => {
  if (leadsToSource(event.target)) shown = event.target.getAttribute("hx-get");
});
document.addEventListener("htmx:error", (event) => {
  if (leadsToSource(event.target)) shown = null;
});
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.target.closest?.("#ask")) settle();
});
if (source && !form) addEventListener("load", settle);

// ── keys ────────────────────────────────────────────────────────────────────

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("reading") && form) {
    leave();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) return;
  if (event.key === "/" && box) {
    event.preventDefault();
    box.focus();
  }
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !thread) return;
  const links = [...thread.querySelectorAll("a.open")];
  if (!links.length) return;
  event.preventDefault();
  const last = thread.querySelector("article:last-of-type");
  const at = links.indexOf(document.activeElement);
  const start = step > 0 ? links.findIndex((link) => last.contains(link)) : links.length - 1;
  const next = at < 0 ? Math.max(0, start) : Math.min(links.length - 1, Math.max(0, at + step));
  links[next].focus();
});

// ── list of documents ───────────────────────────────────────────────────────

const filter = document.getElementById("filter");

function applyFilter() {
  const wanted = filter.value.toLowerCase();
  for (const item of document.querySelectorAll(".folder li, .skipped li")) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
  for (const folder of document.querySelectorAll(".folder")) {
    folder.hidden = !folder.querySelector("li:not([hidden])");
  }
}

filter?.addEventListener("input", applyFilter);

// ── uploads ─────────────────────────────────────────────────────────────────

let sending = Promise.resolve();

function send(file, zone) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = file.name;
  name.dir = "auto";
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  const state = document.createElement("span");
  state.className = "about";
  state.textContent = "Waiting";
  item.append(name, bar, state);
  zone.querySelector(".uploads").append(item);

  function end(text, failed) {
    bar.remove();
    state.textContent = text;
    item.classList.toggle("failed", failed);
    say(`${file.name}: ${text}`);
  }

  return () => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ library: zone.dataset.library, name: file.name });
    request.open("POST", `/v1/documents?${query}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
      state.textContent = "Sending";
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      state.textContent = "Reading";
    });
    request.addEventListener("load", () => {
      if (request.status === 201) end("Added", false);
      else end(request.response?.error?.message ?? "The server refused it", true);
    });
    request.addEventListener("error", () => end("The server does not answer", true));
    request.addEventListener("loadend", resolve);
    request.send(file);
  });
}

async function showAnew() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  const anew = found.querySelectorAll(".library");
  document.querySelectorAll(".library").forEach((library, at) => {
    for (const part of ["h2", ".held"]) {
      const fresh = anew[at]?.querySelector(part);
      if (fresh) library.querySelector(part).replaceWith(fresh);
    }
  });
  applyFilter();
}

function take(files, zone) {
  const sends = [...files].map((file) => send(file, zone));
  sending = sends.reduce((before, next) => before.then(next), sending).then(showAnew);
}

for (const zone of document.querySelectorAll(".drop")) {
  const input = zone.querySelector("input");
  input.addEventListener("change", () => {
    take(input.files, zone);
    input.value = "";
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files, zone);
  });
}
