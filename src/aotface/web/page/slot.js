// A place for one or several files: drop them, or choose them. Each is sent at once and shown as a tile.
import { ask, paths, upload } from "./api.js";
import { el, icon, ICONS, showBytes, showSeconds, uid } from "./dom.js";
import { noticePlace } from "./notice.js";

/** Width and height of a file and, of a video, its length. */
export function describe(info) {
  const size = info.width ? `${info.width} × ${info.height}` : showBytes(info.bytes);
  return info.kind === "video" && info.seconds ? `${size}, ${showSeconds(info.seconds)}` : size;
}

/**
 * Make a slot.
 * kinds: which of "picture" and "video" fit. several: more than one file. onChange: told when the files change.
 * Returns {node, files, add, clear}: `files` are the server's facts, each with the chosen `local` file.
 */
export function fileSlot({ label, hint, kinds, several = false, onChange = () => {} }) {
  const files = [];
  const id = uid("slot");
  const notice = noticePlace();
  const accept = kinds
    .map((kind) => (kind === "video" ? "video/*,.mkv,.mov" : "image/*,.tif,.tiff,.heic"))
    .join(",");
  const input = el("input", { id, type: "file", accept, multiple: several, class: "visually-hidden" });
  const words = el(
    "span",
    { class: "add-words" },
    el("b", { text: several ? "Add pictures" : "Choose a file" }),
    " or drop here",
  );
  const adder = el("label", { class: "tile add", htmlFor: id }, icon(ICONS.add), words, input);
  const tiles = el("div", { class: "tiles" }, adder);
  const node = el(
    "fieldset",
    { class: "slot" },
    el("legend", { text: label }),
    hint && el("p", { class: "hint", text: hint }),
    tiles,
    notice.node,
  );
  input.setAttribute("aria-label", `${label}: choose a file`);

  const layout = () => {
    adder.hidden = !several && tiles.childElementCount > 1;
    tiles.classList.toggle("empty", tiles.childElementCount === 1);
  };
  const changed = () => {
    layout();
    onChange(files);
  };

  function remove(entry, tile) {
    const place = files.indexOf(entry);
    if (place >= 0) files.splice(place, 1);
    tile.remove();
    ask("DELETE", paths.file(entry.id)).catch(() => {}); // the server keeps it while a job needs it
    changed();
    input.focus();
  }

  function fill(tile, entry) {
    const picture = el("img", { src: paths.preview(entry.id), alt: "", class: "thumb" });
    const drop = el(
      "button",
      {
        class: "plain",
        type: "button",
        "aria-label": `Remove ${entry.name}`,
        on: { click: () => remove(entry, tile) },
      },
      icon(ICONS.close),
    );
    const about = el(
      "span",
      { class: "about" },
      el("span", { class: "name", text: entry.name, title: entry.name }),
      el("span", { class: "facts", text: describe(entry) }),
    );
    tile.replaceChildren(picture, about, drop);
    tile.classList.remove("waiting");
  }

  async function add(local) {
    notice.clear();
    const bar = el("progress", { max: 1, value: 0, "aria-label": `Sending ${local.name}` });
    const tile = el(
      "div",
      { class: "tile waiting" },
      el("span", { class: "about" }, el("span", { class: "name", text: local.name }), bar),
    );
    tiles.insertBefore(tile, adder);
    adder.hidden = !several;
    tiles.classList.remove("empty");
    try {
      const info = await upload(local, (part) => {
        bar.value = part;
      });
      if (!kinds.includes(info.kind))
        throw Object.assign(
          new Error(`${info.name} is a ${info.kind}; this place takes a ${kinds.join(" or a ")}`),
          { code: "kind" },
        );
      const entry = { ...info, local };
      files.push(entry);
      const lost = adder.hidden && document.activeElement === document.body;
      fill(tile, entry);
      if (lost) tile.querySelector("button").focus();
    } catch (error) {
      tile.remove();
      notice.error(`${local.name} cannot be used`, error, local.name);
    }
    changed();
  }

  const take = async (list) => {
    const chosen = [...list].slice(0, several ? undefined : 1);
    if (!several && chosen.length) clear();
    for (const file of chosen) await add(file);
  };

  function clear() {
    files.length = 0;
    for (const tile of [...tiles.children]) if (tile !== adder) tile.remove();
    changed();
  }

  input.addEventListener("change", async () => {
    const chosen = [...input.files];
    input.value = "";
    await take(chosen);
  });
  for (const name of ["dragenter", "dragover"])
    node.addEventListener(name, (event) => {
      event.preventDefault();
      node.classList.add("over");
    });
  for (const name of ["dragleave", "drop"]) node.addEventListener(name, () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  layout();
  return { node, files, add, take, clear, input };
}
