/* The clerk's page: sign in, invite, see whether the citizen has answered, pause. Never a level.
 *
 * What is open, the last cases and the counts are the pad's: every tab shows the same, also after a
 * restart of the browser or of the pad. What a tab adds is in clerk-kept.js, for all of them.
 */
(function () {
  "use strict";

  var kept = window.clerk_kept;
  var words = null; // in the language that is shown
  var pad = null;
  var link = null;
  var window_now = null; // the last window event; null without a connection
  var window_name = ""; // also while there is no connection
  var day_now = null; // the last event of the day
  var signed_in = { clerk: null, token: null };
  var has_been_connected = false;
  var open_until_ms = 0; // by this computer's clock
  var problem_now = null; // what is shown about the number in the field: { code, case }
  var question = null; // what is asked before it is done: { yes, no }
  var counting = null; // the timer while an invitation is open

  /* What waits for the pad; anything else is wrong with the number itself. */
  var WAITS = ["busy", "paused", "fault", "unbound", "unreachable", "too-often", "already-rated"];
  var SLOW_MS = 400; // after this the page says that it is waiting
  var ROWS_AT_LEAST = 5;
  var WIDE_PX = 900;

  function here(id) {
    return document.getElementById(id);
  }

  function show(id, on) {
    here(id).hidden = !on;
  }

  function say(id, text) {
    if (here(id).textContent !== text) here(id).textContent = text;
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, function (whole, name) {
      return values[name] === undefined || values[name] === null ? "" : values[name];
    });
  }

  function sign(id, name) {
    here(id).querySelector("use").setAttribute("href", "#sign-" + name);
  }

  function new_sign(name) {
    var svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", "#sign-" + name);
    svg.setAttribute("aria-hidden", "true");
    svg.appendChild(use);
    return svg;
  }

  function element(kind, name, text) {
    var made = document.createElement(kind);
    if (name) made.className = name;
    if (text) made.textContent = text;
    return made;
  }

  /* A Chinese input method may have made ＤＨ－１ of DH-1: undo that. */
  function plain(text) {
    return text.replace(/[０-９Ａ-Ｚａ-ｚ－]/g, function (wide) {
      return String.fromCharCode(wide.charCodeAt(0) - 0xfee0);
    }).trim();
  }

  /* --- language --- */

  function speak(language) {
    var all = window.clerk_words;
    if (!all.words[language]) language = all.language;
    words = all.words[language];
    document.documentElement.lang = all.tags[language];
    document.querySelectorAll("[data-word]").forEach(function (one) {
      one.textContent = one.getAttribute("data-word").split(".").reduce(function (at, name) {
        return at[name];
      }, words);
    });
    here("case").setAttribute("placeholder", words.case_hint);
    document.querySelectorAll("[data-label]").forEach(function (one) {
      one.setAttribute("aria-label", words[one.getAttribute("data-label")]);
    });
    here("languages").textContent = "";
    Object.keys(all.words).forEach(function (name) {
      var button = element("button", "quiet", all.words[name].own);
      button.type = "button";
      button.lang = all.tags[name];
      button.setAttribute("aria-pressed", name === language ? "true" : "false");
      button.addEventListener("click", function () {
        kept.keep_language(name);
        speak(name);
        draw();
        (here("desk").hidden ? here("number") : here("case")).focus();
      });
      here("languages").appendChild(button);
    });
  }

  /* --- signing in --- */

  function take_token_from_address() {
    var found = /[#&]token=([^&]+)/.exec(location.hash);
    if (!found) return false;
    kept.keep_token(decodeURIComponent(found[1]));
    history.replaceState(null, "", location.pathname);
    return true;
  }

  function begin() {
    var clerk = kept.clerk();
    var token = kept.token();
    var is_in = Boolean(clerk && token);
    signed_in = { clerk: clerk, token: token };
    if (link) link.close();
    link = null;
    window_now = null;
    day_now = null;
    has_been_connected = false;
    window_name = "";
    problem_now = null;
    answer(null);
    show("sign-in", !is_in);
    show("desk", is_in);
    show("who", is_in);
    show("pause", is_in);
    show("token-row", !token);
    show("forget", token);
    here("token").required = !token;
    here("clerk").textContent = clerk || "";
    if (is_in) {
      pad = new window.RatingPad({ token: token, clerk: clerk });
      link = pad.listen(take_event);
    }
    draw();
    here(is_in ? "case" : token ? "number" : "token").focus();
  }

  here("sign-in-form").addEventListener("submit", function (event) {
    event.preventDefault();
    var token = here("token").value.trim();
    if (token) kept.keep_token(token);
    here("token").value = "";
    kept.keep_clerk(plain(here("number").value));
    begin();
  });

  here("leave").addEventListener("click", function () {
    kept.keep_clerk(null);
    kept.keep_waiting([]);
    here("number").value = "";
    here("case").value = "";
    begin();
  });

  here("forget").addEventListener("click", function () {
    ask("forget", "forget_yes", "forget_no", function () {
      kept.keep_token(null);
      begin();
    });
  });

  kept.listen(function (key) {
    var is_same = kept.clerk() === signed_in.clerk && kept.token() === signed_in.token;
    if (!is_same) begin();
    else if (key === "language") speak(kept.language());
    draw();
  });

  /* --- a question before something is done --- */

  function ask(name, yes, no, then) {
    question = { name: name, yes: yes, no: no, then: then };
    draw();
    here("question-no").focus();
  }

  /* `yes`: do it; null: the question is over by itself. */
  function answer(yes) {
    if (!question) return;
    var then = question.then;
    question = null;
    draw();
    if (yes !== null) here(here("desk").hidden ? "number" : "case").focus();
    if (yes) then();
  }

  here("question-yes").addEventListener("click", function () {
    answer(true);
  });

  here("question-no").addEventListener("click", function () {
    answer(false);
  });

  /* --- events of the pad --- */

  function take_event(event) {
    if (event.event === "window") take_window(event);
    if (event.event === "today") take_day(event);
    if (event.event === "standing") take_standing(event);
    if (event.event === "link" && !event.connected) {
      window_now = null;
      if (event.code === "unauthorised") {
        kept.keep_token(null);
        begin();
        say("state-words", words.problems.unauthorised);
        return;
      }
    }
    draw();
  }

  function take_window(event) {
    window_now = event;
    has_been_connected = true;
    if (event.open) open_until_ms = Date.now() + event.open.left_s * 1000;
    else if (question && question.name === "pause") answer(null);
  }

  function take_standing(event) {
    if (window_now && window_now.invitation === event.invitation && event.standing !== "open") {
      window_now.open = null; // the window's own event follows
    }
    if (!day_now) return;
    day_now.cases.forEach(function (one) {
      if (one.invitation === event.invitation) one.standing = event.standing;
    });
  }

  function take_day(event) {
    day_now = event;
    // What was refused and is open now was asked for by another way.
    event.cases.forEach(function (one) {
      if (one.standing === "open" && one.case) unwait(one.case);
    });
  }

  /* The newest case and its standing, as the pad has it. */
  function newest() {
    return day_now && day_now.cases.length ? day_now.cases[0] : null;
  }

  /* The case at hand: the open one, or the last one of today. */
  function at_hand() {
    var last = newest();
    if (window_now && window_now.open) {
      return { invitation: window_now.invitation, standing: "open", case: window_now.open.case };
    }
    var is_old = last && last.since && day_now.date && last.since.slice(0, 10) !== day_now.date;
    return is_old ? null : last;
  }

  function state_now() {
    if (here("desk").hidden) return "signed_out";
    if (!window_now) return has_been_connected ? "away" : "connecting";
    var last = newest();
    var is_over = last && last.invitation === window_now.invitation && last.standing !== "open";
    return window_now.state === "busy" && is_over ? "ending" : window_now.state;
  }

  /* --- drawing --- */

  var SIGNS = {
    signed_out: "open", connecting: "open", ready: "rated", busy: "open", ending: "open",
    paused: "paused", fault: "warning", unbound: "warning", away: "warning"
  };

  function draw() {
    var state = state_now();
    if (window_now) window_name = window_now.window;
    var state_words = words.states[state] + (window_now && window_now.fault ? " " + window_now.fault : "");
    document.body.dataset.state = state;
    say("window", window_name ? fill(words.window, { window: window_name }) : words.title);
    say("state-words", state_words);
    sign("state", SIGNS[state]);
    var is_paused = state === "paused";
    here("pause").disabled = !window_now || state === "unbound";
    say_in("pause", is_paused ? words.resume : words.pause);
    sign("pause", is_paused ? "resume" : "paused");
    draw_question();
    draw_problem();
    draw_waiting();
    draw_now(state);
    draw_day();
    draw_title(state, state_words);
  }

  function say_in(id, text) {
    var span = here(id).querySelector("span");
    if (span.textContent !== text) span.textContent = text;
  }

  function draw_question() {
    show("question", question);
    if (!question) return;
    say("question-words", words[question.name + "_question"]);
    say("question-yes", words[question.yes]);
    say("question-no", words[question.no]);
  }

  function draw_problem() {
    show("problem", problem_now);
    var code = problem_now && problem_now.code;
    here("problem").dataset.kind = code === "slow" ? "slow" : "refused";
    sign("problem", code === "slow" ? "open" : "warning");
    say("says", code ? fill(words.problems[code] || words.problems.other, problem_now) : "");
  }

  function draw_waiting() {
    var cases = kept.waiting();
    var is_free = window_now && window_now.state === "ready";
    var next = next_waiting();
    show("waiting", cases.length);
    here("waiting").dataset.free = is_free ? "yes" : "no";
    say("waiting-title", !is_free ? words.waiting : next ? words.waiting_ready : words.waiting_rated);
    show("waiting-call", is_free && next);
    var focused = document.activeElement && document.activeElement.id;
    here("waiting-cases").textContent = "";
    cases.forEach(function (one, at) {
      var row = element("li", one === next && is_free ? "next" : "");
      var what = element("p", "what");
      what.appendChild(element("strong", "case", one.case));
      what.appendChild(element("span", "why", why(one.code, is_free)));
      row.appendChild(what);
      var again = one.code === "already-rated";
      var invite_it = element("button", "", again ? words.waiting_again : words.waiting_invite);
      invite_it.id = "wait-" + at;
      invite_it.type = "button";
      invite_it.disabled = !is_free;
      if (one.case === (next && next.case) && is_free) invite_it.className = "main";
      invite_it.addEventListener("click", function () {
        invite(again ? { case: one.case, again: true } : { case: one.case });
      });
      var drop = element("button", "quiet", words.waiting_drop);
      drop.id = "drop-" + at;
      drop.type = "button";
      drop.addEventListener("click", function () {
        unwait(one.case);
        draw();
        here("case").focus();
      });
      row.appendChild(invite_it);
      row.appendChild(drop);
      here("waiting-cases").appendChild(row);
    });
    if (focused && /^(wait|drop)-/.test(focused) && here(focused)) here(focused).focus();
  }

  /* The case at hand, large; or what the window does. Beside a refusal an earlier outcome would be
   * taken for that of the refused case. */
  function draw_now(state) {
    var last = at_hand();
    var is_open = Boolean(window_now && window_now.open);
    var is_case = is_open ||
      last && !problem_now && (state === "ready" || state === "busy" || state === "ending");
    var kind = is_case ? last.standing : state;
    var is_shown = is_open || !kept.waiting().length;
    show("now", is_shown);
    here("waiting").dataset.alone = is_shown ? "no" : "yes";
    show("withdraw", is_open);
    here("now").dataset.kind = kind;
    sign("now-sign", is_case ? last.standing : state === "ready" ? "scan" : SIGNS[state]);
    say("now-words", is_case ? words.standings[last.standing] : words.states[state]);
    say("now-case", is_case ? last.case || words.no_case : window_now && window_now.fault || "");
    draw_time_left(state, is_case);
    if (is_open && !counting) counting = window.setInterval(count_down, 1000);
    if (!is_open && counting) {
      window.clearInterval(counting);
      counting = null;
    }
  }

  function draw_time_left(state, is_case) {
    var left_s = Math.max(0, Math.ceil((open_until_ms - Date.now()) / 1000));
    var is_open = window_now && window_now.open;
    if (is_open) say("now-more", fill(words.time_left, { seconds: left_s }));
    else say("now-more", is_case ? state === "ending" ? words.states.ending : "" : words.advice[state] || "");
  }

  function count_down() {
    draw_time_left("busy", true);
  }

  function draw_day() {
    var day = day_now;
    ["invited", "rated", "unrated", "withdrawn"].forEach(function (name) {
      var count = day && day.date ? day[name] : null;
      say("count-" + name, count === null ? "–" : String(count));
    });
    var note = day && !day.date ? words.no_date : day && !day.complete ? words.incomplete : "";
    show("counts-note", note);
    say("counts-note", note);
    var gap = day && day.gap;
    var last = newest();
    show("gap", gap && last && kept.closed_gap() !== last.invitation);
    if (gap) {
      say("gap-words", fill(words.gap, { minutes: gap.minutes, usual: gap.usual_minutes }));
    }
    show("none", day && !last);
    show("visits", last);
    here("visit-rows").textContent = "";
    if (day) day.cases.forEach(list);
    fit();
  }

  function list(one, at, all) {
    var row = element("tr");
    var since = one.since || "";
    row.dataset.standing = one.standing;
    var before = at ? (all[at - 1].since || "").slice(0, 10) : day_now.date || "";
    if (since && since.slice(0, 10) !== before && before) {
      var date = element("tr", "date");
      var cell = element("td", "", words_for_day(since));
      cell.colSpan = 3;
      date.appendChild(cell);
      here("visit-rows").appendChild(date);
    }
    row.appendChild(element("td", "time", since ? since.slice(11, 16) : "–"));
    row.appendChild(element("td", "case", one.case || words.no_case));
    var standing = element("td", "standing");
    var chip = element("span", "chip");
    chip.appendChild(new_sign(one.standing));
    chip.appendChild(element("span", "", words.standings[one.standing]));
    standing.appendChild(chip);
    row.appendChild(standing);
    here("visit-rows").appendChild(row);
  }

  function words_for_day(since) {
    var month = Number(since.slice(5, 7));
    return fill(words.date, { month: month, day: Number(since.slice(8, 10)) });
  }

  /* Leave out the oldest rows that a wide screen has no room for: there nothing scrolls. */
  function fit() {
    var rows = here("visit-rows");
    var most = window.innerWidth >= WIDE_PX ? 99 : 8;
    while (rows.children.length > most) rows.removeChild(rows.lastChild);
    if (window.innerWidth < WIDE_PX) return;
    while (
      rows.children.length > ROWS_AT_LEAST &&
      document.documentElement.scrollHeight > window.innerHeight
    ) {
      rows.removeChild(rows.lastChild);
    }
    if (rows.lastChild && rows.lastChild.className === "date") rows.removeChild(rows.lastChild);
  }

  /* The title is read on the task bar, while another program is in front. */
  function draw_title(state, state_words) {
    var last = at_hand();
    var next = next_waiting();
    var title = state_words;
    if (state === "ready" && next) title = words.waiting_ready + " " + next.case;
    else if (last && (state === "ready" || state === "busy" || state === "ending")) {
      title = words.standings[last.standing] + " " + (last.case || "");
    }
    if (here("desk").hidden) title = words.title;
    else if (window_now) title += " · " + fill(words.window_title, { window: window_now.window || "–" });
    document.title = title;
  }

  /* --- cases that wait --- */

  /* Why a case waits; once the pad is free that is over, unless it is the case's own. */
  function why(code, is_free) {
    var reason = words.problems[code] || code;
    return is_free && code !== "already-rated" ? fill(words.waiting_why, { reason: reason }) : reason;
  }

  /* What Enter in the empty field invites: never a case that is on record when it is asked again. */
  function next_waiting() {
    return kept.waiting().filter(function (one) {
      return one.code !== "already-rated";
    })[0];
  }

  function unwait(number) {
    var cases = kept.waiting();
    var others = cases.filter(function (one) {
      return one.case !== number;
    });
    if (others.length < cases.length) kept.keep_waiting(others);
  }

  function wait(number, code) {
    var cases = kept.waiting();
    var known = cases.filter(function (one) {
      return one.case === number;
    })[0];
    if (known) known.code = code;
    else cases.push({ case: number, code: code });
    kept.keep_waiting(cases);
  }

  /* --- actions of the clerk --- */

  function problem(error) {
    problem_now = error;
    draw();
  }

  function invite(service) {
    var field = here("case");
    var slow = window.setTimeout(problem, SLOW_MS, { code: "slow" });
    problem(null);
    field.focus();
    field.select(); // the next scan replaces it
    pad.invite(service).then(function (made) {
      window.clearTimeout(slow);
      unwait(service.case);
      list_made(made, service);
      if (plain(field.value) === service.case) field.value = "";
      problem(null);
    }, function (error) {
      window.clearTimeout(slow);
      var is_in_field = plain(field.value) === service.case;
      if (WAITS.indexOf(error.code) < 0) {
        if (is_in_field) field.select();
        problem({ code: error.code, case: service.case });
        return;
      }
      wait(service.case, error.code);
      if (is_in_field) field.value = "";
      problem(null);
    });
  }

  /* Until the pad's own list has it, which comes with the next event. */
  function list_made(made, service) {
    if (!day_now) day_now = { date: null, cases: [] };
    var is_listed = day_now.cases.some(function (one) {
      return one.invitation === made.invitation;
    });
    if (is_listed) return;
    day_now.cases.unshift({
      invitation: made.invitation,
      standing: made.standing,
      case: made.case || service.case, // as the pad keeps it
      since: null
    });
  }

  var keys = new window.ClerkKeys(here("case"), {
    is_on: function () {
      return !here("desk").hidden;
    },
    escape: function () {
      if (question) return answer(false);
      here("case").value = "";
      here("case").focus();
      problem(null);
    }
  });

  here("ask").addEventListener("submit", function (event) {
    event.preventDefault();
    var number = plain(here("case").value);
    if (keys.is_second(number, event.timeStamp)) return;
    if (!number) {
      var next = next_waiting();
      if (next && window_now && window_now.state === "ready") invite({ case: next.case });
      return;
    }
    if (keys.was_garbled(number)) {
      problem({ code: "composed" });
      here("case").select();
      return;
    }
    invite({ case: number });
  });

  here("withdraw").addEventListener("click", function () {
    problem(null);
    pad.withdraw(window_now.invitation, "clerk").then(null, problem);
    here("case").focus();
  });

  here("pause").addEventListener("click", function () {
    problem(null);
    if (window_now && window_now.open) {
      ask("pause", "pause_yes", "pause_no", function () {
        pad.pause().then(null, problem);
      });
      return;
    }
    var is_paused = window_now && window_now.state === "paused";
    (is_paused ? pad.resume() : pad.pause()).then(null, problem);
    here("case").focus();
  });

  here("gap-close").addEventListener("click", function () {
    kept.close_gap(newest().invitation);
    draw();
    here("case").focus();
  });

  window.addEventListener("resize", draw);
  window.addEventListener("hashchange", function () {
    if (take_token_from_address()) begin();
  });

  speak(kept.language());
  take_token_from_address();
  begin();
})();
