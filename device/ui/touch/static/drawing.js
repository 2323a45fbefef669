// Makes the elements of a state; it keeps nothing and decides nothing. A state with another shape
// gets new elements. For one with the same shape the existing elements are updated, so that a finger
// that is down stays on the button on which it came down.
//
// Every scene has a head, a stage and a rail of the same size, so nothing moves from one to the next:
// a face stands where it stood.
import { drawn, face, ridge, sign } from "./pictures.js";

const QUIET = 4; // modules around a QR code (ISO/IEC 18004)
const RING = 100; // the length of the ring that shows how long a rating may be corrected

function element(tag, classes, ...inside) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.append(...inside.filter((one) => one !== null && one !== undefined));
  return made;
}

// A zero width space is where a line may end.
function line(tag, classes, said) {
  const parts = said.text.split("\u200b");
  const inside = parts.flatMap((part, at) => (at ? [document.createElement("wbr"), part] : [part]));
  const made = element(tag, classes, ...inside);
  made.lang = said.lang;
  return made;
}

function lines(tag, classes, said) {
  return (said ?? []).map((one) => line(tag, classes, one));
}

// The languages one after the other; the first one is the louder.
function words(said, classes = "words") {
  const parts = lines("span", "", said);
  return element("span", classes, ...parts.flatMap((one, at) => (at ? [" ", one] : [one])));
}

function button(classes, attributes, ...inside) {
  const made = element("button", classes, ...inside);
  made.type = "button";
  for (const [name, value] of Object.entries(attributes)) made.dataset[name] = value;
  return made;
}

// --- head -----------------------------------------------------------------------------------------

function heading(state) {
  const said = element(
    "div",
    "said",
    element("h1", "", words(state.title)),
    (state.body ?? []).length ? element("p", "then", words(state.body)) : null,
  );
  const parts = state.scene === "thanks" ? [sign("done", "seal"), said] : [said];
  return element("div", "heading", ...parts);
}

function hall(state) {
  return element("div", "hall", ...lines("p", "", state.hall));
}

function place(state) {
  return (state.place ?? []).length ? element("p", "place", words(state.place)) : null;
}

// For the technician. In standby the fault does not close the window and stands beside the time.
function fault(state) {
  return state.fault ? element("p", "fault", state.fault) : null;
}

function head(state) {
  const standing = state.scene === "standby" || state.scene === "identify";
  if (standing) {
    return element("header", "head", hall(state), fault(state), element("p", "minute"));
  }
  if (state.sign) return element("header", "head", hall(state), place(state));
  return element("header", "head", heading(state), place(state));
}

// --- stage ----------------------------------------------------------------------------------------

// While a rating is being committed the faces stay as they are: thanks follows within a moment, and
// drawing twice would delay it.
function isOpen(state) {
  return Boolean(state.live) || state.scene === "invitation";
}

function levels(state) {
  const all = state.faces.map((one) => {
    const made = button(
      "key face",
      { key: one.key },
      face(one.key),
      words(one.words, "words name"),
      one.chosen ? sign("tick", "mark") : null,
    );
    made.disabled = !isOpen(state);
    made.classList.toggle("chosen", Boolean(one.chosen));
    if (one.chosen) made.ariaCurrent = "true";
    return made;
  });
  const classes = state.coloured ? "stage levels coloured" : "stage levels";
  return element("div", classes, ...all);
}

function topics(state) {
  const all = state.topics.map((one) =>
    button(
      "key topic",
      { topic: one.topic },
      sign(one.topic),
      words(one.words),
      element("span", "box", sign("tick")),
    ),
  );
  return element("div", "stage topics", ...all);
}

function card(state) {
  const one = state.card;
  if (!one) return null;
  const name = element("strong", "", one.name);
  name.lang = state.hall?.[0]?.lang ?? "zh-CN";
  const many = [...one.name].length > 5 ? "name long" : "name";
  const parts = [element("p", "serves", words(one.serves)), element("p", many, name)];
  if (one.number) parts.push(element("p", "number", words(one.number_words), " ", one.number));
  const photo = one.photo ? element("img", "photo") : element("div", "photo", sign("staff"));
  if (one.photo) {
    photo.src = "/photo";
    photo.alt = "";
  }
  return element("section", "sheet card", photo, element("div", "who", ...parts));
}

// The window as a sign that can be read from the queue: its number apart from the words around it.
function panel(state) {
  const number = element("b", "number", state.window);
  const length = [...state.window].length;
  if (length > 2) number.classList.add(length > 4 ? "longest" : "longer");
  const parts = state.window
    ? [element("h1", "window", number, words(state.window_words))]
    : [];
  if (parts.length) parts[0].ariaLabel = state.place.map((one) => one.text).join(" ");
  const welcome = element(state.window ? "p" : "h1", "welcome", words(state.title));
  return element("section", "panel", ridge(), ...parts, welcome, pad(state));
}

function stand(state) {
  return element("div", "stage stand", panel(state), card(state));
}

function closed(state) {
  const bar = state.percent === undefined ? null : progress(state.percent);
  const said = element(
    "div",
    "said",
    element("h1", "", words(state.title)),
    (state.body ?? []).length ? element("p", "then", words(state.body)) : null,
    bar,
    pad(state),
  );
  const picture = state.code ? qr(state) : sign(state.sign, `sign ${state.sign}`);
  return element("section", "stage closed", picture, said);
}

