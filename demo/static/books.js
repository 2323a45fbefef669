// What is on disk at both ends: the pads' ledgers, the province's ratings, and whether they agree.
import { face } from "/pictures.js";
import { post } from "./actions.js";
import { chip, el, put } from "./nodes.js";
import { LEVELS } from "./window.js";
import { known, say, time } from "./words.js";

const $ = (id) => document.getElementById(id);
const JUST_NOW_S = 3;
const MINUTES_FROM_S = 120;

let opened; // the pad whose ledger is open
const shown = { entries: null, ratings: null }; // what was in a table before

export function open(pad) { opened = pad; }

const level = (id) => el("span", "level", face(id), say(`level.${id}`));
const figure = (count, words) => el("span", count ? "some" : "", el("b", "", count), " ", words);
const counted = (path, n) => el("span", "", say(path, { n }));

// --- the pad's ledger -------------------------------------------------------------------------------

export function drawLedger(pads) {
  const pad = pads.find((one) => one.id === opened) ?? pads[0];
  drawTabs(pads, pad);
  const book = pad.ledger;
  if (!book) return;
  const backlog = counted("ledger.backlog", book.backlog);
  backlog.className = book.backlog ? "late" : "";
  $("ledger-figures").replaceChildren(counted("ledger.entries", book.seq),
    counted("ledger.delivered", book.delivered), backlog, el("code", "", `#${book.digest.slice(0, 8)}`));
  $("ledger-figures").lastChild.title = say("ledger.head");
  const news = fresh("entries", pad.id, book.entries.map((one) => one.digest));
  $("entries").replaceChildren(...book.entries.map((one) => entry(one, book, news(one.digest))));
}

function drawTabs(pads, pad) {
  if ($("books").children.length !== pads.length) {
    $("books").replaceChildren(...pads.map((one) => {
      const tab = el("button");
      tab.type = "button";
      tab.addEventListener("click", () => {
        open(one.id);
        document.dispatchEvent(new Event("redraw"));
      });
      return tab;
    }));
  }
  pads.forEach((one, at) => {
    const tab = $("books").children[at];
    put(tab, say("window.title", { window: one.window }));
    tab.ariaPressed = String(one.id === pad.id);
  });
}

function entry(one, book, isNew) {
  const done = one.seq <= book.delivered;
  const when = one.utc === null ? say("ledger.boot", { n: (one.mono / 1000).toFixed(1) }) : time(one.utc);
  const kind = known(`kind.${one.kind}`) ? say(`kind.${one.kind}`) : say("kind.other");
  const row = el("tr", isNew ? "fresh" : "",
    el("td", "", one.seq), el("td", "", kind), el("td", one.kind === "invited" ? "cut tail" : "cut", ...content(one)),
    el("td", one.utc === null ? "late" : "", when),
    el("td", done ? "done" : "late", done ? `✓ ${say("ledger.arrived")}` : `… ${say("ledger.waiting")}`));
  row.title = `#${one.digest.slice(0, 16)}`;
  return row;
}

function content(one) {
  if (one.kind === "rated") return one.again ? [`${say("ledger.again")} `, level(one.says)] : [level(one.says)];
  if (one.kind === "strayed" && LEVELS.includes(one.says)) return [level(one.says)];
  if (one.kind === "clock") return [say(`trust.${one.trust}`)];
  if (one.kind === "booted" && known(`board.${one.says}`)) return [say(`board.${one.says}`)];
  if (known(`fault.${one.says}`)) return [`${one.says} ${say(`fault.${one.says}`)}`];
  if (one.kind === "withdrawn") return [say(`reason.${one.says}`)];
  return [one.says];
}

// --- the province -----------------------------------------------------------------------------------

export function drawProvince(book) {
  $("levels").replaceChildren(...LEVELS.map((id) => {
    const count = book.levels[id] ?? 0;
    return el("li", count ? "some" : "", face(id), el("b", "", count), el("span", "", say(`level.${id}`)));
  }));
  $("rest").replaceChildren(figure(book.standings.unrated ?? 0, say("province.unrated")),
    figure(book.standings.withdrawn ?? 0, say("province.withdrawn")), figure(book.strays, say("province.strays")));
  const news = fresh("ratings", "", book.ratings.map(keyOf));
  $("ratings").replaceChildren(...book.ratings.map((one) => rating(one, news(keyOf(one)))));
  $("ratings-empty").hidden = book.ratings.length > 0;
}

const keyOf = (one) => one.invitation + one.standing;

function rating(one, isNew) {
  const what = el("td", "", one.level ? level(one.level) : chip(one.standing, say(`desk.${one.standing}`)));
  if (one.again) what.append(" ", chip("", say("province.corrected")));
  const when = el("td", one.utc === null ? "late" : "", one.utc === null ? say("province.undated") : time(one.utc));
  if (one.dated_by === "anchor") {
    when.append(" ", chip("dated", say("province.anchor")));
    when.title = say("province.anchor_why");
  }
  return el("tr", isNew ? "fresh" : "", el("td", "", one.window), el("td", "cut tail", one.case), what, when);
}

// Which rows are new since the last time: a function of the row's key.
function fresh(table, of, keys) {
  const before = shown[table]?.of === of ? shown[table].keys : null;
  shown[table] = { of, keys: new Set(keys) };
  return (key) => Boolean(before) && !before.has(key);
}

// --- verification: how old it is, and what has come since --------------------------------------------

export function drawVerdicts({ running, at_ms, verdicts }) {
  $("verify").disabled = running;
  put($("verify"), say(running ? "verify.running" : "verify.do"));
  put($("verified"), verdicts.length ? age((Date.now() - at_ms) / 1000) : say("verify.none"));
  $("verified").className = verdicts.length ? "" : "none";
  const now = JSON.stringify(verdicts) + say("verify.title");
  if (shown.verdicts === now) return;
  shown.verdicts = now;
  $("verdicts").replaceChildren(...verdicts.map(verdict));
}

function verdict(one) {
  const who = one.who === "province" ? say("verify.province") : say("verify.pad", one);
  const item = el("li", one.ok ? "" : "bad", el("b", "", who), " ",
    one.ok ? say("verify.good", { n: one.entries }) : `${say("verify.bad")} ${one.says.split("\n").at(-1).trim()}`);
  if (one.since > 0) item.append(" ", chip("since", say("verify.since", { n: one.since })));
  return item;
}

function age(s) {
  if (s < JUST_NOW_S) return say("verify.now");
  if (s < MINUTES_FROM_S) return say("verify.seconds", { n: Math.floor(s) });
  return say("verify.minutes", { n: Math.floor(s / 60) });
}

$("verify").addEventListener("click", () => post("/verify"));
