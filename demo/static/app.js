// The demo's page: draws what the server pushes (server-sent events), sends what the visitor does.
// No framework, no file of another server. Drawing never replaces a control, so focus stays.
import { drawLedger, drawProvince, drawVerdicts, open } from "./books.js";
import { el, put } from "./nodes.js";
import { LEVELS, Window } from "./window.js";
import { choose, chosen, say, tag, translate } from "./words.js";

const SECOND_MS = 1000;

const $ = (id) => document.getElementById(id);
const windows = new Map(); // pad -> its Window
let state = { pads: [] };
let ended = false;

// --- the language -----------------------------------------------------------------------------------

function speak() {
  document.documentElement.lang = tag();
  document.title = say("page.title");
  translate(document);
  for (const one of windows.values()) one.translate();
  for (const button of $("languages").children) {
    button.ariaPressed = String(button.dataset.language === chosen());
  }
  draw();
}

$("languages").addEventListener("click", (event) => {
  const next = event.target.dataset.language;
  if (!next) return;
  choose(next);
  speak();
});

// --- what the server pushes ---------------------------------------------------------------------------

const pictures = {};
const events = new EventSource("/events");

events.addEventListener("picture", (event) => {
  const told = JSON.parse(event.data);
  pictures[told.pad] = Uint8Array.from(atob(told.picture), (letter) => letter.charCodeAt(0));
  windows.get(told.pad)?.drawPicture(pictures[told.pad]);
});

events.addEventListener("state", (event) => {
  state = JSON.parse(event.data);
  ended = false;
  draw();
});

events.addEventListener("error", () => {
  ended = true;
  draw();
});

// --- what the page shows ------------------------------------------------------------------------------

function draw() {
  document.body.classList.toggle("ended", ended);
  if (ended) {
    drawHintWords(say("page.end"), say("page.end_why"));
    return;
  }
  if (!state.pads.length) return;
  document.body.classList.remove("preparing");
  drawCounts();
  drawWindows();
  drawHint();
  drawLedger(state.pads);
  drawProvince(state.province);
  drawVerdicts(state.verify);
}

function drawCounts() {
  for (const node of document.querySelectorAll("[data-count]")) {
    const value = state.counts[node.dataset.count];
    put(node, value);
    node.parentElement.classList.toggle("some", value > 0);
  }
}

function drawWindows() {
  for (const pad of state.pads) {
    if (!windows.has(pad.id)) {
      const made = new Window(pad);
      windows.set(pad.id, made);
      $("windows").append(made.node);
      // The ledger follows the window that the visitor uses.
      made.node.addEventListener("pointerdown", () => open(pad.id));
      made.node.addEventListener("focusin", () => open(pad.id));
      if (pictures[pad.id]) made.drawPicture(pictures[pad.id]);
    }
    windows.get(pad.id).draw(pad);
  }
}

function drawHint() {
  const { id, target, pad } = state.hint;
  const window = state.pads.find((one) => one.id === pad)?.window ?? "";
  drawHintWords(say(`hint.${id}.do`, { window }), say(`hint.${id}.why`));
  $("hint").dataset.hint = id;
  for (const [name, one] of windows) one.aim(name === pad ? target : "");
  $("verify").classList.toggle("aim", target === "verify");
  $("show").hidden = !aimed();
  drawLessons();
}

const aimed = () => document.querySelector(".aim");

// On a small screen what the hint speaks of may be far away.
$("show").addEventListener("click", () => aimed()?.scrollIntoView({ block: "center" }));

function drawHintWords(what, why) {
  put($("hint-do"), what);
  put($("hint-why"), why);
}

function drawLessons() {
  const all = Object.entries(state.lessons);
  const done = all.filter(([, seen]) => seen).length;
  put($("progress"), say("lesson.progress", { done, all: all.length }));
  const now = all.find(([, seen]) => !seen)?.[0];
  const drawn = JSON.stringify([state.lessons, chosen()]);
  if ($("lessons").dataset.drawn === drawn) return;
  $("lessons").dataset.drawn = drawn;
  $("lessons").replaceChildren(...all.map(([id, seen]) =>
    el("li", seen ? "seen" : id === now ? "now" : "", say(`lesson.${id}`))));
}

document.addEventListener("redraw", draw);
setInterval(() => { if (state.verify && !ended) drawVerdicts(state.verify); }, SECOND_MS);

// --- the keyboard: 1 to 5 are the keys of the first pad that has keys --------------------------------

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const level = LEVELS[Number(event.key) - 1];
  const keyed = [...windows.values()].find((one) => !one.pad.touch);
  if (level && keyed) keyed.press(level);
});

speak();
