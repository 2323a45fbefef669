/* The clerk's page: sign in, invite, see whether it was answered, pause. Never a level.
 *
 * The pad's token stays with this computer (localStorage): a technician enters it once, or opens the
 * page once as …/#token=…, which is taken out of the address at once and never leaves the browser
 * but to the pad. Who sits here is for this tab only (sessionStorage), as are the cases.
 */
(function () {
  "use strict";

  var STANDINGS = { open: "等待评价", rated: "已评价", unrated: "未评价", withdrawn: "已撤回" };
  var STATES = {
    ready: "可以邀请",
    busy: "群众正在评价",
    paused: "暂停服务",
    fault: "评价器故障",
    unbound: "评价器尚未绑定窗口",
    away: "与评价器失去联系，正在重新连接…"
  };
  var PROBLEMS = {
    busy: "上一位群众还在评价，请稍候。",
    paused: "窗口已暂停服务，请先恢复。",
    fault: "评价器有故障，请联系技术人员。",
    unbound: "评价器尚未绑定窗口，请联系技术人员。",
    unauthorised: "口令不正确，请重新签到。",
    unreachable: "联系不上评价器，请检查网络。",
    "already-rated": "该办件已经评价过。",
    "already-ended": "群众已经作答，不能撤回。",
    "unknown-invitation": "评价器没有这次邀请的记录。",
    "bad-request": "办件编号不符合要求，请检查。",
    "too-often": "操作太频繁，请稍候。"
  };
  var SHOWN = 6;

  var here = function (id) {
    return document.getElementById(id);
  };
  var pad = null;
  var link = null;
  var standing_now = null; // the window, as last heard
  var refused = null; // the case that has been rated already
  var visits = JSON.parse(sessionStorage.getItem("visits") || "[]");

  function show(id, on) {
    here(id).hidden = !on;
  }

  function keep() {
    visits = visits.slice(0, SHOWN);
    sessionStorage.setItem("visits", JSON.stringify(visits));
  }

  /* --- signing in --- */

  function take_token_from_address() {
    var found = /[#&]token=([^&]+)/.exec(location.hash);
    if (!found) return;
    localStorage.setItem("token", decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
  }

  function begin() {
    var clerk = sessionStorage.getItem("clerk");
    var token = localStorage.getItem("token");
    if (link) link.close();
    link = null;
    show("sign-in", !clerk || !token);
    show("desk", clerk && token);
    show("who", clerk && token);
    show("pause", clerk && token);
    show("token-row", !token);
    show("forget", token);
    here("token").required = !token;
    if (!clerk || !token) {
      document.body.dataset.state = "unknown";
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
    link = pad.listen(hear);
    draw();
    here("case").focus();
  }

  here("sign-in-form").addEventListener("submit", function (event) {
    event.preventDefault();
    var token = here("token").value.trim();
    if (token) localStorage.setItem("token", token);
    here("token").value = "";
    sessionStorage.setItem("clerk", here("number").value.trim());
    begin();
  });

  here("leave").addEventListener("click", function () {
    sessionStorage.clear();
    visits = [];
    here("number").value = "";
    problem(null);
    begin();
  });

  here("forget").addEventListener("click", function () {
    if (!window.confirm("清除后需由技术人员重新输入口令。确定清除吗？")) return;
    localStorage.removeItem("token");
    begin();
  });

  /* --- what the pad says --- */

  function hear(event) {
    if (event.event === "window") standing_now = event;
    if (event.event === "standing") {
      visits.forEach(function (visit) {
        if (visit.invitation === event.invitation) visit.standing = event.standing;
      });
      keep();
    }
    if (event.event === "link" && !event.connected) {
      standing_now = null;
      if (event.code === "unauthorised") {
        localStorage.removeItem("token");
        begin();
        here("state").textContent = PROBLEMS.unauthorised;
        return;
      }
    }
    draw();
  }

  function draw() {
    var now = standing_now;
    var state = now ? now.state : "away";
    document.body.dataset.state = state;
    here("window").textContent = now ? now.window || "–" : here("window").textContent;
    here("state").textContent = STATES[state] + (now && now.fault ? " " + now.fault : "");
    here("invite").disabled = state === "away"; // otherwise a scan while busy would go unheard
    here("pause").disabled = !now || state === "unbound";
    here("pause").textContent = state === "paused" ? "恢复服务" : "暂停服务";
    var open = visits.filter(function (visit) {
      return visit.standing === "open";
    })[0];
    show("now", open);
    here("now-case").textContent = open ? open.case : "";
    show("none", !visits.length);
    var list = here("visits");
    list.textContent = "";
    visits.forEach(function (visit) {
      var row = document.createElement("li");
      row.dataset.standing = visit.standing;
      [["time", visit.time], ["case", visit.case], ["standing", STANDINGS[visit.standing]]].forEach(
        function (part) {
          var cell = document.createElement("span");
          cell.className = part[0];
          cell.textContent = part[1];
          row.appendChild(cell);
        }
      );
      list.appendChild(row);
    });
  }

  function problem(error) {
    show("problem", error);
    show("again", error && error.code === "already-rated");
    here("says").textContent = error ? PROBLEMS[error.code] || "评价器没有接受（" + error.code + "）。" : "";
  }

  /* --- what the clerk does --- */

  function invite(wish) {
    problem(null);
    pad.invite(wish).then(function (made) {
      var known = visits.some(function (visit) {
        return visit.invitation === made.invitation;
      });
      if (!known) {
        visits.unshift({
          invitation: made.invitation,
          case: wish.case,
          standing: made.standing,
          time: new Date().toTimeString().slice(0, 5)
        });
        keep();
      }
      here("case").value = "";
      draw();
    }, function (error) {
      refused = wish;
      problem(error);
      here("case").select();
    });
    here("case").focus();
  }

  here("ask").addEventListener("submit", function (event) {
    event.preventDefault();
    var number = here("case").value.trim();
    if (number) invite({ case: number });
  });

  here("again").addEventListener("click", function () {
    invite({ case: refused.case, again: true });
  });

  here("withdraw").addEventListener("click", function () {
    var open = visits.filter(function (visit) {
      return visit.standing === "open";
    })[0];
    problem(null);
    if (open) pad.withdraw(open.invitation, "clerk").then(null, problem);
    here("case").focus();
  });

  here("pause").addEventListener("click", function () {
    problem(null);
    var paused = standing_now && standing_now.state === "paused";
    (paused ? pad.resume() : pad.pause()).then(null, problem);
    here("case").focus();
  });

  /* A scanner types wherever the focus is; it belongs into the field. */
  document.addEventListener("keydown", function (event) {
    var at = document.activeElement;
    if (here("desk").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key.length === 1 && (!at || at.tagName !== "INPUT") && event.key !== " ") {
      here("case").focus();
    }
  });

  take_token_from_address();
  begin();
})();
