// The progress of one job, with the time left and a way to stop it.
import { ask, ended, follow, paths } from "./api.js";
import { el, showSeconds, uid } from "./dom.js";

const STATES = {
  queued: "Waiting for its turn",
  running: "Working",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** The state of a job in words. */
export const stateOf = (job) => STATES[job.state] || job.state;

/** A bar that keeps its room while nothing runs. Returns {node, run(id, onState) -> promise of the job that has ended}. */
export function progressBar() {
  const id = uid("progress");
  const words = el("span", { id, class: "words", role: "status" });
  const left = el("span", { class: "left" });
  const fill = el("span", { class: "fill" });
  const bar = el(
    "div",
    { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-labelledby": id },
    fill,
  );
  const cancel = el("button", { type: "button", class: "quiet", text: "Cancel" });
  const node = el(
    "div",
    { class: "progress", hidden: true },
    el("div", { class: "line" }, words, left, cancel),
    bar,
  );
  let current = null;

  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    words.textContent = "Stopping …";
    await ask("POST", paths.cancel(current)).catch(() => {});
  });

  function show(job) {
    const part = Math.round((job.progress || 0) * 100);
    const known = job.state === "running" && part > 0;
    bar.classList.toggle("unknown", !known && !ended(job));
    fill.style.setProperty("width", `${known ? part : ended(job) ? 100 : 0}%`);
    if (known) bar.setAttribute("aria-valuenow", part);
    else bar.removeAttribute("aria-valuenow");
    const said =
      job.state === "running" && job.message
        ? job.message.charAt(0).toUpperCase() + job.message.slice(1)
        : stateOf(job);
    if (!cancel.disabled && words.textContent !== said) words.textContent = said;
    left.textContent = known
      ? `${part} %${job.seconds_left ? `, about ${showSeconds(job.seconds_left)} left` : ""}`
      : "";
  }

  function run(number, onState) {
    let state = "";
    current = number;
    cancel.disabled = false;
    node.hidden = false;
    show({ state: "queued" });
    return new Promise((done, lost) => {
      const stop = follow(
        number,
        (job) => {
          show(job);
          if (job.state !== state) onState(job);
          state = job.state;
          if (!ended(job)) return;
          stop();
          node.hidden = true;
          done(job);
        },
        (error) => {
          node.hidden = true;
          lost(error);
        },
      );
    });
  }
  return { node, run };
}
