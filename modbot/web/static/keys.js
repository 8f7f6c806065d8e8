// Shortcuts. An element with data-key="l" (or "g q") is pressed by that key: links and buttons are clicked,
// fields get the cursor. Only what can be seen answers, so the same key may stand on several parts of a page.

const TYPING = "textarea, select, input:not([type=checkbox]):not([type=radio]), [contenteditable]";
const SEQUENCE_MS = 1500;
// What somebody chose, kept by this browser: "off", or nothing.
const SWITCH = "single-keys";
let begun = "";
let forget = 0;

export const visible = (element) => element.checkVisibility({ visibilityProperty: true });

function press(element, shift) {
  if (element.matches("textarea, input[type=text], input[type=search], select")) {
    element.focus();
    return;
  }
  if (element.matches("input[type=radio]")) {
    element.checked = true;
    element.focus();
    element.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  if (element.matches("details[open] > summary") && !element.closest(".menu, .severe")) {
    element.parentElement.dispatchEvent(new Event("toggle"));
    return;
  }
  if (shift) element.dispatchEvent(new CustomEvent("at-once", { bubbles: true }));
  element.click();
}

function find(keys) {
  const found = [...document.querySelectorAll(`[data-key="${CSS.escape(keys)}"]`)];
  return found.find(visible) ?? (keys.includes(" ") || keys === "/" ? found[0] : undefined);
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-row]")].filter(visible);
  if (!rows.length) return false;
  const now = rows.indexOf(document.activeElement);
  const next = now < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + by, 0), rows.length - 1);
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
  return true;
}

function act(key, shift) {
  if (begun) {
    const both = `${begun} ${key}`;
    begun = "";
    const found = find(both);
    if (found) press(found, false);
    return Boolean(found);
  }
  if (key === "g") {
    begun = "g";
    clearTimeout(forget);
    forget = setTimeout(() => (begun = ""), SEQUENCE_MS);
    return true;
  }
  if (key === "j" || key === "ArrowDown") return step(1);
  if (key === "k" || key === "ArrowUp") return step(-1);
  if (key === "?") return open("keys");
  const found = find(key);
  if (found) press(found, shift);
  return Boolean(found);
}

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return false;
  dialog.showModal();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const target = event.target;
  if (event.key === "Escape" && target.matches?.(TYPING) && !target.closest("dialog")) {
    target.blur();
    return;
  }
  if (target.matches?.(TYPING) || document.querySelector("dialog[open]")) return;
  if (event.key.length === 1 && isOff()) return;
  if (event.key.startsWith("Arrow") && !target.matches?.("[data-row]")) return;
  const letter = /^[A-Z]$/.test(event.key);
  if (act(letter ? event.key.toLowerCase() : event.key, letter)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open]");
  if (opener) open(opener.dataset.open);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const isOff = () => localStorage.getItem(SWITCH) === "off";

// Says by the printed keys, and to a screen reader, which keys there are at present.
function tell() {
  document.documentElement.classList.toggle("no-single-keys", isOff());
  for (const each of document.querySelectorAll("[data-key]")) {
    if (isOff()) each.removeAttribute("aria-keyshortcuts");
    else if (each.dataset.key.length === 1) each.setAttribute("aria-keyshortcuts", each.dataset.key);
  }
}

const tick = document.getElementById("single-keys");
if (tick) {
  tick.checked = !isOff();
  tick.addEventListener("change", () => {
    if (tick.checked) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
    tell();
  });
}
for (const each of document.querySelectorAll("[data-open]")) each.hidden = false;
tell();
