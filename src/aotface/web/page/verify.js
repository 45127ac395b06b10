// The tab Verify: drop a file, read its marks.
import { ask } from "./api.js";
import { el, reveal } from "./dom.js";
import { marksOf } from "./marks.js";
import { noticePlace } from "./notice.js";
import { fileSlot } from "./slot.js";

/** Build the tab inside `panel`. */
export function buildVerify(panel) {
  const notice = noticePlace();
  const place = el("div", { class: "marks-place", "aria-live": "polite" });
  const empty = el(
    "div",
    { class: "empty-stage" },
    el("p", { text: "The marks of your file will show here." }),
  );

  async function look(files) {
    notice.clear();
    empty.hidden = files.length > 0;
    if (!files.length) return place.replaceChildren();
    place.replaceChildren(el("p", { class: "hint", text: "Reading the marks …" }));
    try {
      const found = await ask("POST", "/v1/verify", { file: files[0].id });
      place.replaceChildren(marksOf(found));
    } catch (error) {
      place.replaceChildren();
      notice.error("The marks cannot be read", error);
    }
    return reveal(place);
  }

  const slot = fileSlot({
    label: "File",
    hint: "A picture or a video, from any tool.",
    kinds: ["picture", "video"],
    onChange: look,
  });
  const about = el(
    "div",
    { class: "about-marks" },
    el("h3", { text: "What is looked for" }),
    el(
      "ul",
      {},
      el("li", {
        text: "Content credentials: a signed note in the file. It is lost when the file is re-encoded.",
      }),
      el("li", { text: "A watermark: hidden in the pixels. It survives most re-encoding." }),
      el("li", { text: "A description (XMP): not signed, anybody can change it." }),
    ),
    el("p", { class: "hint", text: "Finding nothing does not show that a file is genuine." }),
  );
  panel.append(
    el(
      "div",
      { class: "work" },
      el("div", { class: "inputs" }, slot.node, about),
      el("div", { class: "right" }, el("div", { class: "stage" }, empty, notice.node, place)),
    ),
  );
}
