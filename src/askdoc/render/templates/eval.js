"use strict";
const STEP = 50;

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function add(parent, name, css, text) {
  const element = parent.appendChild(document.createElement(name));
  if (css) element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Offsets count characters (code points), JavaScript strings count UTF-16 units.
function pieces(text, quote, gold) {
  const characters = Array.from(text);
  const inside = (ranges, at) => ranges.some(([start, end]) => start <= at && at < end);
  const runs = [];
  characters.forEach((character, at) => {
    const quoted = inside([quote], at), marked = inside(gold, at);
    const css = [quoted ? "quoted" : "", marked ? "marked" : ""].join(" ").trim();
    const last = runs[runs.length - 1];
    if (last && last.css === css) last.text += character;
    else runs.push({ css, text: character });
  });
  return runs;
}

function place(parent, where, runs, note) {
  const block = add(parent, "div", "place");
  add(block, "span", "faint", where + (note ? " · " + note : ""));
  for (const run of runs) add(block, run.css ? "mark" : "span", run.css, run.text).style.color = "inherit";
}

function draw(parent, item) {
  const card = add(parent, "article", "case" + (item.why ? " wrong" : ""));
  add(card, "h4", "", item.question);
  const facts = add(card, "p", "faint");
  if (item.why) add(facts, "span", "tag bad", item.why);
  for (const tag of item.tags) add(facts, "span", "tag", tag);
  const told = [item.id, item.status, "confidence " + item.confidence];
  if (item.passage) told.push("gold in passage " + item.passage);
  if (item.rank) told.push("gold is sentence " + item.rank);
  if (item.ms) told.push(item.ms + " ms");
  if (item.grade !== null) told.push("judged " + item.grade);
  facts.append(told.join(" · "));
  if (item.answer) add(card, "p", "", item.answer);
  if (item.reason) add(card, "p", "faint", item.reason);
  for (const cited of item.cited)
    place(card, "[" + cited.label + "] " + cited.where, pieces(cited.text, cited.quote, cited.gold), cited.hit ? "gold" : "");
  const found = item.cited.some((cited) => cited.hit);
  if (!found) {
    for (const [where, text, gold] of item.near)
      place(card, where, [{ css: gold ? "marked" : "", text }], gold ? "near, gold" : "near");
    for (const [where, text] of item.gold) place(card, where, [{ css: "marked", text }], "gold that was wanted");
    if (item.words.length) add(card, "p", "faint", "accepted: " + item.words.join(" · "));
  }
}

function fill(select, first, values) {
  for (const [value, label] of [["", first], ...values]) {
    const option = add(select, "option", "", label);
    option.value = value;
  }
}

function count(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value, n]) => [value, `${value} (${n})`]);
}

function compare(key) {
  const name = key.replace("-", ""), sign = key.startsWith("-") ? -1 : 1;
  return (a, b) => {
    const [x, y] = [a[name], b[name]];
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * sign;
  };
}

async function start(section) {
  const cases = await unpack(section.dataset.cases);
  const search = section.querySelector("input"), list = section.querySelector(".list");
  const [why, tagged, order] = ["why", "tagged", "order"].map((name) => section.querySelector("." + name));
  const more = section.querySelector(".more"), told = section.querySelector("output");
  const words = cases.map((item) =>
    [item.id, item.question, item.answer, ...item.cited.map((cited) => cited.text)].join("\n").toLowerCase());
  cases.forEach((item, at) => { item.at = at; });
  fill(why, "all outcomes", [["wrong", `wrong (${cases.filter((item) => item.why).length})`],
    ["right", `right (${cases.filter((item) => !item.why).length})`], ["abstained", "abstained"],
    ...count(cases.map((item) => item.why).filter(Boolean))]);
  fill(tagged, "all tags", count(cases.flatMap((item) => item.tags)));
  tagged.hidden = tagged.options.length < 2;
  let chosen = [], drawn = 0;
  const extend = () => {
    for (const item of chosen.slice(drawn, drawn + STEP)) draw(list, item);
    drawn = Math.min(drawn + STEP, chosen.length);
    more.hidden = drawn === chosen.length;
    told.textContent = `${chosen.length} of ${cases.length}`;
  };
  const update = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = (item) => !why.value || item.why === why.value || item.status === why.value ||
      (why.value === "wrong" && item.why) || (why.value === "right" && !item.why);
    chosen = cases.filter((item) => outcome(item) && (!tagged.value || item.tags.includes(tagged.value)) &&
      wanted.every((word) => words[item.at].includes(word)));
    if (order.value) chosen.sort(compare(order.value));
    list.replaceChildren();
    drawn = 0;
    extend();
  };
  for (const control of [search, why, tagged, order]) control.addEventListener("input", update);
  more.addEventListener("click", extend);
  update();
}

for (const section of document.querySelectorAll(".cases")) start(section);
