/* What the clerk's page keeps in the browser, for all of its tabs and after a restart: the pad's
 * token, who is signed in today, the refused cases that wait, the language. Everything else is the
 * pad's. Where a browser keeps nothing (a frame), it lasts as long as the page.
 */
(function (root) {
  "use strict";

  var MOST_WAITING = 20;
  var store = browser_store();
  var on_change = null;

  function browser_store() {
    try {
      root.localStorage.getItem("token");
      return root.localStorage;
    } catch (error) {
      var own = {};
      return {
        getItem: function (key) { return own[key] || null; },
        setItem: function (key, value) { own[key] = value; },
        removeItem: function (key) { delete own[key]; }
      };
    }
  }

  function read(key, otherwise) {
    try {
      return JSON.parse(store.getItem(key)) || otherwise;
    } catch (error) {
      return otherwise;
    }
  }

  function write(key, value) {
    if (value === null || value.length === 0) store.removeItem(key);
    else store.setItem(key, typeof value === "string" ? value : JSON.stringify(value));
  }

  function today() {
    return new Date().toDateString();
  }

  root.clerk_kept = {
    token: function () {
      return store.getItem("token");
    },
    keep_token: function (token) {
      write("token", token);
    },
    language: function () {
      return store.getItem("language");
    },
    keep_language: function (language) {
      write("language", language);
    },
    /* The number of who signed in, until somebody leaves or the day is over. */
    clerk: function () {
      var kept = read("clerk", {});
      return kept.day === today() ? kept.number : null;
    },
    keep_clerk: function (number) {
      write("clerk", number && { number: number, day: today() });
    },
    /* The refused cases that wait, the oldest first: { case, code }. Those of another day are gone. */
    waiting: function () {
      var kept = read("waiting", {});
      return kept.day === today() ? kept.cases : [];
    },
    keep_waiting: function (cases) {
      cases = cases.slice(-MOST_WAITING);
      write("waiting", cases.length ? { day: today(), cases: cases } : null);
    },
    /* The hint that was closed: the newest invitation at that time. */
    closed_gap: function () {
      return store.getItem("closed_gap");
    },
    close_gap: function (invitation) {
      write("closed_gap", invitation);
    },
    /* Call `then(key)` when another tab has changed something. */
    listen: function (then) {
      on_change = then;
    }
  };

  root.addEventListener("storage", function (event) {
    if (on_change) on_change(event.key);
  });
})(window);
