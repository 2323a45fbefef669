// Tells the agent of fingers, and draws what it answers. The agent owns everything: without it
// this page says only that one should wait.
import { putRight, shapeOf, whole } from "./drawing.js";

const AGAIN_MS = 250; // always as often: the agent that comes back is seen at once
const DEAF_MS = 2000; // a report without any answer for so long: the agent is not well
const SHOWN_MS = 10000; // so often the agent is told that this page is on a screen
const RELEASE_MS = 150; // after a touch that nothing came of, its button looks as before
const SLOP_MM = 5; // a finger may slide so far off a button and is still meant for it

const page = document.getElementById("page");
const held = new Map(); // pointer -> the button that it came down on
let socket = null;
let edition = null;
let state = null;
let shape = null;
let shownAt = 0;
let waiting = null;
let turning = null;
let showing = null;

// --- the secret ----------------------------------------------------------------------------------

function secret() {
  if (location.hash.length > 1) {
    sessionStorage.setItem("secret", location.hash.slice(1));
    history.replaceState(null, "", "/");
  }
  return sessionStorage.getItem("secret") ?? "";
}

// --- the agent -----------------------------------------------------------------------------------

// Whether the agent is there is asked by a fetch: a browser makes a page wait ever longer for a
// WebSocket that failed before, up to five seconds (Chromium).
function connect() {
  fetch("/here", { cache: "no-store" }).then(open, () => setTimeout(connect, AGAIN_MS));
}

function open() {
  const made = new WebSocket(`ws://${location.host}/touch`, [
    "ratingpad.touch",
    `secret.${secret()}`,
  ]);
  made.onmessage = (event) => hear(JSON.parse(event.data));
  made.onclose = () => {
    if (socket === made) lose();
    setTimeout(connect, AGAIN_MS);
  };
  made.onopen = () => {
    socket = made;
    show();
  };
}

// Whatever stood here may not be true any more, thanks least of all.
function lose() {
  socket = null;
  shape = state = null;
  held.clear();
  clearTimeout(waiting);
  clearInterval(turning);
  page.replaceChildren();
  document.documentElement.className = "lost";
}

function say(said) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify(said));
  clearTimeout(waiting);
  waiting = setTimeout(() => socket?.close(), DEAF_MS);
}

// Out of a frame: a browser that runs and shows nothing draws none. It waits for no answer.
function show() {
  cancelAnimationFrame(showing);
  showing = requestAnimationFrame(() => {
    if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"shown"}');
  });
}

function hear(told) {
  clearTimeout(waiting);
  if (told.edition) {
    if (edition && edition !== told.edition) location.reload();
    edition = told.edition;
  }
  if (told.state) draw(told.state);
  if (told.free) setTimeout(release, RELEASE_MS);
}

function draw(told) {
  if (told.number !== state?.number) shownAt = performance.now();
  state = told;
  const now = shapeOf(told);
  if (now !== shape) {
    shape = now;
    const root = document.documentElement;
    root.style.setProperty("--mm", `${told.mm / devicePixelRatio}px`);
    root.style.setProperty("--text", String(told.text_mm));
    root.style.setProperty("--target", String(told.target_mm));
    root.lang = told.title?.[0]?.lang ?? "zh-CN";
    const many = (told.title ?? []).length;
    root.className = [
      told.scene,
      told.large ? "large" : "",
      told.contrast ? "contrast" : "",
      `languages-${many}`,
      told.faces ? "faced" : "",
    ].join(" ");
    const focus = document.activeElement?.dataset ?? {};
    page.replaceChildren(...whole(told));
    for (const name of ["key", "code", "do"]) {
      if (focus[name]) page.querySelector(`[data-${name}="${focus[name]}"]`)?.focus();
    }
    shownAt = performance.now();
    turn();
  }
  putRight(page, told);
  document.documentElement.dataset.number = told.number;
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

// --- fingers -------------------------------------------------------------------------------------

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
    say({
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

// `last`: where the finger was then; none when the browser took it for something else.
function lift(pointer, last) {
  const button = held.get(pointer);
  if (button) up(button, pointer, Boolean(last) && isThere(button, last.clientX, last.clientY));
}

function up(button, pointer, there) {
  held.delete(pointer);
  if (button.dataset.key) {
    say({ type: "up", pointer, there });
    return;
  }
  button.classList.remove("down");
  if (there) act(button);
}

function act(button) {
  const { do: wish, code, turning: turns } = button.dataset;
  if (!state) return;
  if (wish) say({ type: "do", number: state.number, do: wish });
  if (code) {
    button.ariaPressed = String(button.ariaPressed !== "true");
    say({ type: "pick", number: state.number, code });
  }
  if (turns !== undefined) button.closest(".notices").classList.toggle("held");
}

function release() {
  if (held.size) return;
  for (const one of page.querySelectorAll(".down")) one.classList.remove("down");
}

// A finger is a pointer, or, where the browser tells of no pointer for it (WPE, which is cog), itself.
let fingersArePointers = false;

addEventListener("pointerdown", (event) => {
  if (event.pointerType === "touch") fingersArePointers = true;
  press(event.target, event.pointerId, event.timeStamp);
});

for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, (event) => lift(event.pointerId, name === "pointerup" && event));
}

// No mouse is played for a touch: it would put focus and hover on the button and draw a frame for
// them, and thanks, which comes a blink later, would wait for the next one.
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

// By keys, or by a program that reads the screen out: such a click has no pointer.
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

setInterval(show, SHOWN_MS);
connect();
