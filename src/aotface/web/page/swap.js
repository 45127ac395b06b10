// The tab Swap: who, where, how; then the result.
import { paths, sampleFile } from "./api.js";
import { el } from "./dom.js";
import { facePicker } from "./faces.js";
import { optionControls } from "./options.js";
import { resultView } from "./result.js";
import { fileSlot } from "./slot.js";
import { workbench } from "./work.js";

const TRIAL = ["source_medium_woman.jpg", "target_light_man_yellow.jpg"];

/** What was there before, in a form that the browser can show. */
export function shownBefore(file) {
  const before = file.kind === "video" ? URL.createObjectURL(file.local) : paths.preview(file.id);
  return { before, width: file.width, height: file.height };
}

/** Build the tab inside `panel`. Returns the workbench, for the history. */
export function buildSwap(panel, methods, onJob) {
  const options = optionControls(methods, "swap");
  const picker = facePicker(
    () => bench.refresh(),
    (error) => bench.notice.error("The faces cannot be found", error),
  );
  const trial = el("button", {
    type: "button",
    class: "quiet",
    text: "Try it with synthetic faces",
    on: { click: tryIt },
  });
  const empty = el(
    "div",
    { class: "empty-stage" },
    el("p", { text: "Your target will show here, with a box on each face." }),
    trial,
  );

  async function tryIt() {
    trial.disabled = true;
    try {
      const [one, other] = await Promise.all(TRIAL.map(sampleFile));
      await Promise.all([sources.take([one]), target.take([other])]);
    } catch (error) {
      bench.notice.error("The synthetic faces are not there", error);
    }
    trial.disabled = false;
  }

  const targetChanged = async (files) => {
    bench.clear();
    bench.refresh();
    await picker.setTarget(files[0]);
    bench.refresh();
  };
  const sourceChanged = (files) => {
    picker.setSources(files);
    bench.refresh();
  };

  const bench = workbench({
    verb: "Swap",
    title: "The swap",
    back: "Choose faces again",
    onJob,
    onOutput(shown) {
      picker.node.hidden = shown || !target.files.length;
      empty.hidden = shown || target.files.length > 0;
    },
    ready() {
      if (!sources.files.length) return "Add a source: the person whose face is wanted.";
      if (!target.files.length) return "Add a target: the picture or video to edit.";
      return picker.assigned().length ? "" : "Click a face in the target and say who goes there.";
    },
    body() {
      const { source_face: which = "largest", ...others } = options.values();
      const sourceFace = /^\d+$/.test(which) ? Number(which) : which;
      const assign = picker.assigned().map((row) => ({ ...row, source_face: sourceFace }));
      return {
        job: { kind: "swap", target: target.files[0].id, assign, options: others },
        about: `Into ${target.files[0].name}`,
        shown: shownBefore(target.files[0]),
      };
    },
    view: resultView,
  });
  const sources = fileSlot({
    label: "Source",
    hint: "Who: one picture for each person.",
    kinds: ["picture"],
    several: true,
    onChange: sourceChanged,
  });
  const target = fileSlot({
    label: "Target",
    hint: "Where: the picture or video to edit.",
    kinds: ["picture", "video"],
    onChange: targetChanged,
  });

  panel.append(
    el(
      "div",
      { class: "work" },
      el("div", { class: "inputs" }, sources.node, target.node),
      el(
        "div",
        { class: "right" },
        el("div", { class: "stage" }, empty, picker.node, bench.stage),
        bench.controls,
      ),
      el("div", { class: "settings" }, options.node),
    ),
  );
  bench.refresh();
  return bench;
}
