// One window: its clerk, its pad, and what can be done to the pad.
import { face } from "/pictures.js";
import { post } from "./actions.js";
import { chip, el, put } from "./nodes.js";
import { known, say, translate } from "./words.js";

export const LEVELS = ["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"];
const SWITCHES = ["cable", "power", "card", "time"];
const OLED = [128, 64];
const GLASS = [800, 480]; // of the touchscreen, in pixels of its own
const DOWN_MS = 140;

export class Window {
  constructor(pad) {
    this.pad = pad;
    this.beeps = pad.beeps;
    this.node = document.getElementById("window").content.firstElementChild.cloneNode(true);
    this.node.id = pad.id;
    this.find("h2").id = `${pad.id}-title`;
    this.node.setAttribute("aria-labelledby", `${pad.id}-title`);
    this.find(".device").append(...(pad.touch ? this.glass() : this.keys()));
    this.find(".who a").href = pad.clerk;
    this.find(".switches").append(...SWITCHES.map((name) => this.switch(name)));
    this.listen();
    this.translate();
  }

  find(selector) { return this.node.querySelector(selector); }
  all(selector) { return this.node.querySelectorAll(selector); }
  act(action, body) { return post(`/pads/${this.pad.id}/${action}`, body); }

  // --- its parts ----------------------------------------------------------------------------------

  keys() {
    const oled = el("canvas");
    [oled.width, oled.height] = OLED;
    oled.role = "img";
    const keys = el("div", "keys");
    keys.dataset.part = "keys";
    keys.role = "group";
    keys.dataset.label = "window.keys_group";
    keys.append(...LEVELS.map((level) => {
      const key = el("button", "key", face(level), el("span"));
      key.type = "button";
      key.dataset.level = level;
      key.lastChild.dataset.t = `level.${level}`;
      key.addEventListener("click", () => this.press(level));
      return key;
    }));
    const both = el("button", "both");
    both.type = "button";
    both.dataset.t = "window.both";
    both.addEventListener("click", () => this.act("press", { keys: [LEVELS[0], LEVELS.at(-1)] }));
    this.caption = el("span");
    this.horn = el("span", "horn");
    this.horn.setAttribute("aria-hidden", "true");
    const voice = el("p", "voice", this.horn, this.caption);
    voice.role = "status";
    return [el("div", "oled", oled), keys, el("div", "lower", voice, both)];
  }

  // The real touch page, in a frame that is as many pixels as its screen would have.
  glass() {
    const frame = el("iframe");
    frame.dataset.title = "window.glass";
    const glass = el("div", "glass", frame, el("div", "dark"));
    glass.dataset.part = "glass";
    new ResizeObserver(() => this.fit(glass, frame)).observe(glass);
    return [glass];
  }

  fit(glass, frame) {
    const [width, height] = GLASS.map((pixels) => Math.floor(pixels / devicePixelRatio));
    frame.style.width = `${width}px`;
    frame.style.height = `${height}px`;
    frame.style.transform = `scale(${glass.clientWidth / width})`;
  }

  switch(name) {
    const button = el("button", "", el("span", "track"), el("b"), el("span", "how"));
    button.type = "button";
    button.role = "switch";
    button.dataset.part = button.dataset.switch = name;
    button.children[1].dataset.t = `switch.${name}`;
    button.addEventListener("click", async () => {
      const on = button.ariaChecked !== "true";
      button.ariaBusy = "true";
      await this.act(name, { on });
      button.ariaBusy = "false";
    });
    return button;
  }

