// Small pieces of a page. A text is set only when it differs, so that nothing is announced twice.

export const el = (tag, className = "", ...children) => {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
};

export const put = (node, text) => {
  if (node.textContent !== String(text)) node.textContent = text;
};

export const chip = (className, text) => el("span", `chip ${className}`, text);
