// The page: draws what the server pushes (server-sent events), sends what the visitor does.
// No framework, no file of another server. Rendering never replaces a control, so focus stays where it is.

const LEVELS = [
  ["very_satisfied", "非常满意", "非常<br>满意", "very satisfied", 5],
  ["satisfied", "满意", "满意", "satisfied", 2.6],
  ["basically_satisfied", "基本满意", "基本<br>满意", "basically satisfied", 0],
  ["dissatisfied", "不满意", "不满意", "dissatisfied", -2.6],
  ["very_dissatisfied", "非常不满意", "非常<br>不满意", "very dissatisfied", -5],
];
const LEVEL_ZH = Object.fromEntries(LEVELS.map(([id, zh]) => [id, zh]));
const KINDS = {
  opened: "启用", booted: "开机", clock: "校时", invited: "邀请", rated: "评价", detailed: "详情",
  lapsed: "超时", withdrawn: "撤回", strayed: "误按", paused: "暂停", resumed: "恢复",
  configured: "配置", fault: "故障", cleared: "排除", salvaged: "抢救",
};
const STANDINGS = {
  open: ["等待评价", "open"], rated: ["已评价", "rated"], unrated: ["未评价", "unrated"],
  withdrawn: ["已撤回", "withdrawn"],
};
const DATED = {
  anchor: ["补算", "dated from the anchor of its boot"], unknown: ["时间待定", "time not known yet"],
};
const REFUSALS = {
  busy: ["正在等待评价", "an invitation is open already"], paused: ["窗口已暂停", "the window is paused"],
  fault: ["评价器有故障", "the pad has a fault"], off: ["评价器没有电或正在启动", "the pad has no power, or is starting"],
  failed: ["评价器没有启动", "the pad did not start; the terminal says why"],
  "already-ended": ["这次邀请已经结束", "the invitation has ended"],
  "unknown-invitation": ["没有这次邀请", "no such invitation"],
};
const SCENES = {
  standby: "待机", invitation: "请评价", saving: "保存中", thanks: "谢谢", lapsed: "未评价",
  paused: "暂停服务", fault: "故障", checking: "检查记录", unbound: "未绑定", selftest: "自检", identify: "识别",
};

const $ = (id) => document.getElementById(id);
const el = (tag, className = "", ...children) => {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
};
const en = (text) => {
  const node = el("span", "", text);
  node.lang = "en";
  return node;
};
const both = (zh, english) => {
  const nodes = document.createDocumentFragment();
  nodes.append(zh + " ", en(english));
  return nodes;
};
const say = (id, text) => { if ($(id).textContent !== String(text)) $(id).textContent = text; };

let state = { pads: [] };
let chosen = new URLSearchParams(location.search).get("pad");
const pictures = {};
const pad = () => state.pads.find((one) => one.id === chosen) ?? state.pads[0];

// --- actions ------------------------------------------------------------------------------------

async function post(path, body = {}) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.ok) return true;
    const refusal = await answer.json();
    toast(...(REFUSALS[refusal.code] ?? ["没有成功", refusal.says]));
  } catch { toast("演示已经结束", "the demo has ended"); }
  return false;
}
const act = (action, body) => pad() && post(`/pads/${pad().id}/${action}`, body);

let toastTimer;
function toast(zh, english) {
  $("toast").replaceChildren(both(zh, english));
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 3200);
}

async function press(level) {
  const key = $(`key-${level}`);
  key.classList.add("down");
  setTimeout(() => key.classList.remove("down"), 140);
  await act("press", { keys: [level] });
}

$("invite-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await act("invite", { case: $("case").value.trim() })) $("case").dataset.edited = "";
});
$("case").addEventListener("input", () => { $("case").dataset.edited = "yes"; });
$("withdraw").addEventListener("click", () => act("withdraw"));
$("pause").addEventListener("click", () => act("pause", { on: pad().window_state !== "paused" }));
$("both").addEventListener("click", () => act("press", { keys: ["very_satisfied", "very_dissatisfied"] }));
for (const name of ["cable", "power", "time"]) {
  $(name).addEventListener("click", async () => {
    const on = $(name).getAttribute("aria-checked") !== "true";
    $(name).setAttribute("aria-busy", "true");
    await act(name, { on });
    $(name).removeAttribute("aria-busy");
  });
}
$("verify").addEventListener("click", () => post("/verify"));

const SHORTCUTS = { i: "invite", c: "cable", p: "power", t: "time", v: "verify" };
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const level = LEVELS[Number(event.key) - 1];
  if (level) press(level[0]);
  else if (SHORTCUTS[event.key.toLowerCase()]) $(SHORTCUTS[event.key.toLowerCase()]).click();
});

