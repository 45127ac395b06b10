// A finished job: before and after, its layers, the files to download, and its marks.
import { ask, paths, resultFile, upload } from "./api.js";
import { el, icon, ICONS, uid } from "./dom.js";
import { marksOf } from "./marks.js";
import { noticePlace } from "./notice.js";
import { beforeAfter } from "./slider.js";

const LAYERS = { mask: "Mask", reenacted: "Before transfer" };
const VIDEOS = new Set(["mp4", "mov", "mkv", "webm", "m4v", "avi"]);

/** "video" or "picture", from a file's name. */
export const kindOf = (name) => (VIDEOS.has(name.split(".").pop().toLowerCase()) ? "video" : "picture");

/** One picture or video in a frame of its own shape. */
function shown(source, kind, alt) {
  const media =
    kind === "video"
      ? el("video", {
          src: source,
          controls: true,
          muted: true,
          loop: true,
          playsInline: true,
          "aria-label": alt,
        })
      : el("img", { src: source, alt, class: "whole" });
  const frame = el("div", { class: "frame" }, media);
  const shape = () => {
    const [wide, high] =
      kind === "video" ? [media.videoWidth, media.videoHeight] : [media.naturalWidth, media.naturalHeight];
    frame.style.setProperty("--wide", wide / high || 1);
  };
  media.addEventListener(kind === "video" ? "loadedmetadata" : "load", shape);
  media.addEventListener("error", () => {
    frame.replaceChildren(
      el("p", {
        class: "cannot",
        text: "This browser cannot show this kind of file. Download it to look at it.",
      }),
    );
  });
  return frame;
}

/** The views that a result has: {name: () => element}. */
function viewsOf(job, before) {
  const name = job.results[0];
  const kind = kindOf(name);
  const film = kind === "video";
  const after = film ? paths.result(job.id, name) : paths.shown(job.id, { name });
  const views = {};
  if (before) views["Before and after"] = () => beforeAfter({ ...before, after, kind });
  views.Result = () => shown(after, kind, "The result");
  for (const layer of job.layers) {
    if (!LAYERS[layer]) continue;
    const source = film ? paths.layer(job.id, layer) : paths.shown(job.id, { layer });
    views[LAYERS[layer]] = () => shown(source, kind, LAYERS[layer]);
  }
  return views;
}

function switcher(views, place) {
  const group = uid("view");
  const node = el("div", { class: "switch", role: "radiogroup", "aria-label": "View" });
  const show = (name) => place.replaceChildren(views[name]());
  for (const [number, name] of Object.keys(views).entries()) {
    const input = el("input", {
      type: "radio",
      name: group,
      id: uid("choice"),
      checked: number === 0,
      class: "visually-hidden",
      on: { change: () => show(name) },
    });
    node.append(input, el("label", { htmlFor: input.id, text: name }));
  }
  show(Object.keys(views)[0]);
  return node;
}

/** The button that reads the marks of the very file that is downloaded, and the place for what it finds. */
function verifier(job) {
  const notice = noticePlace();
  const place = el("div", { class: "marks-place", "aria-live": "polite" });
  const button = el("button", { type: "button", class: "quiet" }, icon(ICONS.shield), "Verify this");
  button.addEventListener("click", async () => {
    button.disabled = true;
    notice.clear();
    place.replaceChildren(el("p", { class: "hint", text: "Reading the marks …" }));
    try {
      const sent = await upload(await resultFile(job.id, job.results[0]));
      place.replaceChildren(marksOf(await ask("POST", "/v1/verify", { file: sent.id })));
    } catch (error) {
      place.replaceChildren();
      notice.error("The marks cannot be read", error);
    }
    button.disabled = false;
  });
  return { button, place: el("div", {}, notice.node, place) };
}

const link = (href, name, words, kind = "quiet") =>
  el("a", { class: `button ${kind}`, href, download: name }, icon(ICONS.download), words);

/** The view of a finished job. `before` is {before, width, height} of what it was made from, where still known. */
export function resultView(job, before) {
  const name = job.results[0];
  const place = el("div", { class: "view" });
  const check = verifier(job);
  const places =
    job.layers.includes("matrix") && link(paths.layer(job.id, "matrix"), "places.json", "Places");
  const actions = el(
    "div",
    { class: "actions" },
    link(paths.result(job.id, name), name, "Download", "solid"),
    link(paths.record(job.id), `${name}.json`, "Record"),
    places,
    check.button,
  );
  const warnings = job.warnings.map((line) => el("p", { class: "hint", text: line }));
  return el(
    "div",
    { class: "result" },
    place,
    switcher(viewsOf(job, before), place),
    actions,
    warnings,
    check.place,
  );
}
