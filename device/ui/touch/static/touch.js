// Reports touches to the agent, and draws the states that it sends. The agent owns the session:
// without a connection to it this page says only that the citizen should wait.
import { build, shapeOf, showLeft, update } from "./drawing.js";

const RETRY_MS = 250; // no back-off: the page is back as soon as the agent is
const ANSWER_MS = 2000; // a report without an answer for so long: the agent does not work
const SHOWN_MS = 10000; // how often the page reports that it is on a screen
const RELEASE_MS = 150; // so long after a touch without effect its button looks as before
const SLOP_MM = 5; // a finger that slides off a button by no more still counts for it
const STAFF_MS = 30000; // so long without the agent: somebody must be told
const SLACK_MM = 1.5; // a line is higher than its letters
const SECOND_MS = 1000;

const page = document.getElementById("page");
const held = new Map(); // pointer -> the button that it came down on
let socket = null;
let edition = null;
let state = null;
let shape = null;
let shownAt = 0;
let waiting = null;
let turning = null;
let counting = null;
let calling = null;
let shownFrame = null;
let clipped = false; // whether anything did not fit since the agent was found

// --- the secret ----------------------------------------------------------------------------------

function secret() {
  if (location.hash.length > 1) {
    sessionStorage.setItem("secret", location.hash.slice(1));
    history.replaceState(null, "", "/");
  }
  return sessionStorage.getItem("secret") ?? "";
}

// --- the agent -----------------------------------------------------------------------------------

// A fetch finds out whether the agent is there: after failed WebSockets a browser delays each new one
// longer, up to five seconds (Chromium).
function connect() {
  fetch("/here", { cache: "no-store" }).then(open, () => setTimeout(connect, RETRY_MS));
}

function open() {
  const made = new WebSocket(`ws://${location.host}/touch`, [
    "ratingpad.touch",
    `secret.${secret()}`,
  ]);
  made.onmessage = (event) => receive(JSON.parse(event.data));
  made.onclose = () => {
    if (socket === made) disconnect();
    setTimeout(connect, RETRY_MS);
  };
  made.onopen = () => {
    socket = made;
    clearTimeout(calling);
    calling = null;
    clipped = false;
    reportShown();
  };
}

// What the page showed may not be true any more, thanks least of all.
function disconnect() {
  socket = null;
  shape = state = null;
  held.clear();
  clearTimeout(waiting);
  clearInterval(turning);
  clearInterval(counting);
  page.replaceChildren();
  document.documentElement.className = "lost";
  waitForAgent();
}

function waitForAgent() {
  calling ??= setTimeout(() => document.documentElement.classList.add("long"), STAFF_MS);
}

function report(message) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(message));
  clearTimeout(waiting);
  waiting = setTimeout(() => socket?.close(), ANSWER_MS);
}

// Sent from within a frame: a browser that runs but shows nothing draws none. No answer follows.
function reportShown() {
  cancelAnimationFrame(shownFrame);
  shownFrame = requestAnimationFrame(() => {
    if (socket?.readyState !== WebSocket.OPEN || !state) return;
    const mm = state.mm / devicePixelRatio;
    const shown = { type: "shown", width_mm: innerWidth / mm, height_mm: innerHeight / mm, clipped };
    socket.send(JSON.stringify(shown));
  });
}

function receive(message) {
  clearTimeout(waiting);
  if (message.edition) {
    if (edition && edition !== message.edition) location.reload();
    edition = message.edition;
  }
  if (message.state) draw(message.state, message.left_ms);
  if (message.free) setTimeout(release, RELEASE_MS);
}

// A screen that is smaller than its `px_per_mm` says would cut something off: everything is made
// smaller instead, and the agent is told the size.
function fit(next) {
  const [long, short] = next.least_mm;
  const [width, height] = innerWidth > innerHeight ? [long, short] : [short, long];
  const mm = next.mm / devicePixelRatio;
  return Math.min(mm, innerWidth / width, innerHeight / height);
}

function draw(next, left_ms) {
  if (next.number !== state?.number) shownAt = performance.now();
  state = next;
  const now = shapeOf(next);
  if (now !== shape) {
    shape = now;
    const root = document.documentElement;
    root.style.setProperty("--mm", `${fit(next)}px`);
    root.style.setProperty("--text", String(next.text_mm));
    root.style.setProperty("--target", String(next.target_mm));
    root.lang = next.title?.[0]?.lang ?? "zh-CN";
    root.className = [
      next.scene,
      next.large ? "large" : "",
      next.contrast ? "contrast" : "",
      (next.title ?? []).length > 1 ? "" : "single",
    ].join(" ");
    const focus = document.activeElement?.dataset ?? {};
    page.replaceChildren(...build(next));
    for (const name of ["key", "topic", "do"]) {
      if (focus[name]) page.querySelector(`[data-${name}="${focus[name]}"]`)?.focus();
    }
    shownAt = performance.now();
    turn();
    requestAnimationFrame(measure);
  }
  update(page, next);
  count(left_ms);
  document.documentElement.dataset.number = next.number;
}

