// Small helpers to make elements. Text always goes in as text, never as HTML.

/** Make an element. `on` holds listeners, `style` CSS properties; all else are properties or attributes. */
export function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [event, call] of Object.entries(value)) node.addEventListener(event, call);
    else if (key === "style")
      for (const [rule, to] of Object.entries(value)) node.style.setProperty(rule, to);
    else if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key in node && !key.startsWith("aria-")) node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

let last = 0;

/** An id that no other element has. */
export function uid(prefix) {
  last += 1;
  return `${prefix}-${last}`;
}

/** A picture from a stroke path on a 24 px grid, hidden from screen readers. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  add: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  download: "M12 4v11m-5-5l5 5 5-5M5 20h14",
  check: "M5 13l4 4L19 7",
  warn: "M12 4l9 16H3zM12 10v4m0 3v.5",
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  shield: "M12 3l7 3v6c0 4-3 7-7 9-4-2-7-5-7-9V6z",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 12h16",
};

/** 1.4 MB. */
export function showBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / unit[1]).toPrecision(3).replace(/\.?0+$/, "")} ${unit[0]}`;
}

/** 8 s, 2 min 5 s. */
export function showSeconds(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Bring a part of the page into view, without movement for those who asked for none. */
export function reveal(node) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  node.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
}
