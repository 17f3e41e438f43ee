"use strict";

// Groups are open without this script.
for (const button of document.querySelectorAll(".matrix .g button")) {
  const set = (open) => {
    button.setAttribute("aria-expanded", String(open));
    button.closest("tbody").classList.toggle("shut", !open);
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  set(false);
}

// A finding that was followed to shows its wire log.
const reveal = () => {
  const at = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (at && at.matches("article")) for (const log of at.querySelectorAll("details")) log.open = true;
};
addEventListener("hashchange", reveal);
reveal();
