// Screen readers tell of what changes in a live region, not of what stood in it when the page came.

const LATER_MS = 500;
const region = document.getElementById("announced");

export function announce(words) {
  setTimeout(() => {
    const said = document.createElement("p");
    said.textContent = words.replace(/\s+/g, " ").trim();
    region?.append(said);
  }, LATER_MS);
}

for (const told of document.querySelectorAll("[data-announce]")) announce(told.textContent);
