/* The clerk's page: sign in, invite, see whether the citizen has answered, pause. Never a level.
 *
 * The pad's token stays on this computer (localStorage): a technician enters it once, or opens the
 * page once as …/#token=…. The page removes it from the address immediately and sends it to the pad
 * only. The clerk's number and the cases are kept for this tab only (sessionStorage).
 */
(function () {
  "use strict";

  var STANDINGS = { open: "等待评价", rated: "已评价", unrated: "未评价", withdrawn: "已撤回" };
  var STATES = {
    ready: "可以邀请",
    busy: "群众正在评价",
    paused: "暂停服务",
    fault: "评价器故障，请联系技术人员",
    unbound: "评价器尚未绑定窗口",
    away: "与评价器失去联系，正在重新连接…"
  };
  var ENDING = "评价已结束，请稍候"; // the pad still shows thanks
  var PROBLEMS = {
    busy: "上一位群众还在评价，请稍候。",
    paused: "窗口已暂停服务，请先恢复。",
    fault: "评价器有故障，请联系技术人员。",
    unbound: "评价器尚未绑定窗口，请联系技术人员。",
    unauthorised: "口令不正确，请重新签到。",
    unreachable: "联系不上评价器，请检查网络，再按一次回车。",
    "already-rated": "办件 … 已经评价过。",
    "already-ended": "群众已经作答，不能撤回。",
    "unknown-invitation": "评价器没有这次邀请的记录。",
    "bad-request": "办件编号不符合要求：最多 50 个字，不能换行。",
    "too-often": "操作太频繁，请稍候。",
    slow: "正在联系评价器…",
    composed: "输入法是中文状态。请切换成英文，重新扫描；编号没有错，就再按一次回车。"
  };
  var PASSING = ["busy", "paused", "fault", "unbound", "unreachable"]; // over once the window is ready
  var SHOWN = 10;
  var SLOW_MS = 400; // after this the page says that it is waiting
  var TWICE_MS = 300; // a second Enter within this time is a scanner's
  var SCANNER_MS = 100; // between two keys of a scanner; people type more slowly
  var SCANNED = 5; // so many keys in a row that fast are a scanner's

  var here = function (id) {
    return document.getElementById(id);
  };
  var on_computer = storage("localStorage");
  var in_tab = storage("sessionStorage");
  var pad = null;
  var link = null;
  var window_now = null; // the last window event
  var problem_code = null; // of the problem that is shown
  var refused = null; // the request for a case that has been rated already
  var visits = kept();

  /* The browser's storage, or one that lasts as long as the page: in a frame it may be blocked. */
  function storage(name) {
    try {
      window[name].getItem("token");
      return window[name];
    } catch (error) {
      var own = {};
      return {
        getItem: function (key) { return own[key] || null; },
        setItem: function (key, value) { own[key] = value; },
        removeItem: function (key) { delete own[key]; }
      };
    }
  }

  function kept() {
    try {
      return JSON.parse(in_tab.getItem("visits")) || [];
    } catch (error) {
      return [];
    }
  }

  function keep() {
    visits = visits.slice(0, SHOWN);
    in_tab.setItem("visits", JSON.stringify(visits));
  }

  function show(id, on) {
    here(id).hidden = !on;
  }

  /* A Chinese input method may have made ＤＨ－１ of DH-1: undo that. */
  function plain(text) {
    return text.replace(/[０-９Ａ-Ｚａ-ｚ－]/g, function (wide) {
      return String.fromCharCode(wide.charCodeAt(0) - 0xfee0);
    }).trim();
  }

  /* --- signing in --- */

  function take_token_from_address() {
    var found = /[#&]token=([^&]+)/.exec(location.hash);
    if (!found) return false;
    on_computer.setItem("token", decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
    return true;
  }

  function begin() {
    var clerk = in_tab.getItem("clerk");
    var token = on_computer.getItem("token");
    var signed_in = clerk && token;
    if (link) link.close();
    link = null;
    window_now = null;
    show("sign-in", !signed_in);
    show("desk", signed_in);
    show("who", signed_in);
    show("pause", signed_in);
    show("token-row", !token);
    show("forget", token);
    here("token").required = !token;
    if (!signed_in) {
      document.body.dataset.state = "unknown";
      document.title = "窗口评价";
      here("window").textContent = "–";
      here("state").textContent = "请签到";
      here(token ? "number" : "token").focus();
      return;
    }
    here("clerk").textContent = clerk;
    pad = new window.RatingPad({ token: token, clerk: clerk });
    visits.forEach(function (visit) {
      if (visit.standing === "open") pad.follow(visit.invitation);
    });
    link = pad.listen(take_event);
    draw();
    here("case").focus();
  }

  here("sign-in-form").addEventListener("submit", function (event) {
    event.preventDefault();
    var token = here("token").value.trim();
    if (token) on_computer.setItem("token", token);
    here("token").value = "";
    in_tab.setItem("clerk", plain(here("number").value));
    begin();
  });

  here("leave").addEventListener("click", function () {
    in_tab.removeItem("clerk");
    in_tab.removeItem("visits");
    visits = [];
    here("number").value = "";
    here("case").value = "";
    problem(null);
    begin();
  });

  here("forget").addEventListener("click", function () {
    if (!window.confirm("清除后需由技术人员重新输入口令。确定清除吗？")) return;
    on_computer.removeItem("token");
    begin();
  });

  /* --- events of the pad --- */

  function take_event(event) {
    if (event.event === "window") {
      var was_ready = window_now && window_now.state === "ready";
      window_now = event;
      if (event.state === "ready" && !was_ready && PASSING.indexOf(problem_code) >= 0) problem(null);
    }
    if (event.event === "standing") {
      visits.forEach(function (visit) {
        if (visit.invitation === event.invitation) visit.standing = event.standing;
      });
      keep();
    }
    if (event.event === "link" && !event.connected) {
      window_now = null;
      if (event.code === "unauthorised") {
        on_computer.removeItem("token");
        begin();
        here("state").textContent = PROBLEMS.unauthorised;
        return;
      }
    }
    draw();
  }

  function draw() {
    var now = window_now;
    var state = now ? now.state : "away";
    var last = visits[0];
    var words = STATES[state] + (now && now.fault ? " " + now.fault : "");
    var is_ending = visits.some(function (visit) {
      return now && visit.invitation === now.invitation && visit.standing !== "open";
    });
    if (state === "busy" && is_ending) words = ENDING;
    document.body.dataset.state = state;
    if (now) here("window").textContent = now.window || "–";
    if (here("state").textContent !== words) here("state").textContent = words;
    here("pause").disabled = !now || state === "unbound";
    here("pause").textContent = state === "paused" ? "恢复服务" : "暂停服务";
    // An earlier "rated" beside a refusal would be read as the outcome of the refused case.
    show("now", last && (last.standing === "open" || !problem_code));
    show("withdraw", last && last.standing === "open");
    if (last) {
      here("now").dataset.standing = last.standing;
      here("now-standing").textContent = STANDINGS[last.standing];
      here("now-case").textContent = last.case;
    }
    // The title is read on the task bar, while another program is in front.
    var of_case = last && (state === "ready" || state === "busy");
    document.title = (of_case ? STANDINGS[last.standing] + " " + last.case : words) + " · 窗口 " +
      here("window").textContent;
    show("none", !last);
    here("visits").textContent = "";
    visits.forEach(list);
  }

  function list(visit) {
    var row = document.createElement("li");
    var parts = { time: visit.time, case: visit.case, standing: STANDINGS[visit.standing] };
    row.dataset.standing = visit.standing;
    Object.keys(parts).forEach(function (name) {
      var cell = document.createElement("span");
      cell.className = name;
      cell.textContent = parts[name];
      row.appendChild(cell);
    });
    here("visits").appendChild(row);
  }

  function problem(error) {
    problem_code = error && error.code;
    show("problem", error);
    show("again", problem_code === "already-rated");
    here("problem").dataset.kind = problem_code === "slow" ? "slow" : "refused";
    var words = PROBLEMS[problem_code] || "评价器没有接受（" + problem_code + "）。";
    here("says").textContent = error ? words.replace("…", function (rest) {
      return error.case || rest;
    }) : "";
    draw();
  }

  /* --- actions of the clerk --- */

  function invite(service) {
    var field = here("case");
    var slow = window.setTimeout(problem, SLOW_MS, { code: "slow" });
    problem(null);
    field.focus();
    field.select(); // the next scan replaces it
    pad.invite(service).then(function (made) {
      window.clearTimeout(slow);
      problem(null);
      var known = visits.some(function (visit) {
        return visit.invitation === made.invitation;
      });
      if (!known) {
        visits.unshift({
          invitation: made.invitation,
          case: made.case || service.case, // as the pad keeps it
          standing: made.standing,
          time: new Date().toTimeString().slice(0, 5)
        });
        keep();
      }
      if (plain(field.value) === service.case) field.value = "";
      draw();
    }, function (error) {
      window.clearTimeout(slow);
      refused = service;
      problem({ code: error.code, case: service.case });
      if (plain(field.value) === service.case) field.select();
    });
  }

  var last_enter = { number: "", ms: 0 };
  var composed = false; // an input method has changed the text
  var fast = { keys: 0, ms: 0 }; // how many keys in a row came as fast as a scanner's

  here("ask").addEventListener("submit", function (event) {
    event.preventDefault();
    var number = plain(here("case").value);
    var is_second = number === last_enter.number && event.timeStamp - last_enter.ms < TWICE_MS;
    if (!number || is_second) return;
    last_enter = { number: number, ms: event.timeStamp };
    var was_composed = composed && fast.keys >= SCANNED && /[^ -~]/.test(number);
    composed = false;
    if (was_composed) {
      problem({ code: "composed" });
      here("case").select();
      return;
    }
    invite({ case: number });
  });

  here("case").addEventListener("compositionend", function () {
    composed = true;
  });

  here("again").addEventListener("click", function () {
    invite({ case: refused.case, again: true });
  });

  here("withdraw").addEventListener("click", function () {
    problem(null);
    pad.withdraw(visits[0].invitation, "clerk").then(null, problem);
    here("case").focus();
  });

  here("pause").addEventListener("click", function () {
    problem(null);
    var paused = window_now && window_now.state === "paused";
    (paused ? pad.resume() : pad.pause()).then(null, problem);
    here("case").focus();
  });

  document.addEventListener("keydown", function (event) {
    var key = event.key || ""; // undefined when the browser fills the field in by itself
    if (here("desk").hidden) return;
    fast.keys = event.timeStamp - fast.ms < SCANNER_MS ? fast.keys + 1 : 1;
    fast.ms = event.timeStamp;
    if (key === "Escape") {
      here("case").value = "";
      here("case").focus();
      problem(null);
    }
    // A scanner's line feed is Ctrl-J, which would open the browser's downloads.
    if (event.ctrlKey && key.toLowerCase() === "j") event.preventDefault();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // A scanner types wherever the focus is: move it to the field.
    var at = document.activeElement;
    if (key.length === 1 && (!at || at.tagName !== "INPUT") && key !== " ") {
      here("case").focus();
    }
  });

  window.addEventListener("hashchange", function () {
    if (take_token_from_address()) begin();
  });

  take_token_from_address();
  begin();
})();
