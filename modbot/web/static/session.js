// The end of a session: back to where the cursor was after "Stay signed in", and nothing typed is lost.
//
// What was typed is kept in this tab when its page goes. A page that asks who is there keeps it further; any
// other page gives it back, if it comes after such a one and to the same person, or drops it.
import { announce } from "./announce.js";

const KEY = "typed";
const ASKS = /^\/(sign-in|confirm)(\/|$)/;
const TEXT = "textarea, input:not([type]), input:is([type=text], [type=email], [type=url])";
const ending = document.getElementById("ending");
let before = null;
let returning = null;
let leaving = false;

ending?.addEventListener("focusin", (event) => {
  if (!ending.contains(event.relatedTarget)) before = event.relatedTarget;
});
ending?.addEventListener("submit", () => (returning = before));
document.addEventListener("htmx:after:swap", () => {
  if (!returning || document.activeElement !== document.body) return;
  returning.focus();
  returning = null;
});

function typed() {
  return [...document.querySelectorAll(TEXT)]
    .filter((field) => field.form?.method === "post" && field.autocomplete !== "one-time-code")
    .filter((field) => field.value !== field.defaultValue)
    .map((field) => ({ form: field.form.getAttribute("action"), name: field.name, value: field.value }));
}

function place({ form, name }) {
  const named = [...document.getElementsByName(name)].filter((field) => field.matches(TEXT));
  return named.find((field) => field.form?.getAttribute("action") === form);
}

function giveBack(fields) {
  const back = fields.filter(place);
  for (const each of back) {
    const field = place(each);
    field.value = each.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    for (let part = field.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  }
  const over = document.getElementById("typed-over");
  for (const { value } of fields.filter((each) => !place(each))) {
    const words = document.createElement("blockquote");
    words.dir = "auto";
    words.textContent = value;
    over.append(words);
  }
  document.getElementById("typed-back").hidden = !back.length;
  over.hidden = back.length === fields.length;
  const notice = document.getElementById("typed");
  notice.hidden = false;
  for (const part of notice.children) if (!part.hidden) announce(part.textContent);
}

const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
if (ASKS.test(window.location.pathname)) {
  if (kept) sessionStorage.setItem(KEY, JSON.stringify({ ...kept, asked: true }));
} else {
  sessionStorage.removeItem(KEY);
  if (kept?.asked && kept.person === ending?.dataset.person) giveBack(kept.fields);
  document.addEventListener("submit", (event) => {
    leaving ||= event.target.getAttribute("action") === "/sign-out";
  });
  window.addEventListener("pagehide", () => {
    const fields = typed();
    if (!ending || leaving || !fields.length) return;
    sessionStorage.setItem(KEY, JSON.stringify({ person: ending.dataset.person, fields }));
  });
}