for (const [id, zh, broken, english, mouth] of LEVELS) {
  const key = el("button", `key ${id}`);
  key.id = `key-${id}`;
  key.type = "button";
  key.setAttribute("aria-label", `${zh} ${english}`);
  key.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="10"/>
    <path d="M8.6 9v.6M15.4 9v.6M7.5 ${15 - mouth / 4}Q12 ${15 + mouth} 16.5 ${15 - mouth / 4}"/></svg>
    <span class="zh">${broken}</span>`;
  key.addEventListener("click", () => press(id));
  $("keys").append(key);

  const item = el("li", id);
  item.id = `level-${id}`;
  item.innerHTML = `<span class="bar"><i></i></span><b>0</b><span>${zh}</span><span lang="en">${english}</span>`;
  $("levels").append(item);
}

// --- what the server pushes ---------------------------------------------------------------------

const events = new EventSource("/events");
events.addEventListener("picture", (event) => {
  const told = JSON.parse(event.data);
  pictures[told.pad] = Uint8Array.from(atob(told.picture), (letter) => letter.charCodeAt(0));
  if (!pad() || told.pad === pad().id) drawOled(pictures[told.pad]);
});
events.addEventListener("state", (event) => {
  state = JSON.parse(event.data);
  document.body.classList.remove("offstage");
  if (pad()) render();
});
events.addEventListener("error", () => {
  document.body.classList.add("offstage");
  say("hint-zh", "演示已经结束");
  say("hint-en", "the demo has ended; start it again in the terminal");
});

function drawOled(bits) {
  const context = $("oled").getContext("2d");
  const image = context.createImageData(128, 64);
  for (let pixel = 0; pixel < 128 * 64; pixel += 1) {
    const lit = bits[pixel >> 3] & (0x80 >> (pixel & 7));
    image.data.set(lit ? [205, 234, 255, 255] : [7, 11, 14, 255], pixel * 4);
  }
  context.putImageData(image, 0, 0);
}

function render() {
  const now = pad();
  renderCounts();
  renderHint(now);
  renderDesk(now);
  renderSwitches(now);
  renderLedger(now);
  renderProvince();
  renderVerdicts();
}

function renderCounts() {
  for (const node of document.querySelectorAll("[data-count]")) {
    const value = state.counts[node.dataset.count];
    if (node.textContent !== String(value)) node.textContent = value;
    node.parentElement.classList.toggle("some", value > 0);
  }
}

const AIMS = { invite: "invite", keys: "keys", cable: "cable", power: "power", time: "time", verify: "verify" };
function renderHint(now) {
  say("hint-zh", now.hint.zh);
  say("hint-en", now.hint.en);
  $("hint").dataset.hint = now.hint.id;
  for (const [target, id] of Object.entries(AIMS)) $(id).classList.toggle("aim", now.hint.target === target);
  $("pads").hidden = state.pads.length < 2;
  if ($("pads").children.length !== state.pads.length) {
    $("pads").replaceChildren(...state.pads.map((one) => {
      const tab = el("button", "", `窗口 ${one.window}`);
      tab.type = "button";
      tab.addEventListener("click", () => {
        chosen = one.id;
        $("case").dataset.edited = "";
        if (pictures[one.id]) drawOled(pictures[one.id]);
        render();
      });
      return tab;
    }));
  }
  state.pads.forEach((one, n) => $("pads").children[n].setAttribute("aria-pressed", String(one.id === now.id)));
}

function renderDesk(now) {
  if (!$("case").dataset.edited) $("case").value = now.next_case;
  $("invite").disabled = !now.ready || now.open || now.window_state !== "ready";
  $("withdraw").disabled = !now.ready || !now.open;
  $("pause").disabled = !now.ready;
  $("pause").replaceChildren(both(...(now.window_state === "paused" ? ["恢复服务", "Resume"] : ["暂停服务", "Pause"])));
  $("visits").replaceChildren(...now.visits.map((visit) => {
    const [zh, english] = STANDINGS[visit.standing] ?? [visit.standing, ""];
    const chip = el("span", `chip ${visit.standing}`, zh);
    chip.title = english;
    return el("li", "", el("span", "", visit.case), chip);
  }));
}

function renderSwitches(now) {
  const hows = {
    cable: now.cable ? ["已连接", "plugged in"] : ["已拔出，数据不通", "pulled"],
    power: !now.power ? ["已断电", "off"] : now.ready ? ["运行中", "running"] : ["正在启动", "starting"],
    time: now.time_server ? ["时间可信", "known"] : ["以为是 1970 年", "it is 1970"],
  };
  for (const [name, on] of [["cable", now.cable], ["power", now.power], ["time", now.time_server]]) {
    $(name).setAttribute("aria-checked", String(on));
    $(`${name}-how`).replaceChildren(both(...hows[name]));
  }
  $("time").disabled = now.power && !now.ready;
  $("power").disabled = now.power && !now.ready;
  $("wire").classList.toggle("cut", !now.cable);
  $("wire").classList.toggle("busy", now.cable && now.power && now.ledger?.backlog > 0);
  $("lamp").className = `lamp ${now.ready ? "on" : now.power ? "boot" : ""}`;
  say("lamp", now.ready ? `窗口 ${now.window}` : now.power ? "启动中" : "断电");
  for (const [id] of LEVELS) $(`key-${id}`).classList.toggle("lit", now.lit.includes(id));
  $("speaker").classList.toggle("on", Boolean(now.says));
  $("says").replaceChildren(...(now.says ? [both(...now.says)] : []));
  if (heard?.pad === now.id && now.beeps > heard.beeps) {
    $("horn").classList.remove("beeps");
    requestAnimationFrame(() => $("horn").classList.add("beeps"));
  }
  heard = { pad: now.id, beeps: now.beeps };
  $("touch").hidden = !now.touch;
  if (now.touch && $("touch").href !== now.touch) $("touch").href = now.touch;
  $("oled").setAttribute("aria-label", `屏幕 display: ${SCENES[now.scene] ?? (now.power ? "" : "黑屏")}`);
}

const clockText = (utc) => {
  const moment = new Date(utc);  // beyond the year 275760 there is no date
  return Number.isNaN(moment.getTime()) ? `${utc} ms`
    : moment.toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
};
let seenEntries, seenRatings, heard;

function renderLedger(now) {
  const book = now.ledger;
  if (!book) return;
  say("head", book.seq);
  say("delivered", book.delivered);
  say("backlog", book.backlog);
  $("backlog-figure").classList.toggle("some", book.backlog > 0);
  say("digest", `#${book.digest.slice(0, 12)}`);
  $("meter").style.width = `${(100 * book.delivered) / Math.max(1, book.seq)}%`;
  const before = seenEntries?.pad === now.id ? seenEntries.keys : undefined;
  seenEntries = { pad: now.id, keys: new Set(book.entries.map((one) => one.digest)) };
  $("entries").replaceChildren(...book.entries.map((one) => {
    const done = one.seq <= book.delivered;
    const time = el("td", one.utc === null ? "unsure" : "",
      one.utc === null ? `开机 +${(one.mono / 1000).toFixed(1)} 秒` : clockText(one.utc));
    time.title = `trust: ${one.trust}`;
    const kind = el("td", "", both(KINDS[one.kind] ?? one.kind, one.kind));
    const says = el("td", one.kind === "invited" ? "cut tail" : "cut", one.kind === "rated" ? level(one.says) : one.says);
    const tick = el("td", done ? "tick" : "pending", done ? "✓" : "待送");
    const row = el("tr", before && !before.has(one.digest) ? "fresh" : "", el("td", "", one.seq), kind, says, time, tick);
    row.title = `#${one.digest.slice(0, 16)}`;
    return row;
  }));
}

