// Before and after: a divider that the mouse, a finger or the arrow keys move.
import { el, icon, ICONS, uid } from "./dom.js";

const mediaOf = (source, kind, alt) =>
  kind === "video"
    ? el("video", {
        src: source,
        muted: true,
        loop: true,
        playsInline: true,
        preload: "auto",
        "aria-label": alt,
      })
    : el("img", { src: source, alt });

/** Two pictures, or two videos that run together. `before` and `after` are addresses.  */
export function beforeAfter({ before, after, kind, width, height }) {
  const old = mediaOf(before, kind, "Before");
  const fresh = mediaOf(after, kind, "After");
  const hold = el("div", { class: "after" }, fresh);
  const range = el("input", {
    id: uid("slider"),
    type: "range",
    min: 0,
    max: 100,
    step: 1,
    value: 50,
    "aria-label": "Before and after: move the divider",
  });
  const names = [
    el("span", { class: "side side-before", text: "Before" }),
    el("span", { class: "side side-after", text: "After" }),
  ];
  const frame = el(
    "div",
    { class: "frame slider", style: { "--wide": width / height } },
    old,
    hold,
    names,
    el("span", { class: "divider" }),
    range,
  );

  const move = () => {
    frame.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", `${range.value} % before, ${100 - range.value} % after`);
  };
  range.addEventListener("input", move);
  move();
  if (kind !== "video") return frame;
  return el("div", {}, frame, player(fresh, [old, fresh]));
}

/** One pair of controls for videos that run together; the first leads. */
function player(lead, videos) {
  const play = el("button", { type: "button", class: "quiet" });
  const seek = el("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": "Time" });
  const show = () => {
    play.replaceChildren(icon(lead.paused ? ICONS.play : ICONS.pause), lead.paused ? "Play" : "Pause");
  };
  play.addEventListener("click", () => {
    const paused = lead.paused;
    for (const video of videos) paused ? video.play().catch(() => {}) : video.pause();
  });
  seek.addEventListener("input", () => {
    for (const video of videos) video.currentTime = Number(seek.value) * (video.duration || 0);
  });
  lead.addEventListener("timeupdate", () => {
    if (lead.duration) seek.value = lead.currentTime / lead.duration;
    for (const video of videos)
      if (Math.abs(video.currentTime - lead.currentTime) > 0.12) video.currentTime = lead.currentTime;
  });
  for (const name of ["play", "pause"]) lead.addEventListener(name, show);
  show();
  return el("div", { class: "player" }, play, seek);
}