  listen() {
    const form = this.find("form");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.act("invite", { case: form.elements.case.value.trim() })) this.edited = false;
    });
    form.elements.case.addEventListener("input", () => { this.edited = true; });
    this.find('[data-do="withdraw"]').addEventListener("click", () => this.act("withdraw"));
    this.find('[data-do="pause"]').addEventListener("click", () =>
      this.act("pause", { on: this.pad.window_state !== "paused" }));
  }

  async press(level) {
    const key = this.find(`[data-level="${level}"]`);
    key.classList.add("down");
    setTimeout(() => key.classList.remove("down"), DOWN_MS);
    await this.act("press", { keys: [level] });
  }

  // --- what it shows ------------------------------------------------------------------------------

  translate() {
    translate(this.node);
    put(this.find("h2"), say("window.title", { window: this.pad.window }));
    put(this.find(".kind"), say(this.pad.touch ? "window.touch" : "window.keys"));
    const frame = this.find("iframe");
    if (frame) frame.title = say(frame.dataset.title);
    const both = this.find(".both");
    if (both) both.title = say("window.both_why");
    this.draw(this.pad);
  }

  draw(pad) {
    this.pad = pad;
    this.drawState(pad);
    this.drawDesk(pad);
    for (const button of this.all("[data-switch]")) this.drawSwitch(button, pad);
    if (pad.touch) this.drawGlass(pad);
    else this.drawKeys(pad);
  }

  drawState(pad) {
    const closed = ["fault", "paused"].includes(pad.window_state) ? pad.window_state : "on";
    const state = pad.ready ? closed : pad.power ? "starting" : "off";
    this.find(".state").className = `chip state ${state}`;
    put(this.find(".state"), say(`window.${state}`));
  }

  drawDesk(pad) {
    const form = this.find("form");
    if (!this.edited) form.elements.case.value = pad.next_case;
    this.find('[data-part="invite"]').disabled = !pad.ready || pad.open || pad.window_state !== "ready";
    this.find('[data-do="withdraw"]').disabled = !pad.ready || !pad.open;
    const pause = this.find('[data-do="pause"]');
    pause.disabled = !pad.ready || pad.window_state === "fault";
    put(pause, say(pad.window_state === "paused" ? "desk.resume" : "desk.pause"));
    const [last] = pad.visits;
    const now = last ? `${last.case} ${last.standing}` : "none";
    if (this.visit === now + say("desk.none")) return;
    this.visit = now + say("desk.none");
    this.find(".visit").replaceChildren(...(last
      ? [chip(last.standing, say(`desk.${last.standing}`)), el("span", "case", last.case)]
      : [el("span", "none", say("desk.none"))]));
  }

  drawSwitch(button, pad) {
    const name = button.dataset.switch;
    const on = { cable: pad.cable, power: pad.power, card: pad.card, time: pad.time_server }[name];
    button.ariaChecked = String(on);
    put(button.lastChild, say(`switch.${name}_${on ? "on" : "off"}`));
    const starting = pad.power && !pad.ready;
    button.disabled = name !== "cable" && (starting || (name === "card" && !pad.power));
  }

  drawKeys(pad) {
    for (const key of this.all(".key")) key.classList.toggle("lit", pad.lit.includes(key.dataset.level));
    const scene = pad.power && known(`scene.${pad.scene}`);
    this.find("canvas").ariaLabel = `${say("window.display")}: ${scene || say("window.off")}`;
    put(this.caption, pad.prompt ? say(`prompt.${pad.prompt}`) : "");
    this.horn.classList.toggle("speaks", Boolean(pad.prompt));
    if (pad.beeps > this.beeps) {
      this.horn.classList.remove("beeps");
      requestAnimationFrame(() => this.horn.classList.add("beeps"));
    }
    this.beeps = pad.beeps;
  }

  // Loaded once, when the pad's server is there; the page then finds a restarted agent by itself.
  drawGlass(pad) {
    const frame = this.find("iframe");
    if (pad.ready && !frame.src) frame.src = pad.touch;
    frame.inert = !pad.ready;
    put(this.find(".dark"), pad.ready ? "" : say(pad.power ? "window.starting" : "window.off"));
  }

  drawPicture(bits) {
    const context = this.find("canvas")?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(...OLED);
    for (let pixel = 0; pixel < image.data.length / 4; pixel += 1) {
      const lit = bits[pixel >> 3] & (0x80 >> (pixel & 7));
      image.data.set(lit ? [205, 234, 255, 255] : [7, 11, 14, 255], pixel * 4);
    }
    context.putImageData(image, 0, 0);
  }

  aim(target) {
    for (const part of this.all("[data-part]")) part.classList.toggle("aim", part.dataset.part === target);
  }
}
