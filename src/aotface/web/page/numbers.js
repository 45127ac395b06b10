// The benchmark's numbers of a comparison, as a table. The best of each column is bold.
import { el } from "./dom.js";

/** Key: [heading, what is best: "low", "high", or a number]. The first ones are shown, the others on demand. */
const MAIN = {
  lf_de: ["light and tone", "low"],
  keep: ["detail kept", "high"],
  leak: ["target leakage", "low"],
  edge_tone: ["step at the edge", "low"],
  fine_detail: ["fine detail", 1],
  eye_contrast: ["eye contrast", 1],
  seam: ["seam", 1],
};
const OTHERS = {
  mean_de: ["mean colour", "low"],
  swd: ["distribution", "low"],
  ciede2000: ["dE00", "low"],
  ita_difference: ["skin tone", "low"],
  light_distance: ["light by direction", "low"],
  edge_texture: ["texture at the edge", "low"],
  grain: ["grain", 1],
};

const isNumber = (value) => value !== null && value !== undefined;

function shown(value) {
  if (!isNumber(value)) return "–";
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2);
}

/** How far a value is from the best there can be; smaller is better. */
function distance(value, best) {
  if (best === "low") return value;
  return best === "high" ? -value : Math.abs(value - best);
}

const wishOf = (best) =>
  best === "low"
    ? "lower is better"
    : best === "high"
      ? "higher is better"
      : isNumber(best)
        ? `${best} is best`
        : "";

function table(numbers, columns, label) {
  const rows = Object.keys(numbers);
  const keys = Object.keys(columns);
  const winner = {};
  for (const key of keys) {
    const found = rows.map((row) => numbers[row][key]).filter(isNumber);
    const far = found.map((value) => distance(value, columns[key][1]));
    winner[key] = columns[key][1] === undefined ? null : shown(found[far.indexOf(Math.min(...far))]);
  }
  const head = keys.map((key) =>
    el("th", { scope: "col" }, columns[key][0], el("small", { text: wishOf(columns[key][1]) })),
  );
  const cell = (row, key) => {
    const text = shown(numbers[row][key]);
    return el("td", {}, text === winner[key] && text !== "–" ? el("b", { text }) : text);
  };
  const body = rows.map((row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", text: row }),
      keys.map((key) => cell(row, key)),
    ),
  );
  const made = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "transfer" }), head)),
    el("tbody", {}, body),
  );
  return el("div", { class: "numbers", tabIndex: 0, role: "region", "aria-label": label }, made);
}

/** The table of a job's `numbers`, and the other columns behind a click; null where there are none. */
export function numbersView(numbers) {
  const keys = new Set(Object.values(numbers || {}).flatMap((row) => Object.keys(row)));
  if (!keys.size) return null;
  const pick = (columns) => Object.fromEntries(Object.entries(columns).filter(([key]) => keys.has(key)));
  const unknown = [...keys].filter((key) => !(key in MAIN) && !(key in OTHERS));
  const rest = {
    ...pick(OTHERS),
    ...Object.fromEntries(unknown.map((key) => [key, [key.replaceAll("_", " ")]])),
  };
  return el(
    "div",
    {},
    table(numbers, pick(MAIN), "Main numbers of each transfer"),
    Object.keys(rest).length > 0 &&
      el(
        "details",
        {},
        el("summary", { text: "More numbers" }),
        table(numbers, rest, "More numbers of each transfer"),
      ),
  );
}
