/* ratingpad.js: ask a rating pad for a rating, from a page in a browser.
 *
 *   var pad = new RatingPad({ url: "http://10.0.3.17:8600", token: "…", clerk: "C003" });
 *   pad.invite({ case: "DH-2026-17", step: "办结" }).then(function (made) { … made.invitation … });
 *   var link = pad.listen(function (event) { … event.event, event.standing … });
 *
 * One file, no build step; ES2017 at most, for the browsers of offices. No level is ever told: a
 * standing is open, rated, unrated or withdrawn. Every method returns a Promise. It is rejected with
 * an Error whose `code` is a stable name ("busy", "already-rated", "unreachable" …), whose `message`
 * says what happened and whose `remedy` says what to do.
 */
(function (root) {
  "use strict";

  var TIMEOUT_MS = 10000; // for one answer
  var SILENCE_MS = 40000; // the pad sends an event every 15 s
  var FIRST_RETRY_MS = 500; // then twice as long each time, up to …
  var LAST_RETRY_MS = 10000;

  /* options: url (default: the page's own server), token, clerk (the number of who invites), window
   * (if given, a pad of another window refuses). */
  function RatingPad(options) {
    options = options || {};
    this.url = (options.url || root.location.origin).replace(/\/+$/, "");
    this.token = options.token || "";
    this.clerk = options.clerk || null;
    this.windowName = options.window || null;
    this._open = {}; // the invitations that have not ended as far as this page knows
  }

  /* Invite the citizen to rate. service: case, matter, step, again, channel (all optional). */
  RatingPad.prototype.invite = function (service) {
    var open = this._open;
    var body = { window: this.windowName, clerk: this.clerk };
    Object.keys(service || {}).forEach(function (name) {
      body[name] = service[name];
    });
    return this._call("POST", "/v1/invitations", body).then(function (made) {
      if (made.standing === "open") open[made.invitation] = true;
      return made;
    });
  };

  /* Withdraw an invitation that nobody has answered. */
  RatingPad.prototype.withdraw = function (invitation, reason) {
    var path = "/v1/invitations/" + encodeURIComponent(invitation) + "/withdraw";
    return this._call("POST", path, reason ? { reason: reason } : {});
  };

  /* The standing of an invitation: { invitation, standing }. */
  RatingPad.prototype.standing = function (invitation) {
    return this._call("GET", "/v1/invitations/" + encodeURIComponent(invitation));
  };

  /* Follow an invitation that was made by another page, or by this one before a reload. */
  RatingPad.prototype.follow = function (invitation) {
    this._open[invitation] = true;
  };

  /* The window now: { window, state, invitation, fault, open }. */
  RatingPad.prototype.window = function () {
    return this._call("GET", "/v1/window");
  };

  /* The day: { date, invited, rated, unrated, withdrawn, complete, gap, cases }. */
  RatingPad.prototype.today = function () {
    return this._call("GET", "/v1/today");
  };

  RatingPad.prototype.pause = function () {
    return this._call("POST", "/v1/window/pause", { by: this.clerk, window: this.windowName });
  };

  RatingPad.prototype.resume = function () {
    return this._call("POST", "/v1/window/resume", { by: this.clerk, window: this.windowName });
  };

  /* Receive all events, over a connection that is made again by itself. `on_event` is called with
   * { event: "link", connected, code }, { event: "window", … }, { event: "today", … } and
   * { event: "standing", invitation, standing }. Invitations that ended while there was no
   * connection are reported once there is one. Returns an object with close(). */
  RatingPad.prototype.listen = function (on_event) {
    return new Link(this, on_event);
  };

  RatingPad.prototype._call = function (method, path, body) {
    var request = { method: method, headers: { Authorization: "Bearer " + this.token } };
    if (body) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    var asked = root.fetch(this.url + path, request).then(
      function (answer) {
        return answer.json().then(function (body) {
          if (answer.ok) return body;
          throw failure(body.error, body.says, body.remedy);
        });
      }
    );
    return new Promise(function (resolve, reject) {
      var late = root.setTimeout(function () {
        reject(failure("unreachable", "the pad does not answer"));
      }, TIMEOUT_MS);
      asked.then(
        function (body) {
          root.clearTimeout(late);
          resolve(body);
        },
        function (error) {
          root.clearTimeout(late);
          reject(error.code ? error : failure("unreachable", "the pad cannot be reached"));
        }
      );
    });
  };

  function failure(code, says, remedy) {
    var error = new Error(says || code);
    error.code = code || "unreachable";
    error.remedy = remedy || "Check the network and the pad's address.";
    return error;
  }

  function Link(pad, on_event) {
    this._pad = pad;
    this._on_event = on_event;
    this._socket = null;
    this._timer = null;
    this._wait_ms = FIRST_RETRY_MS;
    this._connected = null;
    this._closed = false;
    this._connect();
  }

  Link.prototype.close = function () {
    this._closed = true;
    root.clearTimeout(this._timer);
    if (this._socket) this._socket.close();
  };

  Link.prototype._connect = function () {
    var self = this;
    this._pad._call("POST", "/v1/tickets").then(
      function (given) {
        if (self._closed) return;
        var ticket = encodeURIComponent(given.ticket);
        var url = self._pad.url.replace(/^http/, "ws") + "/v1/events?ticket=" + ticket;
        self._open(new root.WebSocket(url));
      },
      function (error) {
        self._lost(error.code);
      }
    );
  };

  Link.prototype._open = function (socket) {
    var self = this;
    this._socket = socket;
    socket.onopen = function () {
      self._wait_ms = FIRST_RETRY_MS;
      self._expect_event();
      self._report_link(true);
      self._catch_up();
    };
    socket.onmessage = function (message) {
      var event = JSON.parse(message.data);
      self._expect_event();
      self._take(event);
    };
    socket.onclose = function () {
      if (self._socket === socket) self._lost("unreachable");
    };
  };

  /* Something was received: start the time within which the next event must come. */
  Link.prototype._expect_event = function () {
    var socket = this._socket;
    var self = this;
    root.clearTimeout(this._timer);
    this._timer = root.setTimeout(function () {
      socket.close(); // without a cable, onclose may come only minutes later
      if (self._socket === socket) self._lost("unreachable");
    }, SILENCE_MS);
  };

  Link.prototype._lost = function (code) {
    var self = this;
    this._socket = null;
    root.clearTimeout(this._timer);
    if (this._closed) return;
    this._report_link(false, code);
    var wait_ms = this._wait_ms * (0.5 + Math.random() / 2);
    this._wait_ms = Math.min(LAST_RETRY_MS, this._wait_ms * 2);
    this._timer = root.setTimeout(function () {
      self._connect();
    }, wait_ms);
  };

  Link.prototype._report_link = function (connected, code) {
    if (connected === this._connected && !code) return;
    this._connected = connected;
    this._report({ event: "link", connected: connected, code: code || null });
  };

  /* Ask for the standing of the invitations that were open when the connection was lost. */
  Link.prototype._catch_up = function () {
    var self = this;
    Object.keys(this._pad._open).forEach(function (invitation) {
      self._pad.standing(invitation).then(
        function (now) {
          self._take({ event: "standing", invitation: invitation, standing: now.standing });
        },
        function (error) {
          if (error.code === "unknown-invitation") delete self._pad._open[invitation];
        }
      );
    });
  };

  Link.prototype._take = function (event) {
    if (event.event === "standing") {
      if (event.standing === "open") this._pad._open[event.invitation] = true;
      else delete this._pad._open[event.invitation];
    }
    this._report(event);
  };

  Link.prototype._report = function (event) {
    if (!this._closed) this._on_event(event);
  };

  root.RatingPad = RatingPad;
})(typeof window === "undefined" ? this : window);
