// Reports touches to the agent, and draws the states that it sends. The agent owns the session:
// without a connection to it this page says only that the citizen should wait.
import { build, shapeOf, update } from "./drawing.js";

const RETRY_MS = 250; // no back-off: the page is back as soon as the agent is
const ANSWER_MS = 2000; // a report without an answer for so long: the agent does not work
const SHOWN_MS = 10000; // how often the page reports that it is on a screen
const RELEASE_MS = 150; // so long after a touch without effect its button looks as before
const SLOP_MM = 5; // a finger that slides off a button by no more still counts for it

const page = document.getElementById("page");
const held = new Map(); // pointer -> the button that it came down on
let socket = null;
let edition = null;
let state = null;
let shape = null;
let shownAt = 0;
let waiting = null;
let turning = null;
let shownFrame = null;

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
  page.replaceChildren();
  document.documentElement.className = "lost";
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
    if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"shown"}');
  });
}

function receive(message) {
  clearTimeout(waiting);
  if (message.edition) {
    if (edition && edition !== message.edition) location.reload();
    edition = message.edition;
  }
  if (message.state) draw(message.state);
  if (message.free) setTimeout(release, RELEASE_MS);
}

function draw(next) {
  if (next.number !== state?.number) shownAt = performance.now();
  state = next;
  const now = shapeOf(next);
  if (now !== shape) {
    shape = now;
    const root = document.documentElement;
    root.style.setProperty("--mm", `${next.mm / devicePixelRatio}px`);
    root.style.setProperty("--text", String(next.text_mm));
    root.style.setProperty("--target", String(next.target_mm));
    root.lang = next.title?.[0]?.lang ?? "zh-CN";
    const many = (next.title ?? []).length;
    root.className = [
      next.scene,
      next.large ? "large" : "",
      next.contrast ? "contrast" : "",
      `languages-${many}`,
      next.faces ? "faced" : "",
    ].join(" ");
    const focus = document.activeElement?.dataset ?? {};
    page.replaceChildren(...build(next));
    for (const name of ["key", "code", "do"]) {
      if (focus[name]) page.querySelector(`[data-${name}="${focus[name]}"]`)?.focus();
    }
    shownAt = performance.now();
    turn();
  }
  update(page, next);
  document.documentElement.dataset.number = next.number;
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
  const { do: name, code, turning: turns } = button.dataset;
  if (!state) return;
  if (name) report({ type: "do", number: state.number, do: name });
  if (code) {
    button.ariaPressed = String(button.ariaPressed !== "true");
    report({ type: "pick", number: state.number, code });
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
connect();
