// What Swap, Refine and Compare share: consent, the button, progress, errors, and the place of the result.
import { ask, ended } from "./api.js";
import { nameJob } from "./history.js";
import { el, reveal, uid } from "./dom.js";
import { noticePlace } from "./notice.js";
import { progressBar } from "./progress.js";

const CONSENT = "I have the consent of the people shown, or the right to do this.";
const READY = "The result carries marks that say what it is.";

/**
 * The lower part of a form and the stage beside it.
 * verb: of the button. ready: what is missing, as words, or "" when all is there.
 * body: {job to send, about in words, shown to the view}. view: element of a finished job. onJob: told of each new state.
 * onOutput: told whether a result takes the stage.
 */
export function workbench({
  verb,
  title,
  back = "Close the result",
  ready,
  body,
  view,
  onJob,
  onOutput = () => {},
}) {
  const id = uid("consent");
  const tick = el("input", { id, type: "checkbox" });
  const missing = el("p", { class: "missing", id: uid("missing"), role: "status" });
  const consent = el(
    "div",
    { class: "consent" },
    tick,
    el("div", {}, el("label", { htmlFor: id, text: CONSENT }), missing),
  );
  const button = el("button", { type: "button", class: "main", text: verb, "aria-describedby": missing.id });
  const progress = progressBar();
  const notice = noticePlace();
  const output = el("div", { class: "output" });
  let busy = false;

  function clear() {
    notice.clear();
    output.replaceChildren();
    onOutput(false);
  }

  function put(job, shown) {
    const leave = el("button", { type: "button", class: "quiet back", text: back, on: { click: clear } });
    output.replaceChildren(view(job, shown));
    (output.querySelector(".actions") || output).append(leave);
    onOutput(true);
    reveal(stage.closest(".stage"));
  }

  function refresh() {
    const lack = ready() || (tick.checked ? "" : "Tick the consent to go on.");
    button.disabled = busy || Boolean(lack);
    missing.textContent = busy ? "Working: see the progress." : lack || READY;
  }

  /** Follow a job until it ends, then show it. */
  async function follow(number, shown) {
    busy = true;
    clear();
    refresh();
    try {
      const running = progress.run(number, onJob);
      reveal(stage.closest(".stage"));
      const job = await running;
      if (job.state === "done") put(job, shown);
      else if (job.state === "cancelled") notice.say("Cancelled", "Nothing half-made is kept.");
      else notice.error(`${title} did not work`, job.error || new Error("No reason was given. Try again"));
    } catch (error) {
      notice.error("The job cannot be followed", error);
    }
    busy = false;
    refresh();
  }

  async function start() {
    busy = true;
    refresh();
    notice.clear();
    try {
      const made = body();
      const { id: number } = await ask("POST", "/v1/jobs", { ...made.job, consent: tick.checked });
      nameJob(number, made.about);
      await follow(number, made.shown);
    } catch (error) {
      notice.error(`${title} did not start`, error);
      busy = false;
      refresh();
    }
  }

  tick.addEventListener("change", refresh);
  button.addEventListener("click", start);
  const controls = el("div", { class: "go" }, consent, button);
  const stage = el("div", { class: "after-stage" }, progress.node, notice.node, output);
  /** Show a job that the history opens; one that still runs is followed. */
  function open(job) {
    if (busy) return;
    if (!ended(job)) {
      follow(job.id, null);
      return;
    }
    clear();
    put(job, null);
  }
  return { controls, stage, refresh, clear, open, notice };
}
