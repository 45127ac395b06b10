// The controls for the options, made from what the server says of them.
import { el, uid } from "./dom.js";
import { sentence } from "./notice.js";

const MAIN = ["transfer", "strength", "exposure", "temperature", "camera_match", "label"];
const CLICKED = "face"; // of a swap it is said by clicking a face
const TICKED = new Set(["mask"]); // the page shows it

const NAMES = {
  crf: "CRF of a video",
  preset: "Encoder preset",
  training_mining: "Use for AI training",
  trim_start: "Start, in seconds",
  trim_end: "End, in seconds",
  format: "File format",
  layers: "Also make",
};
const SUGGESTED = {
  face: ["largest", "all", "0", "1"],
  label: ["none", "ai", "ai-modified"],
  source_face: ["largest", "0", "1"],
};

const plain = (name) => {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

function numberControl(option, id) {
  const whole = option.type === "integer";
  const span = option.max - option.min;
  if (option.default === null || option.min === null || option.max === null || (whole && span > 200)) {
    const field = el("input", {
      id,
      type: "number",
      step: whole ? 1 : "any",
      min: option.min ?? undefined,
      max: option.max ?? undefined,
      value: option.default ?? "",
    });
    return { field, read: () => (field.value === "" ? null : Number(field.value)) };
  }
  const field = el("input", {
    id,
    type: "range",
    min: option.min,
    max: option.max,
    step: whole ? 1 : span > 20 ? 1 : 0.05,
    value: option.default,
  });
  const shown = el("output", { htmlFor: id, text: String(option.default) });
  field.addEventListener("input", () => {
    shown.textContent = field.value;
  });
  return { field, shown, read: () => Number(field.value) };
}

function control(option, id, transfers) {
  if (String(option.choices) === "on,off") {
    const field = el("input", { id, type: "checkbox", checked: option.default === "on" });
    return { field, read: () => (field.checked ? "on" : "off") };
  }
  const described = option.name === "transfer" ? transfers : null;
  if (option.type === "list") return listControl(option, id);
  const choices = option.choices || (described && described.map((row) => row.name));
  if (choices && choices.length) {
    const field = el(
      "select",
      { id },
      choices.map((name) => el("option", { value: name, text: name, selected: name === option.default })),
    );
    if (option.default === null) field.prepend(el("option", { value: "", text: "as usual", selected: true }));
    if (!described) return { field, read: () => field.value || null };
    const about = el("p", { class: "hint", "aria-live": "polite" });
    const tell = () => {
      about.textContent = sentence(described.find((row) => row.name === field.value)?.description || "");
    };
    field.addEventListener("change", tell);
    tell();
    return { field, about, read: () => field.value };
  }
  if (option.type === "number" || option.type === "integer") return numberControl(option, id);
  const words = SUGGESTED[option.name];
  const list =
    words &&
    el(
      "datalist",
      { id: `${id}-list` },
      words.map((value) => el("option", { value })),
    );
  const field = el("input", {
    id,
    type: "text",
    value: option.default ?? "",
    autocomplete: "off",
    spellcheck: false,
  });
  if (list) field.setAttribute("list", list.id);
  return { field, about: list, read: () => field.value.trim() || null };
}

function listControl(option, id) {
  const boxes = option.choices.map((name) =>
    el("input", { type: "checkbox", id: `${id}-${name}`, value: name, checked: TICKED.has(name) }),
  );
  const field = el(
    "div",
    { id, class: "boxes", role: "group" },
    boxes.map((box) => el("label", { htmlFor: box.id }, box, plain(box.value))),
  );
  field.setAttribute("aria-label", NAMES[option.name] || plain(option.name));
  return { field, read: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}

function row(option, transfers) {
  const id = uid(`option-${option.name}`);
  const made = control(option, id, transfers);
  const hint =
    option.help &&
    option.name !== "transfer" &&
    el("p", { class: "hint", id: `${id}-help`, text: option.help });
  if (hint) made.field.setAttribute("aria-describedby", hint.id);
  made.field.dataset.option = option.name;
  const node = el(
    "div",
    { class: "option" },
    el("label", { htmlFor: id, text: NAMES[option.name] || plain(option.name) }),
    made.shown,
    made.field,
    made.about,
    hint,
  );
  return { node, read: made.read, option };
}

/** Controls for one kind of job ("swap", "refine"): {node, values}. Only what differs from its default is sent. */
export function optionControls(methods, kind) {
  const fit = methods.options.filter(
    (option) => option.applies.includes(kind) && !(kind === "swap" && option.name === CLICKED),
  );
  const rows = new Map(fit.map((option) => [option.name, row(option, methods.transfers)]));
  const main = MAIN.filter((name) => rows.has(name)).map((name) => rows.get(name).node);
  const more = [...rows].filter(([name]) => !MAIN.includes(name)).map(([, made]) => made.node);
  const node = el("div", { class: "options" }, el("div", { class: "grid" }, main));
  if (more.length)
    node.append(
      el("details", {}, el("summary", { text: "More options" }), el("div", { class: "grid" }, more)),
    );

  const values = () => {
    const found = {};
    for (const [name, made] of rows) {
      const value = made.read();
      if (value !== null && String(value) !== String(made.option.default)) found[name] = value;
    }
    return found;
  };
  return { node, values };
}
