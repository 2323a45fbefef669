// The page's language, and its words. `say("desk.invite")` is a text; {n} and the like are filled in.

const LANGUAGES = await (await fetch("/words.json")).json();
const KEPT = "ratingpad-demo-language";

let language = preferred();

function preferred() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEPT);
  const wanted = [asked, ...navigator.languages].map((one) => one?.slice(0, 2));
  return wanted.find((one) => one in LANGUAGES) ?? "en";
}

export const chosen = () => language;
export const tag = () => LANGUAGES[language].page.lang;

export function choose(next) {
  language = next;
  localStorage.setItem(KEPT, next);
}

export function known(path) {
  return path.split(".").reduce((part, name) => part?.[name], LANGUAGES[language]);
}

export function say(path, values = {}) {
  const text = known(path) ?? path.split(".").at(-1);
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Everything with `data-t` or `data-label` below `root` says it in the chosen language.
export function translate(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = say(node.dataset.t);
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", say(node.dataset.label));
  }
}

export const time = (utc) => {
  const moment = new Date(utc); // beyond the year 275760 there is no date
  return Number.isNaN(moment.getTime()) ? `${utc} ms`
    : moment.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
};
