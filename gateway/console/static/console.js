// Everything works without this file. It adds: "/" goes to the look-up, Escape leaves a field, and a card that is
// still open shows what is new without being loaded again.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if (event.key === "Escape" && typing) {
    event.target.blur();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector("[data-look-up]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
});

const open = document.querySelector("[data-changes]");
if (open) {
  const stream = new EventSource(open.dataset.changes);
  stream.addEventListener("changed", async () => {
    const answer = await fetch(location.href, { redirect: "manual" });
    if (!answer.ok) {
      stream.close();
      return;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.querySelector("[data-changes]");
    const next = fresh.querySelector("[data-card]");
    if (now && next) {
      now.replaceChildren(...next.childNodes);
      document.querySelector("[data-said]").textContent = next.dataset.summary || "";
    }
    if (!fresh.querySelector("[data-changes]")) {
      stream.close();
    }
  });
  stream.addEventListener("end", () => stream.close());
}
