/* The keyboard of the clerk's page: a barcode scanner types like a keyboard, only faster, and ends
 * with Enter. What it types goes into the field wherever the focus is.
 */
(function (root) {
  "use strict";

  var TWICE_MS = 300; // a second Enter within this time is a scanner's
  var SCANNER_MS = 100; // between two keys of a scanner; people type more slowly
  var SCANNED = 5; // so many keys in a row that fast are a scanner's

  /* field: where the number goes. options: is_on() whether the page takes keys now, escape(). */
  root.ClerkKeys = function (field, options) {
    var last_enter = { number: "", ms: 0 };
    var composed = false; // an input method has changed the text
    var fast = { keys: 0, ms: 0 }; // how many keys in a row came as fast as a scanner's

    /* Whether an Enter is the second one of the same scan. */
    this.is_second = function (number, ms) {
      var same = number === last_enter.number || !number;
      if (same && ms - last_enter.ms < TWICE_MS) return true;
      last_enter = { number: number, ms: ms };
      return false;
    };

    /* Whether an input method has probably swallowed a part of the scan; once for each. */
    this.was_garbled = function (number) {
      var was = composed && fast.keys >= SCANNED && /[^ -~]/.test(number);
      composed = false;
      return was;
    };

    field.addEventListener("compositionend", function () {
      composed = true;
    });

    root.document.addEventListener("keydown", function (event) {
      var key = event.key || ""; // undefined when the browser fills the field in by itself
      if (!options.is_on()) return;
      fast.keys = event.timeStamp - fast.ms < SCANNER_MS ? fast.keys + 1 : 1;
      fast.ms = event.timeStamp;
      if (key === "Escape") options.escape();
      // A scanner's line feed is Ctrl-J, which would open the browser's downloads.
      if (event.ctrlKey && key.toLowerCase() === "j") event.preventDefault();
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      var at = root.document.activeElement;
      if (key.length === 1 && (!at || at.tagName !== "INPUT") && key !== " ") field.focus();
    });
  };
})(window);
