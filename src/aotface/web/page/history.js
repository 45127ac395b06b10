// The jobs of this session, newest first: what runs, what waits, what is done.
import { ask, ended, paths } from "./api.js";
import { el } from "./dom.js";
import { sentence } from "./notice.js";
import { stateOf } from "./progress.js";
import { forgetOthers } from "./slot.js";

const AGAIN = 3000; // milliseconds, while a job waits or runs
const KINDS = { swap: "Swap", refine: "Refine", compare: "Compare" };

/** Remember in this browser tab what a job is about; the server keeps no such line. */
export const nameJob = (id, about) => sessionStorage.setItem(`job-${id}`, about);

/** Show the history inside `place`. `onOpen` gets a job that is to be shown. Returns a function that reads it anew. */
export function startHistory(place, onOpen) {
  const list = el("ul", { class: "jobs" });
  let later = 0;
  const none = el("p", { class: "hint", text: "No jobs yet." });
  const gone = el("span", { class: "hint", role: "status" });
  const forget = el("button", { type: "button", class: "quiet small", text: "Delete earlier uploads" });
  forget.addEventListener("click", async () => {
    gone.textContent = await forgetOthers().then(
      (count) => `${count || "No"} ${count === 1 ? "upload" : "uploads"} deleted. Files in use stay.`,
      (error) => sentence(error.message),
    );
  });
  place.append(none, list, el("p", { class: "earlier" }, forget, " ", gone));

  async function act(method, path) {
    await ask(method, path).catch(() => {});
    await refresh();
  }

  function row(job) {
    const kind = KINDS[job.kind] || job.kind;
    const named = `${kind} ${job.id.slice(0, 6)}`;
    const buttons = [];
    const button = (text, run) =>
      buttons.push(
        el("button", {
          type: "button",
          class: "quiet small",
          text,
          "aria-label": `${text} ${named}`,
          on: { click: run },
        }),
      );
    if (job.state === "done" || !ended(job))
      button(job.state === "done" ? "Open" : "Show", () => onOpen(job));
    if (ended(job)) button("Delete", () => act("DELETE", paths.job(job.id)));
    else button("Cancel", () => act("POST", paths.cancel(job.id)));
    const when = job.made
      ? new Date(job.made).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
      : "";
    const about = job.error
      ? sentence(job.error.text)
      : sessionStorage.getItem(`job-${job.id}`) || job.results[0] || "";
    return el(
      "li",
      {},
      el("span", { class: `dot ${job.state}` }),
      el(
        "span",
        { class: "what" },
        el("b", { text: kind }),
        ` ${stateOf(job)}`,
        el("span", { class: "hint", text: about }),
      ),
      el("time", { class: "hint", text: when }),
      el("span", { class: "buttons" }, buttons),
    );
  }

  async function refresh() {
    let jobs;
    try {
      const answer = await ask("GET", "/v1/jobs");
      jobs = answer.jobs;
    } catch {
      return; // the part of the page that is in use says that the server is away
    }
    none.hidden = jobs.length > 0;
    list.replaceChildren(...jobs.map(row));
    clearTimeout(later);
    if (!jobs.every(ended)) later = setTimeout(refresh, AGAIN);
  }
  refresh();
  return refresh;
}
