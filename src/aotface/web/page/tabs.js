// Tabs as the ARIA practices describe them: arrow keys move, the address keeps the tab.

/** Bring the tabs of the page to life; returns a function that opens one by name. */
export function startTabs(onOpen = () => {}) {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const nameOf = (tab) => tab.id.replace("tab-", "");

  function open(name, focus = false) {
    const chosen = tabs.find((tab) => nameOf(tab) === name) || tabs[0];
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    }
    if (focus) chosen.focus();
    if (location.hash.slice(1) !== nameOf(chosen)) history.replaceState(null, "", `#${nameOf(chosen)}`);
    document.title = `${chosen.textContent.trim()} · aotface studio`;
    onOpen(nameOf(chosen));
  }

  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener("click", () => open(nameOf(tab)));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      open(nameOf(tabs[(to + tabs.length) % tabs.length]), true);
    });
  }
  addEventListener("hashchange", () => open(location.hash.slice(1)));
  open(location.hash.slice(1));
  return open;
}
