// The marks of a file in plain words: the sum first, then each mark, then the small print.
import { el, icon, ICONS } from "./dom.js";

const SUMS = {
  marked: ["good", "Marked: a face here was swapped or refined"],
  declared: ["good", "Declared as made or edited with AI by another tool"],
  unmarked: ["plain", "No marks found"],
  invalid: ["bad", "Changed after it was signed"],
};

const PERHAPS = {
  unmarked: "That does not show that it is genuine: marks can be lost or removed.",
  invalid: "The signature does not fit the file any more, or it is broken. Do not rely on what it says.",
};

function credentialsRow(found) {
  if (!found) return ["none", "Content credentials", "None in this file."];
  if (found.state === "Invalid")
    return [
      "bad",
      "Content credentials",
      "They do not hold: the file was changed after signing, or they are broken.",
    ];
  const by = found.signer ? ` Signed by ${found.signer}.` : "";
  return ["good", "Content credentials", `Valid: unchanged since it was signed.${by}`];
}

function watermarkRow(found, damaged) {
  if (damaged) return ["bad", "Watermark", "Cannot be read: the picture is damaged."];
  if (found.too_small) return ["none", "Watermark", "Cannot be read: the picture is too small."];
  if (!found.found)
    return [
      "none",
      "Watermark",
      found.confidence === "low" ? "None found; a weak trace only." : "None found in the pixels.",
    ];
  return ["good", "Watermark", `Found in the pixels; confidence ${found.confidence}.`];
}

function typeRow(found) {
  if (!found) return ["none", "Description (XMP)", "Says nothing of how it was made."];
  const name = found.split("/").pop();
  const words =
    name === "compositeWithTrainedAlgorithmicMedia"
      ? "Says: a composite with parts made by AI."
      : `Says: ${name}.`;
  return ["good", "Description (XMP)", `${words} It is not signed: anybody can change it.`];
}

function row([state, name, words]) {
  const sign = { good: ICONS.check, bad: ICONS.warn, none: "M7 12h10" }[state];
  return el(
    "li",
    { class: state },
    icon(sign),
    el("div", {}, el("b", { text: name }), el("span", { text: words })),
  );
}

/** What `/v1/verify` found, as an element. */
export function marksOf(found) {
  const state = found.state === "marked" && !found.aotface ? "declared" : found.state;
  const [kind, title] = SUMS[state] || ["plain", found.state];
  const rows = [
    credentialsRow(found.credentials),
    watermarkRow(found.watermark, found.damaged),
    typeRow(found.source_type),
  ];
  const lines = found.lines || [];
  return el(
    "section",
    { class: `verdict ${kind}`, "aria-label": "Marks of the file" },
    el("h3", {}, icon(kind === "good" ? ICONS.check : kind === "bad" ? ICONS.warn : ICONS.shield), title),
    PERHAPS[state] && el("p", { text: PERHAPS[state] }),
    el("ul", { class: "marks-list" }, rows.map(row)),
    lines.length > 0 &&
      el("details", {}, el("summary", { text: "All findings" }), el("pre", { text: lines.join("\n") })),
  );
}
