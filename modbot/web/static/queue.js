// The list of cases: what is in focus stays where it is on the screen while rows change around it.

let before = null;

document.addEventListener("htmx:before:swap", () => {
  const row = document.activeElement?.closest?.("[data-row]");
  before = row ? { id: row.id, top: row.getBoundingClientRect().top } : null;
});

document.addEventListener("htmx:after:swap", () => {
  const row = before && document.getElementById(before.id);
  if (!row) return;
  if (document.activeElement !== row) row.focus({ preventScroll: true });
  window.scrollBy(0, row.getBoundingClientRect().top - before.top);
});
