// The pictures of the page, as paths in a box of 100: five faces, and signs. One stroke, round ends.
// Only the first mouth is open, and only the first and the last have closed eyes: from afar, or with
// weak eyes, neither can be taken for the other.

const SVG = "http://www.w3.org/2000/svg";

const SKIN = "M50 3C78 3 97 22 97 50S78 97 50 97 3 78 3 50 22 3 50 3Z";
const EYES = "M35 38.5v7.5M65 38.5v7.5";

// brows, eyes, mouth: `line` is drawn, `open` is drawn and filled, `light` lies in an open mouth.
const FACES = {
  very_satisfied: {
    line: ["M25 30Q33.5 21.5 42 27", "M58 27Q66.5 21.5 75 30", "M27.5 46Q35 37 42.5 46", "M57.5 46Q65 37 72.5 46"],
    open: ["M27 58Q50 62.5 73 58C72.5 75 63.5 84.5 50 84.5S27.5 75 27 58Z"],
    light: ["M38.5 78.5Q50 70 61.5 78.5Q56.5 82 50 82T38.5 78.5Z"],
  },
  satisfied: {
    line: ["M26.5 31.5Q34 25 42 29", "M58 29Q66 25 73.5 31.5", EYES, "M29.5 64Q50 83.5 70.5 64"],
  },
  basically_satisfied: {
    line: ["M27 29.5H42.5", "M57.5 29.5H73", EYES, "M33 69H67"],
  },
  dissatisfied: {
    line: ["M26.5 33.5Q35 31.5 41.5 26", "M58.5 26Q65 31.5 73.5 33.5", EYES, "M32 75Q50 60 68 75"],
  },
  very_dissatisfied: {
    line: ["M25 35.5Q35.5 33 42 25", "M58 25Q64.5 33 75 35.5", "M27.5 42Q35 49.5 42.5 42", "M57.5 42Q65 49.5 72.5 42", "M28 79C34 57 66 57 72 79"],
  },
};

const SIGNS = {
  done: ["M24 52L43 70L77 31"],
  open: ["M30 24H70V64H48L36 77V64H30Z"],
  paused: ["M38 27V73", "M62 27V73"],
  staff: ["M50 22A15 15 0 1 1 49.9 22Z", "M20 79C22 61 34 56 50 56S78 61 80 79"],
  checking: ["M30 21H58L71 34V79H30Z", "M57 21V35H71", "M40 50H61", "M40 63H61"],
  unbound: ["M36 22V34", "M64 22V34", "M28 34H72V48C72 61 63 68 50 68S28 61 28 48Z", "M50 68V82"],
  // What a topic is about.
  attitude: ["M18 26H82V66H48L34 79V66H18Z", "M36 46h.1", "M50 46h.1", "M64 46h.1"],
  efficiency: ["M50 16A34 34 0 1 1 49.9 16Z", "M50 30V51L64 60"],
  documents: ["M28 16H58L73 31V84H28Z", "M57 16V32H73", "M40 50H61", "M40 65H61"],
  guidance: ["M50 16V84", "M50 24H76L85 33L76 42H50", "M50 50H26L17 59L26 68H50"],
  online: ["M16 22H84V66H16Z", "M50 66V80", "M34 80H66"],
  other: ["M50 16A34 34 0 1 1 49.9 16Z", "M35 50h.1", "M50 50h.1", "M65 50h.1"],
  // What a button does.
  speak: ["M18 40H32L50 25V75L32 60H18Z", "M63 40Q69 50 63 60", "M74 30Q86 50 74 70"],
  hold: ["M38 28V72", "M62 28V72"],
  go: ["M36 26L70 50L36 74Z"],
  tick: ["M24 52L43 70L77 31"],
};

export function drawn(tag, attributes, ...inside) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

function picture(classes, ...inside) {
  return drawn(
    "svg",
    { viewBox: "0 0 100 100", class: classes, "aria-hidden": "true", focusable: "false" },
    ...inside,
  );
}

export function face(key) {
  const { line, open = [], light = [] } = FACES[key];
  return picture(
    `picture ${key}`,
    drawn("path", { d: SKIN, class: "skin" }),
    ...line.map((d) => drawn("path", { d, class: "line" })),
    ...open.map((d) => drawn("path", { d, class: "line open" })),
    ...light.map((d) => drawn("path", { d, class: "light" })),
  );
}

export function sign(name, classes = "icon") {
  // `pathLength`: so that a stroke can be drawn in by a part of its length.
  return picture(
    classes,
    ...SIGNS[name].map((d) => drawn("path", { d, class: "line", pathLength: "1" })),
  );
}

// A row of hills along the lower edge, as they stand in the south of Jilin.
export function ridge() {
  return drawn(
    "svg",
    { viewBox: "0 0 400 100", class: "ridge", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("path", { d: "M0 100V66L48 40L86 62L150 14L204 58L246 34L310 70L352 48L400 74V100Z" }),
    drawn("path", { d: "M0 100V84L70 62L132 82L212 50L290 86L344 70L400 88V100Z" }),
  );
}
