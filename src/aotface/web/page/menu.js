// A menu of choices beside a button: arrow keys move, Escape closes, the focus returns.
import { el } from "./dom.js";

let closeOpen = () => {};

/**
 * Open a menu inside `host`, at a place in percent.
 * choices: [{label, picture, checked, run}]. Only one menu is open at a time.
 */
export function openMenu({ host, opener, title, left, top, choices }) {
  closeOpen();
  const items = choices.map((choice) =>
    el(
      "button",
      {
        type: "button",
        role: "menuitemradio",
        "aria-checked": String(Boolean(choice.checked)),
        on: {
          click: () => {
            close(true);
            choice.run();
          },
        },
      },
      choice.picture ? el("img", { src: choice.picture, alt: "" }) : el("span", { class: "no-picture" }),
      el("span", { text: choice.label }),
    ),
  );
  const menu = el(
    "div",
    { class: "menu", role: "menu", "aria-label": title, style: { left: `${left}%`, top: `${top}%` } },
    el("p", { text: title, "aria-hidden": "true" }),
    items,
  );

  /** Keep it inside its host, also when a phone is turned. */
  function place() {
    menu.style.setProperty("left", `${left}%`);
    const room = host.clientWidth - menu.offsetLeft - menu.offsetWidth;
    if (room < 8) menu.style.setProperty("left", `${Math.max(8, menu.offsetLeft + room - 8)}px`);
  }

  function close(back) {
    menu.remove();
    removeEventListener("resize", place);
    document.removeEventListener("pointerdown", outside, true);
    opener.setAttribute("aria-expanded", "false");
    closeOpen = () => {};
    if (back) opener.focus();
  }
  const outside = (event) => {
    if (!menu.contains(event.target) && !opener.contains(event.target)) close(false);
  };

  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close(true);
    else if (to !== undefined) items[(to + items.length) % items.length].focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  });
  document.addEventListener("pointerdown", outside, true);
  closeOpen = close;
  opener.setAttribute("aria-expanded", "true");
  host.append(menu);
  place();
  addEventListener("resize", place);
  (items.find((item) => item.getAttribute("aria-checked") === "true") || items[0]).focus();
}
