// What the page does by itself where scripts run: it follows the log, and shows states as they change. Without scripts it is
// the same page, loaded again by hand.
"use strict";

const log = document.getElementById("log");
if (log) {
  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.scrollTop = log.scrollHeight;
  const source = new EventSource(log.dataset.log);
  source.addEventListener("anew", () => log.replaceChildren());
  const trouble = document.getElementById("log-trouble");
  source.addEventListener("away", (event) => {
    trouble.hidden = false;
    trouble.textContent = event.data;
  });
  source.addEventListener("message", (event) => {
    trouble.hidden = true;
    const follow = atEnd();
    log.append(document.createTextNode(event.data + "\n"));
    if (follow) log.scrollTop = log.scrollHeight;
  });
  addEventListener("pagehide", () => source.close());
}

// Parts that are marked so are taken from the page as it is now, unless the keyboard is in them.
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = now.getElementById(part.id);
    if (next && next.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
  }
}

if (document.querySelector("[data-live]")) {
  const look = async () => {
    if (!document.hidden) await refresh().catch(() => {});
    setTimeout(look, 2000);
  };
  setTimeout(look, 2000);
}
