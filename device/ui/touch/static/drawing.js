// Makes the elements of a state; it keeps nothing and decides nothing. A state with another shape
// gets new elements. For one with the same shape the existing elements are updated, so that a finger
// that is down stays on the button on which it came down.

const SVG = "http://www.w3.org/2000/svg";
// The height of the mouth's corners and of the point that bends it: the only difference between the
// five faces.
const MOUTHS = {
  very_satisfied: [58, 94],
  satisfied: [62, 80],
  basically_satisfied: [67, 67],
  dissatisfied: [72, 56],
  very_dissatisfied: [76, 44],
};

function element(tag, classes, ...inside) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.append(...inside.filter((one) => one !== null));
  return made;
}

function drawn(tag, attributes, ...inside) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

function lines(tag, classes, said) {
  return (said ?? []).map((line) => {
    const made = element(tag, classes, line.text);
    made.lang = line.lang;
    return made;
  });
}

function words(said) {
  const parts = lines("span", "", said);
  return element("span", "words", ...parts.flatMap((one, at) => (at ? [" ", one] : [one])));
}

function face(key) {
  const [corners, bend] = MOUTHS[key];
  return drawn(
    "svg",
    { viewBox: "0 0 100 100", "aria-hidden": "true", focusable: "false" },
    drawn("circle", { cx: 50, cy: 50, r: 44, class: "rim" }),
    drawn("circle", { cx: 35, cy: 40, r: 5, class: "eye" }),
    drawn("circle", { cx: 65, cy: 40, r: 5, class: "eye" }),
    drawn("path", { d: `M29 ${corners} Q50 ${bend} 71 ${corners}`, class: "mouth" }),
  );
}

function button(classes, attributes, ...inside) {
  const made = element("button", classes, ...inside);
  made.type = "button";
  for (const [name, value] of Object.entries(attributes)) made.dataset[name] = value;
  return made;
}

function heading(state) {
  const [first, ...others] = state.title ?? [];
  const title = element("h1", "", ...lines("span", "", first ? [first] : []));
  title.append(...lines("span", "other", others));
  const body = element("div", "body", ...lines("p", "", state.body));
  const parts = [title, body];
  if (state.scene === "thanks") parts.unshift(tick());
  return element("div", "heading", ...parts);
}

function tick() {
  return drawn(
    "svg",
    { viewBox: "0 0 100 100", class: "tick", "aria-hidden": "true", focusable: "false" },
    drawn("circle", { cx: 50, cy: 50, r: 46, class: "rim" }),
    drawn("path", { d: "M28 52 L44 68 L74 34", class: "mouth" }),
  );
}

// While a rating is being committed the faces stay as they are: thanks follows within a moment, and
// drawing twice would delay it.
function isOpen(state) {
  return Boolean(state.live) || state.scene === "invitation";
}

function faces(state) {
  const all = (state.faces ?? []).map((one) => {
    const made = button("face", { key: one.key }, face(one.key), words(one.words));
    made.disabled = !isOpen(state);
    return made;
  });
  return all.length ? element("div", "faces", ...all) : null;
}

function reasons(state) {
  const all = (state.reasons ?? []).map((one) =>
    button("reason", { code: one.code }, words(one.words)),
  );
  return all.length ? element("div", "reasons", ...all, code(state)) : null;
}

function row(classes, buttons) {
  const all = (buttons ?? []).map((one) => button(`do ${one.do}`, { do: one.do }, words(one.words)));
  return all.length ? element("div", classes, ...all) : null;
}

function code(state) {
  const rows = state.code ?? [];
  if (!rows.length) return null;
  const quiet = 4;
  const side = rows.length + 2 * quiet;
  const path = rows.flatMap((signs, y) =>
    [...signs].flatMap((sign, x) => (sign === "1" ? [`M${x + quiet} ${y + quiet}h1v1h-1z`] : [])),
  );
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": "QR", class: "qr" },
    drawn("rect", { width: side, height: side, class: "paper" }),
    drawn("path", { d: path.join(""), class: "ink" }),
  );
  return element("div", "code", picture, words(state.code_words));
}

function card(state) {
  const one = state.card;
  if (!one) return null;
  const name = element("strong", "", one.name);
  name.lang = state.title?.[0]?.lang ?? "zh-CN";
  const parts = [element("p", "serves", words(one.serves)), element("p", "name", name)];
  if (one.number) parts.push(element("p", "number", words(one.number_words), " ", one.number));
  const photo = one.photo ? element("img", "photo") : null;
  if (photo) {
    photo.src = "/photo";
    photo.alt = "";
  }
  return element("div", "card", photo, element("div", "", ...parts));
}

function notices(state) {
  const all = lines("p", "notice", state.notices);
  if (!all.length) return null;
  all.slice(1).forEach((one) => (one.hidden = true));
  const made = element("div", "notices", ...all);
  if (state.hold) {
    const [hold, go] = state.hold.map((said) => words(said));
    hold.classList.add("hold");
    go.classList.add("go");
    made.append(button("turning", { turning: "" }, hold, go));
  }
  return made;
}

function top(state) {
  const hall = lines("p", "hall", state.hall);
  if (state.scene !== "standby") return null;
  return element("div", "top", ...hall, fault(state), element("p", "minute"));
}

// For the technician. In standby the fault does not close the window and stands beside the time.
function fault(state) {
  return state.fault ? element("p", "fault", state.fault) : null;
}

export function build(state) {
  const beside = state.reasons ? null : code(state);
  const hall = element("div", "hallway", heading(state), card(state), beside);
  return [
    top(state),
    hall,
    faces(state),
    reasons(state),
    row("answers", state.answers),
    notices(state),
    state.scene === "standby" ? null : fault(state),
    row("bar", state.buttons),
  ].filter((one) => one !== null);
}

// What must be the same for the existing elements to be kept.
export function shapeOf(state) {
  const { minute, number, live, ...kept } = state;
  return JSON.stringify({ ...kept, open: isOpen(state) }, (name, value) =>
    name === "picked" || name === "tested" || (name === "on" && value !== undefined)
      ? undefined
      : value,
  );
}

export function update(page, state) {
  for (const one of state.reasons ?? []) {
    page.querySelector(`[data-code="${one.code}"]`).ariaPressed = String(Boolean(one.picked));
  }
  for (const one of state.buttons ?? []) {
    if (one.on !== undefined) {
      page.querySelector(`[data-do="${one.do}"]`).ariaPressed = String(one.on);
    }
  }
  for (const one of state.faces ?? []) {
    page.querySelector(`[data-key="${one.key}"]`).classList.toggle("tested", Boolean(one.tested));
  }
  const minute = page.querySelector(".minute");
  const time = state.minute ?? "";
  if (minute && minute.textContent !== time) minute.textContent = time;
}
