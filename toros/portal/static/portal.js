"use strict";
// Every two seconds the changing part of the page is fetched anew; what the reader has opened stays open.
const part = document.querySelector("[data-refresh]");
const silence = document.querySelector("#silence");
const PAUSE = 2000; // milliseconds

function opened() {
  return new Map([...part.querySelectorAll("details[id]")].map((each) => [each.id, each.open]));
}

function redraw(text) {
  const before = opened();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const each of fresh.querySelectorAll("details[id]")) {
    if (before.has(each.id)) each.open = before.get(each.id);
  }
  const chosen = document.getSelection();
  if (chosen && !chosen.isCollapsed && part.contains(chosen.anchorNode)) return; // somebody is copying
  part.replaceChildren(...fresh.body.childNodes);
}

async function refresh() {
  if (!document.hidden) {
    try {
      const reply = await fetch(part.dataset.refresh, { signal: AbortSignal.timeout(15000) });
      redraw(await reply.text());
      silence.hidden = true;
    } catch {
      silence.hidden = false;
    }
  }
  setTimeout(refresh, PAUSE);
}

if (part) setTimeout(refresh, PAUSE);
