// Deciding a case: quoting by selecting, one open choice at a time, Shift for "at once", keeping the claim.

const bar = document.getElementById("bar");
const text = document.getElementById("comment-text");
const quote = document.getElementById("quote");
const LONGEST = 500;

function quoteSelection() {
  const selection = window.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = selection.getRangeAt(0);
  const words = range.toString().trim();
  if (words && words.length <= LONGEST && text.contains(range.commonAncestorContainer)) take(words);
}

function take(words) {
  quote.value = words;
  quote.dispatchEvent(new Event("input", { bubbles: true }));
  document.getElementById("quoted").textContent = words;
}

if (text && quote) {
  for (const event of ["mouseup", "touchend", "keyup"]) text.addEventListener(event, quoteSelection);
  for (const mark of text.querySelectorAll("mark")) {
    mark.addEventListener("click", () => window.getSelection().isCollapsed && take(mark.textContent));
    mark.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take(mark.textContent);
    });
  }
}

if (bar) {
  const panels = [...bar.querySelectorAll("details.choice")];
  for (const panel of panels) {
    panel.addEventListener("toggle", () => {
      if (!panel.open) return;
      for (const other of panels) if (other !== panel) other.open = false;
      // The browser tells of the opening only after a while: who types quickly has gone on meanwhile.
      if (panel.querySelector("form").contains(document.activeElement)) return;
      (panel.querySelector("[autofocus], input:checked") ?? panel.querySelector("input:not([type=hidden])"))?.focus();
    });
  }
  const atOnce = (event) => {
    const form = event.target.closest("form");
    if (form?.elements.at_once) form.elements.at_once.value = "1";
  };
  bar.addEventListener("at-once", atOnce);
  bar.addEventListener("click", (event) => {
    const button = event.shiftKey && event.target.closest("button[type=submit]");
    if (!button) return;
    // Left alone, the browser would open a window of its own for it.
    event.preventDefault();
    atOnce(event);
    button.form.requestSubmit(button);
  });
  bar.addEventListener("keydown", (event) => {
    const panel = event.key === "Escape" && event.target.closest("details.choice[open]");
    if (!panel) return;
    panel.open = false;
    panel.querySelector("summary").focus();
  });
  // Only the chosen clause's own reasons are offered.
  const because = document.getElementById("because_hide");
  const narrow = () => {
    const clause = bar.querySelector("input[name=clause]:checked")?.value;
    for (const option of because?.querySelectorAll("[data-clause]") ?? []) {
      option.hidden = option.disabled = option.dataset.clause !== clause;
      if (option.disabled && option.selected) because.value = "";
    }
  };
  narrow();
  bar.addEventListener("change", (event) => event.target.name === "clause" && narrow());
  // A clause picked by its number: on to the button, as what remains is to press it.
  bar.addEventListener("change", (event) => {
    if (event.target.matches("input[type=radio]") && event.target.dataset.key) {
      event.target.closest("details").querySelector("button[type=submit]").focus();
    }
  });
}

// One key pressed twice is one decision. Whatever is sent, the browser is leaving this case.
let deciding = false;
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.target.hasAttribute("hx-post")) return;
  if (deciding) event.preventDefault();
  deciding = true;
});
window.addEventListener("pageshow", () => (deciding = false));

const claim = document.getElementById("claim");
if (claim) {
  // Lets go of the case when its reader leaves without deciding; deciding has let go of it already.
  window.addEventListener("pagehide", () => {
    if (deciding) return;
    const fields = new URLSearchParams({ _token: claim.dataset.token });
    navigator.sendBeacon(claim.dataset.release, fields);
  });
  // What somebody does keeps the case for them, asked for at most once a minute.
  let asked = Date.now();
  for (const kind of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(kind, () => {
      if (Date.now() - asked < 60_000) return;
      asked = Date.now();
      claim.dispatchEvent(new Event("active"));
    }, { passive: true });
  }
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
}
