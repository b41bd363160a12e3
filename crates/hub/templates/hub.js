"use strict";
// Keeps a page as the hub has it: when something changed, the page is asked for anew and its content takes the place of
// the old one. What is typed, where the cursor is and what is scrolled stays. Without this script pages work as well.
const at = (id) => document.getElementById(id);
const PAUSE_MS = 1500;
const AGAIN_MS = 5000;

let shown = Number(document.body.dataset.rev);
let noted = Number(document.body.dataset.noted);
let shownAt = new Date();
let asking = false;
let wanted = false;

function clock(time) {
  return time.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function say(state) {
  const line = at("live");
  const text = state === "on" ? line.dataset.on : line.dataset.away + " " + clock(shownAt);
  line.hidden = false;
  line.className = state;
  if (line.textContent !== text) line.textContent = text;
  at("main").classList.toggle("stale", state !== "on");
}

// Finds in the new content what an element of the old one was.
function name(element) {
  if (element.id) return "#" + CSS.escape(element.id);
  const href = element.getAttribute("href");
  return href ? "a[href=" + CSS.escape(href) + "]" : null;
}

function typed(main) {
  const fields = [...main.querySelectorAll("input[id], select[id]")];
  const value = (field) => (field.type === "checkbox" ? (field.checked !== field.defaultChecked ? field.checked : null) : field.tagName === "SELECT" ? field.value : field.value === field.defaultValue ? null : field.value);
  return fields.map((field) => [field.id, value(field)]).filter(([, value]) => value !== null);
}

function replace(fresh) {
  const old = at("main");
  if (old.innerHTML === fresh.innerHTML) return;
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focus && focus !== old ? name(focus) : null;
  const selection = focus && "selectionStart" in focus ? [focus.selectionStart, focus.selectionEnd] : null;
  const opened = [...old.querySelectorAll("details[open][id]")].map((details) => details.id);
  const scrolled = [...old.querySelectorAll(".scroll[id]")].map((area) => [area.id, area.scrollLeft, area.scrollTop]);
  const kept = typed(old);
  const [x, y] = [scrollX, scrollY];
  old.replaceChildren(...document.adoptNode(fresh).childNodes);
  for (const [id, value] of kept) if (at(id)) at(id)[typeof value === "boolean" ? "checked" : "value"] = value;
  for (const id of opened) if (at(id)) at(id).open = true;
  for (const [id, left, top] of scrolled) at(id)?.scrollTo(left, top);
  const again = place === null ? null : old.querySelector(place);
  if (again) {
    again.focus({ preventScroll: true });
    if (selection && selection[0] !== null) again.setSelectionRange(...selection);
  }
  scrollTo(x, y);
}

// What changes without a change of rows is looked at now and then.
let later = 0;
function lookAgain() {
  const seconds = Number(document.querySelector("[data-again]")?.dataset.again);
  clearTimeout(later);
  if (seconds) later = setTimeout(renew, seconds * 1000);
}

// How much waits stands in the navigation.
function count(page) {
  for (const link of page.querySelectorAll("#pages a")) {
    const old = document.querySelector("#pages a[href=" + CSS.escape(link.getAttribute("href")) + "]");
    if (old && old.innerHTML !== link.innerHTML) old.replaceChildren(...document.adoptNode(link).childNodes);
  }
}

async function renew() {
  // What is shown once, or agreed to, is not made anew.
  if (shown === Number.MAX_SAFE_INTEGER) return;
  wanted = true;
  if (asking) return;
  asking = true;
  try {
    while (wanted) {
      wanted = false;
      const answer = await fetch(location.href, { cache: "no-store" });
      // Whoever is no longer logged in is led to where they can.
      if (answer.redirected) return location.reload();
      if (answer.status >= 500) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      shown = Number(page.body.dataset.rev);
      noted = Number(page.body.dataset.noted);
      shownAt = new Date();
      replace(page.getElementById("main"));
      count(page);
      say("on");
      if (!wanted) lookAgain();
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  } catch {
    say("away");
    setTimeout(renew, AGAIN_MS);
  } finally {
    asking = false;
  }
}

function listen() {
  const source = new EventSource(document.body.dataset.live);
  source.onopen = () => say("on");
  source.onmessage = (event) => {
    if (Number(event.data) > shown) renew();
    else shownAt = new Date();
  };
  // What people and PCs did, as a batch that waits from now on.
  source.addEventListener("noted", (event) => {
    if (Number(event.data) > noted) renew();
  });
  source.onerror = () => {
    say("away");
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => {
      renew();
      listen();
    }, AGAIN_MS);
  };
  addEventListener("pagehide", () => source.close());
}

// What is chosen counts at once; what is typed, with Enter.
document.addEventListener("change", (event) => {
  if (event.target.matches("#filter select")) event.target.form.requestSubmit();
});

// An address says what was asked for, and nothing of what was not.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "filter") return;
  for (const field of event.target.elements) if (field.name && field.value === "") field.disabled = true;
});

addEventListener("pageshow", (event) => {
  for (const field of document.querySelectorAll("#filter :disabled")) field.disabled = false;
  if (event.persisted) {
    renew();
    listen();
  }
});

document.querySelector("#pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (document.body.dataset.live) {
  listen();
  lookAgain();
}