// A text that is too long for its place: told to the agent with the next report that the page is
// shown.
function measure() {
  const slack = SLACK_MM * parseFloat(document.documentElement.style.getPropertyValue("--mm"));
  for (const one of page.querySelectorAll(".words > span, p, b")) {
    const text = one.getBoundingClientRect();
    const place = one.closest(".key, .sheet, .panel, .closed, .hint, .head, .rail");
    const room = place?.getBoundingClientRect();
    if (!room || !text.width) continue;
    const wide = text.left < room.left - slack || text.right > room.right + slack;
    if (wide || text.top < room.top - slack || text.bottom > room.bottom + slack) clipped = true;
  }
}

// --- how long a rating may be corrected ------------------------------------------------------------

function count(left_ms) {
  clearInterval(counting);
  if (left_ms === undefined) return;
  const until = performance.now() + left_ms;
  const whole_ms = Math.max(left_ms, 1);
  const step = () => {
    const now_ms = Math.max(0, until - performance.now());
    showLeft(page, now_ms, whole_ms);
    if (!now_ms) clearInterval(counting);
  };
  step();
  counting = setInterval(step, SECOND_MS);
}

// --- notices -------------------------------------------------------------------------------------

function turn() {
  clearInterval(turning);
  if (!state.notice_s) return;
  turning = setInterval(() => {
    const box = page.querySelector(".notices");
    if (!box || box.classList.contains("held")) return;
    const all = [...box.querySelectorAll(".notice")];
    const at = all.findIndex((one) => !one.hidden);
    all[at].hidden = true;
    all[(at + 1) % all.length].hidden = false;
  }, state.notice_s * 1000);
}

// --- touches -------------------------------------------------------------------------------------

function buttonAt(target) {
  const found = target instanceof Element ? target.closest("button") : null;
  return found && !found.disabled && page.contains(found) ? found : null;
}

function isThere(button, x, y) {
  const slop = SLOP_MM * (state ? state.mm / devicePixelRatio : 1);
  const box = button.getBoundingClientRect();
  const across = x >= box.left - slop && x <= box.right + slop;
  return button.isConnected && across && y >= box.top - slop && y <= box.bottom + slop;
}

function down(button, pointer, at) {
  button.classList.add("down");
  held.set(pointer, button);
  if (button.dataset.key && state) {
    const now = performance.now();
    report({
      type: "down",
      number: state.number,
      pointer,
      key: button.dataset.key,
      age_ms: Math.max(0, now - at),
      seen_ms: Math.max(0, at - shownAt),
    });
  }
}

function press(target, pointer, at) {
  const button = buttonAt(target);
  if (button) down(button, pointer, at);
}

// `last`: where the finger lifted; none when the browser took the touch for a gesture of its own.
function lift(pointer, last) {
  const button = held.get(pointer);
  if (button) up(button, pointer, Boolean(last) && isThere(button, last.clientX, last.clientY));
}

function up(button, pointer, there) {
  held.delete(pointer);
  if (button.dataset.key) {
    report({ type: "up", pointer, there });
    return;
  }
  button.classList.remove("down");
  if (there) act(button);
}

function act(button) {
  const { do: name, topic, turning: turns } = button.dataset;
  if (!state) return;
  if (name) report({ type: "do", number: state.number, do: name });
  if (topic) {
    button.ariaPressed = String(button.ariaPressed !== "true");
    report({ type: "pick", number: state.number, topic });
  }
  if (turns !== undefined) button.closest(".notices").classList.toggle("held");
}

function release() {
  if (held.size) return;
  for (const one of page.querySelectorAll(".down")) one.classList.remove("down");
}

// Touches come as pointer events; in a browser without them for touches (WPE, which is cog), as touch
// events.
let fingersArePointers = false;

addEventListener("pointerdown", (event) => {
  if (event.pointerType === "touch") fingersArePointers = true;
  press(event.target, event.pointerId, event.timeStamp);
});

for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, (event) => lift(event.pointerId, name === "pointerup" && event));
}

// Keep the browser from sending mouse events for a touch as well: they would set focus and hover on
// the button and cost a frame, and thanks, which follows within a moment, would wait for the next.
addEventListener(
  "touchstart",
  (event) => {
    if (event.cancelable) event.preventDefault();
    if (fingersArePointers) return;
    for (const finger of event.changedTouches) {
      press(finger.target, finger.identifier, event.timeStamp);
    }
  },
  { passive: false },
);

for (const name of ["touchend", "touchcancel"]) {
  addEventListener(name, (event) => {
    if (fingersArePointers) return;
    for (const finger of event.changedTouches) {
      lift(finger.identifier, name === "touchend" && finger);
    }
  });
}

// A click by keys or by a screen reader has no pointer.
addEventListener("click", (event) => {
  const button = buttonAt(event.target);
  if (!button || event.detail) return;
  if (button.dataset.key) {
    down(button, -1, performance.now());
    up(button, -1, true);
  } else {
    act(button);
  }
});

for (const name of ["contextmenu", "dragstart", "selectstart"]) {
  addEventListener(name, (event) => event.preventDefault());
}

setInterval(reportShown, SHOWN_MS);
waitForAgent();
connect();
