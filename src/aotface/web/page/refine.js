// The tab Refine: the swap of another tool is moved into the light of its target.
import { el } from "./dom.js";
import { optionControls } from "./options.js";
import { resultView } from "./result.js";
import { fileSlot } from "./slot.js";
import { shownBefore } from "./swap.js";
import { workbench } from "./work.js";

/** Build the tab inside `panel`. Returns the workbench, for the history. */
export function buildRefine(panel, methods, onJob) {
  const options = optionControls(methods, "refine");
  const both = ["picture", "video"];
  const empty = el("div", { class: "empty-stage" }, el("p", { text: "The refined face will show here." }));
  const changed = () => {
    bench.clear();
    bench.refresh();
  };
  const swapped = fileSlot({
    label: "Swapped",
    hint: "The result of another face swapping tool.",
    kinds: both,
    onChange: () => changed(),
  });
  const original = fileSlot({
    label: "Original",
    hint: "The same picture or video before the swap.",
    kinds: both,
    onChange: () => changed(),
  });
  const mask = fileSlot({
    label: "Mask (optional)",
    hint: "White where the face was replaced. Without it, the change is found.",
    kinds: both,
    onChange: () => changed(),
  });

  const bench = workbench({
    verb: "Refine",
    title: "Refining",
    onJob,
    onOutput: (shown) => {
      empty.hidden = shown;
    },
    ready() {
      if (!swapped.files.length) return "Add the swapped picture or video.";
      if (!original.files.length) return "Add the original, before the swap.";
      return swapped.files[0].kind === original.files[0].kind
        ? ""
        : "Swapped and original must both be pictures, or both videos.";
    },
    body() {
      const job = {
        kind: "refine",
        swapped: swapped.files[0].id,
        original: original.files[0].id,
        options: options.values(),
      };
      if (mask.files.length) job.mask = mask.files[0].id;
      return { job, about: swapped.files[0].name, shown: shownBefore(swapped.files[0]) };
    },
    view: resultView,
  });

  panel.append(
    el(
      "div",
      { class: "work" },
      el("div", { class: "inputs" }, swapped.node, original.node, mask.node),
      el("div", { class: "right" }, el("div", { class: "stage" }, empty, bench.stage), bench.controls),
      el("div", { class: "settings" }, options.node),
    ),
  );
  bench.refresh();
  return bench;
}
