// The tab Compare: one pair through every transfer, side by side, with the numbers.
import { ask, paths } from "./api.js";
import { el, icon, ICONS } from "./dom.js";
import { sentence } from "./notice.js";
import { numbersView } from "./numbers.js";
import { fileSlot } from "./slot.js";
import { workbench } from "./work.js";

const stemOf = (name) => name.replace(/\.[^.]+$/, "");

/** Which result a transfer made. */
const resultOf = (job, transfer) =>
  job.results.find((name) => stemOf(name) === transfer || stemOf(name).endsWith(`.${transfer}`));

function card(name, about, large, download) {
  const picture = el(
    "a",
    { href: large, target: "_blank", title: `${name}: open large` },
    el("img", { src: large, alt: name, loading: "lazy" }),
  );
  const save =
    download &&
    el(
      "a",
      { class: "plain", ...download, "aria-label": `Download the result of ${name}` },
      icon(ICONS.download),
    );
  return el(
    "figure",
    { class: "card" },
    picture,
    el("figcaption", {}, el("b", { text: name }), save, el("span", { class: "hint", text: about })),
  );
}

/** One card for the target, where it is still known, and one for each transfer. */
function cards(job, methods, target) {
  const made = methods.transfers.filter((row) => resultOf(job, row.name));
  const shown = made.map(({ name, description }) => {
    const file = resultOf(job, name);
    return card(name, sentence(description), paths.shown(job.id, { name: file }), {
      href: paths.result(job.id, file),
      download: file,
    });
  });
  if (target) shown.unshift(card("target", "As it was.", paths.preview(target.id)));
  const node = el("div", { class: "cards" }, shown);
  if (target) comeNear(node, target);
  return node;
}

/** Show the face of every card large. */
async function comeNear(node, target) {
  const { faces } = await ask("GET", paths.faces(target.id)).catch(() => ({ faces: [] }));
  if (!faces.length) return;
  const [x, y, wide, high] = faces[0].box;
  const side = Math.min(1.5 * Math.max(wide, high), target.width, target.height);
  const left = Math.min(Math.max(0, x + wide / 2 - side / 2), target.width - side);
  const top = Math.min(Math.max(0, y + high * 0.44 - side / 2), target.height - side);
  const rules = { "--zoom": target.width / side, "--left": -left / side, "--top": -top / side };
  for (const [rule, part] of Object.entries(rules)) node.style.setProperty(rule, `${part * 100}%`);
  for (const one of node.children) one.classList.add("near");
}

/** Build the tab inside `panel`. Returns the workbench, for the history. */
export function buildCompare(panel, methods, onJob) {
  const changed = () => {
    bench.clear();
    bench.refresh();
  };
  const source = fileSlot({
    label: "Source",
    hint: "Who: one picture.",
    kinds: ["picture"],
    onChange: () => changed(),
  });
  const target = fileSlot({
    label: "Target",
    hint: "Where: one picture. Its largest face is used.",
    kinds: ["picture"],
    onChange: () => changed(),
  });
  const empty = el(
    "div",
    { class: "empty-stage" },
    el("p", { text: "All transfers will show here, side by side." }),
  );
  const bench = workbench({
    verb: "Compare",
    title: "The comparison",
    onJob,
    onOutput: (shown) => {
      empty.hidden = shown;
    },
    ready: () => (!source.files.length ? "Add a source." : !target.files.length ? "Add a target." : ""),
    body: () => ({
      job: { kind: "compare", source: source.files[0].id, target: target.files[0].id },
      about: `${source.files[0].name} into ${target.files[0].name}`,
      shown: target.files[0],
    }),
    view: (job, target) => el("div", {}, cards(job, methods, target), numbersView(job.numbers)),
  });
  panel.append(
    el(
      "div",
      { class: "work" },
      el("div", { class: "inputs" }, source.node, target.node),
      el("div", { class: "right" }, el("div", { class: "stage" }, empty, bench.stage), bench.controls),
    ),
  );
  bench.refresh();
  return bench;
}
