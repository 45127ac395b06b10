// Start: ask the server what it can do, build the four tabs, and the history below them.
import { ask } from "./api.js";
import { buildCompare } from "./compare.js";
import { startHistory } from "./history.js";
import { noticePlace } from "./notice.js";
import { buildRefine } from "./refine.js";
import { buildSwap } from "./swap.js";
import { startTabs } from "./tabs.js";
import { buildVerify } from "./verify.js";

const panelOf = (name) => document.getElementById(`panel-${name}`);

async function start() {
  const openTab = startTabs();
  const notice = noticePlace();
  document.getElementById("start-notice").append(notice.node);
  let methods;
  try {
    methods = await ask("GET", "/v1/methods");
  } catch (error) {
    notice.error("The page cannot start", error);
    return;
  }
  let refresh = () => {};
  const onJob = () => refresh();
  const benches = {
    swap: buildSwap(panelOf("swap"), methods, onJob),
    refine: buildRefine(panelOf("refine"), methods, onJob),
    compare: buildCompare(panelOf("compare"), methods, onJob),
  };
  buildVerify(panelOf("verify"));
  refresh = startHistory(document.getElementById("history"), (job) => {
    openTab(job.kind, true);
    benches[job.kind].open(job);
  });
  document.body.classList.add("started");
}

// A file that is dropped beside a slot is not opened in place of the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
start();
