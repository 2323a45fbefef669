// What the visitor does is sent to the demo; a refusal is told in words.
import { el } from "./nodes.js";
import { known, say } from "./words.js";

const TOAST_MS = 5000;
let toastTimer;

export function toast(title, why) {
  const box = document.getElementById("toast");
  box.replaceChildren(el("b", "", title), " ", why);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, TOAST_MS);
}

export async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.ok) return true;
    const refusal = await answer.json();
    const why = `refusal.${refusal.code}`;
    toast(say("refusal.title"), known(why) ? say(why) : refusal.code);
  } catch { toast(say("page.end"), say("page.end_why")); }
  return false;
}
