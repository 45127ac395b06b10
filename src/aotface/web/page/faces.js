// The target with a box on each face. A click on a face says who goes there.
import { ask, paths } from "./api.js";
import { el, uid } from "./dom.js";
import { openMenu } from "./menu.js";

/**
 * Make the picker. `onChange` is told when somebody is put somewhere, or taken away; `onError` why faces are not found.
 * Returns {node, setTarget, setSources, assigned}.
 */
export function facePicker(onChange, onError) {
  const picture = el("img", { class: "whole", alt: "Target with the faces that were found" });
  const marks = el("div", { class: "marks" });
  const frame = el("div", { class: "frame" }, picture, marks);
  const says = el("p", { class: "status", role: "status" });
  const range = el("input", { id: uid("frame"), type: "range", min: 0, value: 0 });
  const time = el("output", { htmlFor: range.id });
  const scrub = el(
    "div",
    { class: "scrub", hidden: true },
    el("label", { htmlFor: range.id, text: "Frame" }),
    range,
    time,
  );
  const node = el("div", { class: "picker", hidden: true }, frame, scrub, says);
  let target = null;
  let sources = [];
  let faces = [];
  let chosen = new Map(); // "frame:face": id of its source; people of a video may be chosen in several frames
  let touched = false;
  let asked = 0;

  const nameOf = (id) => sources.find((source) => source.id === id)?.name;

  const keyOf = (face) => `${range.value}:${face.index}`;

  function byDefault() {
    if (!touched)
      chosen = new Map(faces.slice(0, sources.length).map((face, place) => [keyOf(face), sources[place].id]));
    for (const [key, source] of chosen) if (!nameOf(source)) chosen.delete(key);
  }

  function choose(face, source) {
    touched = true;
    if (source) chosen.set(keyOf(face), source);
    else chosen.delete(keyOf(face));
    draw();
    onChange();
  }

  function offer(face, button) {
    const choices = sources.map((source) => ({
      label: source.name,
      picture: paths.preview(source.id),
      checked: chosen.get(keyOf(face)) === source.id,
      run: () => choose(face, source.id),
    }));
    choices.push({
      label: "Leave as it is",
      checked: !chosen.get(keyOf(face)),
      run: () => choose(face, null),
    });
    const [x, y, w, h] = face.box;
    const under = ((y + h) / target.height) * 100;
    const title = sources.length ? `Face ${face.index + 1}: who goes here?` : "Add a source picture first";
    openMenu({
      host: frame,
      opener: button,
      title,
      left: (Math.max(0, x) / target.width) * 100,
      top: Math.min(under, 70),
      choices,
    });
  }

  function mark(face) {
    const [x, y, w, h] = face.box;
    const source = chosen.get(keyOf(face));
    const words = `Face ${face.index + 1}: ${source ? `gets ${nameOf(source)}` : "stays as it is"}`;
    const part = (value, whole) => `${(value / whole) * 100}%`;
    const button = el(
      "button",
      {
        type: "button",
        class: source ? "mark taken" : "mark",
        "aria-label": words,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        title: words,
        style: {
          left: part(x, target.width),
          top: part(y, target.height),
          width: part(w, target.width),
          height: part(h, target.height),
        },
      },
      el(
        "span",
        { class: "badge" },
        source && el("img", { src: paths.preview(source), alt: "" }),
        el("span", { text: face.index + 1 }),
      ),
    );
    button.addEventListener("click", () => offer(face, button));
    return button;
  }

  function words() {
    if (!target) return "";
    if (!faces.length) return "No face found here. It needs one of at least 64 pixels, not turned away.";
    const count = faces.length === 1 ? "1 face found." : `${faces.length} faces found.`;
    if (!sources.length) return `${count} Add a source picture, then say who goes where.`;
    return `${count} ${chosen.size || "None"} will be swapped. Click a face to change who goes there.`;
  }

  function draw() {
    byDefault();
    marks.replaceChildren(...(target ? faces.map(mark) : []));
    says.textContent = words();
  }

  async function look() {
    asked += 1;
    const mine = asked;
    const at = Number(range.value);
    says.textContent = "Looking for faces …";
    marks.replaceChildren();
    picture.src = paths.preview(target.id, at);
    try {
      const answer = await ask("GET", paths.faces(target.id, at));
      if (mine !== asked) return;
      faces = answer.faces;
      draw();
    } catch (error) {
      says.textContent = "The faces are not known.";
      onError(error);
    }
    onChange();
  }

  range.addEventListener("input", () => {
    time.textContent = `${Number(range.value) + 1} of ${target.frames}`;
  });
  range.addEventListener("change", look);

  async function setTarget(file) {
    target = file || null;
    asked += 1; // an answer about the file before comes too late
    faces = [];
    chosen = new Map();
    touched = false;
    node.hidden = !target;
    if (!target) return draw();
    frame.style.setProperty("--wide", target.width / target.height);
    scrub.hidden = target.kind !== "video" || target.frames < 2;
    range.max = Math.max(0, (target.frames || 1) - 1);
    range.value = 0;
    time.textContent = `1 of ${target.frames || 1}`;
    return look();
  }

  function setSources(list) {
    sources = [...list];
    draw();
  }

  const assigned = () =>
    [...chosen].map(([key, source]) => {
      const [frame, face] = key.split(":").map(Number);
      return { source, face, frame };
    });
  return { node, setTarget, setSources, assigned };
}
