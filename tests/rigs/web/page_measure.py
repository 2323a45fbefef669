"""Measures a page in a browser: sizes in millimetres, text and controls that are misplaced.

Scripts for `evaluate`; each gives a list of complaints, empty when all is well.
"""

MISPLACED = """() => {
  const complaints = [];
  const named = (one) => `${one.tagName}.${one.className.baseVal ?? one.className}`;
  for (const one of document.querySelectorAll("#page *")) {
    if (one.closest("svg") && one.tagName !== "svg") continue;
    const box = one.getBoundingClientRect();
    if (!box.width && !box.height) continue;
    if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1)
      complaints.push(`${named(one)} sticks out of the screen`);
    const wide = one.scrollWidth > one.clientWidth + 1;
    if (one.tagName === "BUTTON" && (wide || one.scrollHeight > one.clientHeight + 1))
      complaints.push(`${named(one)} is too small for ${one.textContent}`);
  }
  const boxes = [...document.querySelectorAll("#page button, #page .fault")].map((one) => [
    one,
    one.getBoundingClientRect(),
  ]);
  for (const [at, [one, a]] of boxes.entries())
    for (const [other, b] of boxes.slice(at + 1))
      if (
        Math.max(a.left, b.left) < Math.min(a.right, b.right) - 1 &&
        Math.max(a.top, b.top) < Math.min(a.bottom, b.bottom) - 1
      )
        complaints.push(`${one.textContent} lies on ${other.textContent}`);
  const parts = [...document.querySelectorAll("#page > :not(.fault)")];
  for (const [at, one] of parts.slice(1).entries())
    if (parts[at].getBoundingClientRect().bottom > one.getBoundingClientRect().top + 1)
      complaints.push(`${named(parts[at])} runs into ${named(one)}`);
  return complaints;
}"""

TOO_SMALL = """([target_mm, text_mm]) => {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  const complaints = [];
  for (const one of document.querySelectorAll("#page button")) {
    const box = one.getBoundingClientRect();
    const least = Math.min(box.width, box.height) / mm;
    if (least < target_mm) complaints.push(`${one.textContent}: ${least.toFixed(1)} mm`);
  }
  const walk = document.createTreeWalker(document.getElementById("page"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.textContent.trim()) continue;
    const size = parseFloat(getComputedStyle(walk.currentNode.parentElement).fontSize) / mm;
    if (size < text_mm) complaints.push(`${walk.currentNode.textContent}: ${size.toFixed(2)} mm`);
  }
  return complaints;
}"""

FONTS = (
    """() => [...document.fonts].filter((one) => one.status === "error").map((one) => one.family)"""
)

UNFIT = """([target_px, text_px]) => {
  const complaints = [];
  const named = (one) => one.id || one.textContent.trim() || one.tagName;
  if (document.documentElement.scrollWidth > innerWidth) complaints.push("it scrolls sideways");
  const seen = [...document.querySelectorAll("body *")].filter(
    (one) => one.checkVisibility() && !one.closest("svg, option") && one.getClientRects().length
  );
  for (const one of seen) {
    const box = one.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth + 0.5) complaints.push(`${named(one)} is cut off`);
    const words = [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const inline = getComputedStyle(one).display === "inline";
    if (words && !inline && one.scrollWidth > one.clientWidth + 1)
      complaints.push(`${named(one)} does not hold its words`);
    if (words && parseFloat(getComputedStyle(one).fontSize) < text_px)
      complaints.push(`${named(one)} is written small`);
    if (/^(BUTTON|INPUT)$/.test(one.tagName) && Math.min(box.width, box.height) < target_px)
      complaints.push(`${named(one)} is hard to hit: ${box.width} by ${box.height}`);
  }
  const touched = seen.filter((one) => /^(BUTTON|INPUT)$/.test(one.tagName));
  for (const [at, one] of touched.entries())
    for (const other of touched.slice(at + 1)) {
      const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
      if (
        Math.max(a.left, b.left) < Math.min(a.right, b.right) &&
        Math.max(a.top, b.top) < Math.min(a.bottom, b.bottom)
      )
        complaints.push(`${named(one)} lies on ${named(other)}`);
    }
  return complaints;
}"""
"""For a page that may be scrolled down, but never sideways; in the browser's pixels."""
