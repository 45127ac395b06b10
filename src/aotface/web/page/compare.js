// The tab Compare: one pair through every transfer, side by side, with the numbers.
import { paths } from "./api.js";
import { el, icon, ICONS } from "./dom.js";
import { kindOf } from "./result.js";
import { fileSlot } from "./slot.js";
import { workbench } from "./work.js";

const stemOf = (name) => name.replace(/\.[^.]+$/, "");

/** Which result a transfer made. */
const resultOf = (job, transfer) => job.results.find((name) => stemOf(name) === transfer || stemOf(name).endsWith(`.${transfer}`));

const shownNumber = (value) => (value === null || value === undefined ? "–" : Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

function card(job, transfer, methods) {
  const name = resultOf(job, transfer);
  const about = methods.transfers.find((row) => row.name === transfer)?.description || "";
  const source = paths.shown(job.id, { name });
  const picture = el("a", { href: source, target: "_blank", title: `${transfer}: open large` }, el("img", { src: source, alt: `Result of ${transfer}`, loading: "lazy" }));
  const save = el("a", { class: "plain", href: paths.result(job.id, name), download: name, "aria-label": `Download the result of ${transfer}` }, icon(ICONS.download));
  return el("figure", { class: "card" }, picture, el("figcaption", {}, el("b", { text: transfer }), save, el("span", { class: "hint", text: about })));
}

function table(job) {
  const transfers = Object.keys(job.numbers || {});
  if (!transfers.length) return null;
  const names = [...new Set(transfers.flatMap((name) => Object.keys(job.numbers[name])))];
  const head = el("tr", {}, el("th", { scope: "col", text: "transfer" }), names.map((name) => el("th", { scope: "col", text: name.replaceAll("_", " ") })));
  const rows = transfers.map((transfer) => el("tr", {}, el("th", { scope: "row", text: transfer }), names.map((name) => el("td", { text: shownNumber(job.numbers[transfer][name]) }))));
  return el("div", { class: "numbers", tabIndex: 0, role: "region", "aria-label": "Numbers of each transfer" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows)));
}

/** Build the tab inside `panel`. Returns {open, follow} for the history. */
export function buildCompare(panel, methods, onJob) {
  const changed = () => {
    bench.clear();
    bench.refresh();
  };
  const source = fileSlot({ label: "Source", hint: "Who: one picture.", kinds: ["picture"], onChange: () => changed() });
  const target = fileSlot({ label: "Target", hint: "Where: one picture. Its largest face is used.", kinds: ["picture"], onChange: () => changed() });
  const empty = el("div", { class: "empty-stage" }, el("p", { text: "All transfers will show here, side by side." }));
  const bench = workbench({
    verb: "Compare",
    title: "The comparison",
    onJob,
    onOutput: (shown) => { empty.hidden = shown; },
    ready: () => (!source.files.length ? "Add a source." : !target.files.length ? "Add a target." : ""),
    body: () => ({ job: { kind: "compare", source: source.files[0].id, target: target.files[0].id }, about: `${source.files[0].name} into ${target.files[0].name}`, shown: null }),
    view(job) {
      const made = methods.transfers.map((row) => row.name).filter((name) => resultOf(job, name) && kindOf(resultOf(job, name)) === "picture");
      return el("div", {}, el("div", { class: "cards" }, made.map((name) => card(job, name, methods))), table(job));
    },
  });
  panel.append(
    el("div", { class: "work" },
      el("div", { class: "inputs" }, source.node, target.node),
      el("div", { class: "right" }, el("div", { class: "stage" }, empty, bench.stage), bench.controls),
    ),
  );
  bench.refresh();
  return bench;
}
