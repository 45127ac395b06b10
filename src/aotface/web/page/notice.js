// Messages to people: an error says what happened and what to do.
import { el, icon, ICONS, showBytes } from "./dom.js";

const HELP = {
  no_answer: "Start it again in the terminal, then reload this page.",
  too_large: "Trim the video, or save the picture smaller.",
  client: "Reload this page.",
  token: "Open the page by the address that 'aotface serve' has printed.",
  files: "Remove files by their cross, or delete jobs under 'This session'.",
  bytes: "Remove files by their cross, or delete jobs under 'This session'.",
  jobs: "They stand under 'This session'.",
  not_found: "Files are kept for a limited time. Add the file again.",
};

const readable = (text) =>
  text
    .replace(/([\d,]{5,}) bytes/g, (_, digits) => showBytes(Number(digits.replaceAll(",", ""))))
    .replace("a body of", "a file of");

/** A line of the server as a sentence. */
export const sentence = (text) => {
  const clean = readable(String(text).trim());
  const first = clean.charAt(0).toUpperCase() + clean.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
};

/** A place for one message at a time; empty it takes no room. An error's text may begin with what it is `about`. */
export function noticePlace() {
  const node = el("div", { class: "notice-place", role: "alert" });
  const clear = () => node.replaceChildren();
  const show = (kind, title, text, help) => {
    const close = el(
      "button",
      { class: "plain", type: "button", "aria-label": "Close message", on: { click: clear } },
      icon(ICONS.close),
    );
    const body = el(
      "div",
      {},
      el("strong", { text: title }),
      el("p", { text: sentence(text) }),
      help && el("p", { text: help }),
    );
    node.replaceChildren(el("div", { class: `notice ${kind}` }, icon(ICONS.warn), body, close));
  };
  const error = (title, failure, about = "") => {
    if (!failure.code) console.error(failure);
    const text = failure.text || failure.message || "Something went wrong in the page";
    show(
      "bad",
      title,
      text.startsWith(`${about}: `) ? text.slice(about.length + 2) : text,
      HELP[failure.code],
    );
  };
  return { node, clear, error, say: (title, text) => show("info", title, text) };
}