function progress(percent) {
  const bar = element("progress", "");
  bar.max = 100;
  bar.value = percent;
  bar.ariaLabel = "%";
  return element("p", "progress", bar, `${percent} %`);
}

function pad(state) {
  if (!state.pad) return null;
  return element("p", "pad", words(state.pad_words), " ", element("code", "", state.pad));
}

function stage(state) {
  if (state.faces) return levels(state);
  if (state.topics) return topics(state);
  return state.sign ? closed(state) : stand(state);
}

// --- rail -----------------------------------------------------------------------------------------

function switches(state) {
  const all = (state.buttons ?? []).map((one) => {
    const picture = one.on === undefined ? sign(one.do) : element("span", "track");
    const made = button(one.on === undefined ? "action" : "switch", { do: one.do }, picture);
    made.append(words(one.words));
    if (one.on !== undefined) made.setAttribute("role", "switch");
    return made;
  });
  return all.length ? element("div", "switches", ...all) : null;
}

function answers(state) {
  const all = (state.answers ?? []).map((one) =>
    button(one.do === "done" ? "key answer main" : "key answer", { do: one.do }, words(one.words)),
  );
  return all.length ? element("div", "answers", ...all) : null;
}

function qr(state) {
  const rows = state.code;
  const side = rows.length + 2 * QUIET;
  const path = rows.flatMap((signs, y) =>
    [...signs].flatMap((sign, x) => (sign === "1" ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])),
  );
  return drawn(
    "svg",
    { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": "QR", class: "qr" },
    drawn("rect", { width: side, height: side, class: "quiet" }),
    drawn("path", { d: path.join(""), class: "modules" }),
  );
}

function code(state) {
  if (!state.code || state.sign) return null;
  return element("div", "code", qr(state), words(state.code_words));
}

function notices(state) {
  const all = lines("p", "notice", state.notices);
  if (!all.length) return null;
  all.slice(1).forEach((one) => (one.hidden = true));
  const made = element("section", "sheet notices", ...all);
  if (state.hold) {
    const [hold, go] = state.hold.map((said) => words(said));
    hold.classList.add("hold");
    go.classList.add("go");
    const held = sign("go", "icon go");
    made.append(button("action turning", { turning: "" }, sign("hold", "icon hold"), held, hold, go));
  }
  return made;
}

// How to correct, and how long it is possible.
function hint(state) {
  if (!(state.hint ?? []).length) return null;
  const said = element("p", "", words(state.hint));
  if (!state.live) return element("section", "hint", said);
  const round = { cx: 50, cy: 50, r: 42, pathLength: RING };
  const ring = drawn(
    "svg",
    { viewBox: "0 0 100 100", class: "ring", "aria-hidden": "true" },
    drawn("circle", { ...round, class: "whole" }),
    drawn("circle", { ...round, class: "left", transform: "rotate(-90 50 50)" }),
    drawn("text", { x: 50, y: 64, class: "seconds" }),
  );
  return element("section", "hint", said, ring);
}

function tag(state) {
  return state.scene === "standby" ? null : fault(state);
}

function rail(state) {
  const inside = [
    switches(state),
    hint(state),
    code(state),
    answers(state),
    notices(state),
    ruler(state),
    tag(state),
  ];
  return element("footer", "rail", ...inside);
}

// For the technician, who holds a rule or a bank card to it: is `px_per_mm` right?
function ruler(state) {
  return state.scene === "identify" ? element("p", "ruler", "50 mm") : null;
}

export function build(state) {
  const below = rail(state);
  const middle = stage(state);
  // The faces stay where they are; what else has nothing below it takes the whole place.
  const tall = !below.childElementCount && !state.faces;
  middle.classList.toggle("tall", tall);
  return tall ? [head(state), middle] : [head(state), middle, below];
}

// What must be the same for the existing elements to be kept.
export function shapeOf(state) {
  const { minute, number, live, percent, ...kept } = state;
  return JSON.stringify({ ...kept, open: isOpen(state), progress: percent !== undefined }, (name, value) =>
    name === "picked" || name === "tested" || (name === "on" && value !== undefined)
      ? undefined
      : value,
  );
}

export function update(page, state) {
  for (const one of state.topics ?? []) {
    page.querySelector(`[data-topic="${one.topic}"]`).ariaPressed = String(Boolean(one.picked));
  }
  for (const one of state.buttons ?? []) {
    if (one.on !== undefined) {
      page.querySelector(`[data-do="${one.do}"]`).ariaChecked = String(one.on);
    }
  }
  for (const one of state.faces ?? []) {
    page.querySelector(`[data-key="${one.key}"]`).classList.toggle("tested", Boolean(one.tested));
  }
  const bar = page.querySelector("progress");
  if (bar) {
    bar.value = state.percent;
    bar.nextSibling.textContent = `${state.percent} %`;
  }
  const minute = page.querySelector(".minute");
  const time = state.minute ?? "";
  if (minute && minute.textContent !== time) minute.textContent = time;
}

// How much of the time to correct is left, once a second.
export function showLeft(page, left_ms, whole_ms) {
  const left = page.querySelector(".ring .left");
  if (!left) return;
  const seconds = Math.ceil(left_ms / 1000);
  const part = Math.min(1, (seconds * 1000) / whole_ms);
  left.style.strokeDasharray = `${RING * part} ${RING}`;
  page.querySelector(".ring .seconds").textContent = String(seconds);
}
