// Ctrl-K: every link of the head and every button with a shortcut, by name; a number opens that case.

import { visible } from "./keys.js";

const dialog = document.getElementById("palette");
const words = document.getElementById("palette-words");
const list = document.getElementById("palette-found");
let offers = [];
let chosen = 0;

function named(element) {
  const copy = element.cloneNode(true);
  for (const part of copy.querySelectorAll("kbd, .vh, .count")) part.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}

function collect() {
  const places = [...document.querySelectorAll(".top .screens a, .top .me a")];
  const actions = [...document.querySelectorAll("main [data-key], .bar [data-key]")].filter(
    (each) => visible(each) && each.matches("a, button, summary"),
  );
  const seen = new Set();
  return [...actions, ...places]
    .map((element) => ({ name: named(element), key: element.dataset.key ?? "", run: () => element.click() }))
    .filter(({ name }) => name && !seen.has(name) && seen.add(name));
}

function matching(text) {
  const typed = text.trim().toLowerCase();
  const found = offers.filter(({ name }) => name.toLowerCase().includes(typed));
  const number = /^#?(\d+)$/.exec(typed)?.[1];
  if (number) {
    const name = `${document.getElementById("palette-case").textContent} ${number}`;
    found.unshift({ name, key: "", run: () => window.location.assign(`/case/${number}`) });
  }
  return found;
}

function show() {
  const found = matching(words.value);
  chosen = Math.min(chosen, Math.max(found.length - 1, 0));
  list.replaceChildren(
    ...found.map(({ name, key, run }, index) => {
      const item = document.createElement("li");
      item.id = `palette-${index}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(index === chosen));
      item.append(name);
      if (key) {
        const hint = document.createElement("kbd");
        hint.textContent = key;
        item.append(hint);
      }
      item.addEventListener("click", () => start(run));
      return item;
    }),
  );
  document.getElementById("palette-none").hidden = found.length > 0;
  words.setAttribute("aria-activedescendant", found.length ? `palette-${chosen}` : "");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
  return found;
}

function start(run) {
  dialog.close();
  run();
}

function begin() {
  offers = collect();
  words.value = "";
  chosen = 0;
  if (!dialog.open) dialog.showModal();
  show();
}

function move(event) {
  const count = list.children.length;
  if (event.key === "ArrowDown") chosen = (chosen + 1) % Math.max(count, 1);
  else if (event.key === "ArrowUp") chosen = (chosen + count - 1) % Math.max(count, 1);
  else if (event.key === "Enter") {
    const found = matching(words.value)[chosen];
    event.preventDefault();
    if (found) start(found.run);
    return;
  } else return;
  event.preventDefault();
  show();
}

if (dialog) {
  words.addEventListener("keydown", move);
  words.addEventListener("input", () => {
    chosen = 0;
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || dialog.open) return;
    event.preventDefault();
    begin();
  });
  document.addEventListener("click", (event) => event.target.closest?.("[data-open=palette]") && begin());
}
