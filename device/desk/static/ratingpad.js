/* ratingpad.js: ask a rating pad for a rating, from a page in a browser.
 *
 *   var pad = new RatingPad({ url: "http://10.0.3.17:8600", token: "…", clerk: "C003" });
 *   pad.invite({ case: "DH-2026-17", step: "办结" }).then(function (made) { … made.invitation … });
 *   var link = pad.listen(function (event) { … event.event, event.standing … });
 *
 * No other file, no build step; ES2017 at most, for the browsers that offices have. A level is
 * never told: a standing is open, rated, unrated or withdrawn. Every call gives a Promise; it is
 * rejected with an Error whose `code` is a stable word ("busy", "already-rated", "unreachable" …),
 * whose `message` says what happened and whose `remedy` what to do.
 */
(function (root) {
  "use strict";

  var PATIENCE_MS = 10000; // for one answer
  var SILENCE_MS = 40000; // the pad says something every 15 s
  var SOONEST_MS = 500; // between two tries; doubled up to …
  var LATEST_MS = 10000;

  /* options: url (none: where the page came from), token, clerk (who invites), window (if given,
   * a pad of another window refuses). */
  function RatingPad(options) {
    options = options || {};
    this.url = (options.url || root.location.origin).replace(/\/+$/, "");
    this.token = options.token || "";
    this.clerk = options.clerk || null;
    this.windowName = options.window || null;
    this._open = {}; // invitations that have not ended, as far as this page knows
  }

  /* Invite the citizen to rate. service: case, matter, step, again, channel (all optional). */
  RatingPad.prototype.invite = function (service) {
    var open = this._open;
    var wish = { window: this.windowName, clerk: this.clerk };
    Object.keys(service || {}).forEach(function (name) {
      wish[name] = service[name];
    });
    return this._call("POST", "/v1/invitations", wish).then(function (made) {
      if (made.standing === "open") open[made.invitation] = true;
      return made;
    });
  };

  /* Take back an invitation that nobody has answered. */
  RatingPad.prototype.withdraw = function (invitation, reason) {
    var path = "/v1/invitations/" + encodeURIComponent(invitation) + "/withdraw";
    return this._call("POST", path, reason ? { reason: reason } : {});
  };

  /* What became of it: { invitation, standing }. */
  RatingPad.prototype.standing = function (invitation) {
    return this._call("GET", "/v1/invitations/" + encodeURIComponent(invitation));
  };

  /* Follow an invitation that another page, or this one before a reload, has made. */
  RatingPad.prototype.follow = function (invitation) {
    this._open[invitation] = true;
  };

  /* The window now: { window, state, invitation, fault }. */
  RatingPad.prototype.window = function () {
    return this._call("GET", "/v1/window");
  };

  RatingPad.prototype.pause = function () {
    return this._call("POST", "/v1/window/pause", { by: this.clerk, window: this.windowName });
  };

  RatingPad.prototype.resume = function () {
    return this._call("POST", "/v1/window/resume", { by: this.clerk, window: this.windowName });
  };

  /* Hear of everything that happens, over a connection that is taken up again by itself. `hear` is
   * called with { event: "link", connected, code }, { event: "window", … } and
   * { event: "standing", invitation, standing }; what ended while the link was down is told when it
   * is up again. Gives an object with close(). */
  RatingPad.prototype.listen = function (hear) {
    return new Link(this, hear);
  };

  RatingPad.prototype._call = function (method, path, wish) {
    var request = { method: method, headers: { Authorization: "Bearer " + this.token } };
    if (wish) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(wish);
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
      }, PATIENCE_MS);
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

  function Link(pad, hear) {
    this._pad = pad;
    this._hear = hear;
    this._socket = null;
    this._timer = null;
    this._wait_ms = SOONEST_MS;
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
      self._wait_ms = SOONEST_MS;
      self._stir();
      self._tell_link(true);
      self._catch_up();
    };
    socket.onmessage = function (message) {
      var event = JSON.parse(message.data);
      self._stir();
      self._take(event);
    };
    socket.onclose = function () {
      if (self._socket === socket) self._lost("unreachable");
    };
  };

  /* Something was heard; the next thing must come before long. */
  Link.prototype._stir = function () {
    var socket = this._socket;
    var self = this;
    root.clearTimeout(this._timer);
    this._timer = root.setTimeout(function () {
      socket.close(); // a cable that is out may keep onclose waiting for minutes
      if (self._socket === socket) self._lost("unreachable");
    }, SILENCE_MS);
  };

  Link.prototype._lost = function (code) {
    var self = this;
    this._socket = null;
    root.clearTimeout(this._timer);
    if (this._closed) return;
    this._tell_link(false, code);
    var wait_ms = this._wait_ms * (0.5 + Math.random() / 2);
    this._wait_ms = Math.min(LATEST_MS, this._wait_ms * 2);
    this._timer = root.setTimeout(function () {
      self._connect();
    }, wait_ms);
  };

  Link.prototype._tell_link = function (connected, code) {
    if (connected === this._connected && !code) return;
    this._connected = connected;
    this._tell({ event: "link", connected: connected, code: code || null });
  };

  /* What became meanwhile of the invitations that were open when the link was lost. */
  Link.prototype._catch_up = function () {
    var self = this;
    Object.keys(this._pad._open).forEach(function (one) {
      self._pad.standing(one).then(
        function (now) {
          self._take({ event: "standing", invitation: one, standing: now.standing });
        },
        function (error) {
          if (error.code === "unknown-invitation") delete self._pad._open[one];
        }
      );
    });
  };

  Link.prototype._take = function (event) {
    if (event.event === "standing") {
      if (event.standing === "open") this._pad._open[event.invitation] = true;
      else delete this._pad._open[event.invitation];
    }
    this._tell(event);
  };

  Link.prototype._tell = function (event) {
    if (!this._closed) this._hear(event);
  };

  root.RatingPad = RatingPad;
})(typeof window === "undefined" ? this : window);