const level = (id) => el("span", `level ${id}`, LEVEL_ZH[id] ?? id);

function renderProvince() {
  const book = state.province;
  const most = Math.max(1, ...Object.values(book.levels));
  for (const [id] of LEVELS) {
    const count = book.levels[id] ?? 0;
    const item = $(`level-${id}`);
    item.querySelector("b").textContent = count;
    item.querySelector("i").style.height = `${(100 * count) / most}%`;
  }
  const rest = [
    ["未评价", "unrated", book.standings.unrated], ["撤回", "withdrawn", book.standings.withdrawn],
    ["误按，不计", "strays", book.strays], ["账目", "entries", book.entries],
  ];
  $("rest").replaceChildren(...rest.map(([zh, english, count]) =>
    el("span", "", el("b", "", count ?? 0), " ", both(zh, english))));
  const before = seenRatings;
  seenRatings = new Set(book.ratings.map((one) => one.invitation + one.standing));
  $("ratings").replaceChildren(...book.ratings.map((one) => {
    const [zh, english] = STANDINGS[one.standing];
    const what = one.level ? level(one.level) : el("span", `chip ${one.standing}`, zh);
    if (!one.level) what.title = english;
    const cell = el("td", "", what);
    if (one.again) cell.append(" ", en("改按"));
    const time = el("td", one.utc === null ? "unsure" : "", one.utc === null ? "—" : clockText(one.utc));
    const dated = DATED[one.dated_by];
    if (dated) {
      const chip = el("span", "chip open", dated[0]);
      chip.title = dated[1];
      time.append(" ", chip);
    }
    const fresh = before && !before.has(one.invitation + one.standing);
    return el("tr", fresh ? "fresh" : "", el("td", "", one.window), el("td", "cut tail", one.case), cell, time);
  }));
  $("ratings-empty").hidden = book.ratings.length > 0;
}

function renderVerdicts() {
  const { running, verdicts } = state.verify;
  $("verify").disabled = running;
  $("verify").replaceChildren(both(...(running ? ["正在核验…", "checking"] : ["核验两端", "Verify both ends"])));
  $("verdicts").replaceChildren(...(verdicts ?? []).map((one) => {
    const line = one.says.split("\n").at(-1);
    const who = one.who === "province" ? "省级系统" : one.who;
    const item = el("li", one.ok ? "" : "bad", `${who} ${one.ok ? "完整" : "有问题"} `, en(line.trim()));
    item.title = one.says;
    return item;
  }));
}
