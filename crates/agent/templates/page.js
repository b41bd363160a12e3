"use strict";
const at = (id) => document.getElementById(id);
const fields = ["status", "hint", "last_sync", "waiting", "held", "aside", "late", "unknown", "connection", "clock"];

// What opens the page: kept by this tab, for this address and port alone, and shown by our own requests only.
const KEY = "denk-key";

function ask(path, body) {
  const headers = { Authorization: "Bearer " + sessionStorage.getItem(KEY) };
  const method = body === undefined ? "GET" : "POST";
  return fetch(path + "?lang=" + document.documentElement.lang, { method, body, headers, credentials: "omit" });
}

async function told(asked) {
  const answer = await asked;
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function refuse(why) {
  put(at("status"), why);
  put(at("hint"), "");
  at("banner").className = "bad";
}

async function load() {
  const html = await (await told(ask("/page"))).text();
  const page = new DOMParser().parseFromString(html, "text/html");
  document.body.replaceChildren(...document.adoptNode(page.body).childNodes);
  scrollTo(0, 0);
}

function cell(text, details) {
  const cell = document.createElement("td");
  cell.textContent = text;
  if (details !== undefined) {
    const small = document.createElement("small");
    small.lang = "en";
    small.textContent = details;
    cell.append(small);
  }
  return cell;
}

function row(past) {
  const row = document.createElement("tr");
  row.append(cell(past.at), cell(past.what, past.details));
  return row;
}

function show(state) {
  for (const field of fields) put(at(field), String(state[field]));
  at("banner").className = state.mood;
  at("errors").tBodies[0].replaceChildren(...state.errors.map(row));
  at("errors").hidden = state.errors.length === 0;
  at("no-errors").hidden = state.errors.length > 0;
}

// How the synchronisation stands, without loading the page again.
async function look() {
  try {
    show(await (await told(ask("/state"))).json());
  } catch {
    refuse(document.body.dataset.gone);
  }
}

// The link leads here with a ticket that is good once; what it buys is never in an address.
async function enter() {
  const ticket = location.hash.slice(1);
  if (ticket === "") return;
  history.replaceState(null, "", location.pathname + location.search);
  const answer = await fetch("/open", { method: "POST", body: ticket, credentials: "omit" });
  if (answer.ok) sessionStorage.setItem(KEY, await answer.text());
}

async function start() {
  try {
    await enter();
    if (sessionStorage.getItem(KEY) === null) return refuse(document.body.dataset.forbidden);
    await load();
    setInterval(look, 1000);
  } catch {
    refuse(document.body.dataset.gone);
  }
}

// What was done is seen on the page; what was only tried, or went wrong, leaves everything as it was typed, and is told
// where the button is.
async function send(form, path) {
  const outcome = await (await told(ask(path, new URLSearchParams(new FormData(form))))).json();
  if (outcome.good && path !== "/test") await load();
  else form.append(at("note"));
  const note = at("note");
  note.hidden = false;
  note.className = outcome.good ? "ok" : "bad";
  put(note, outcome.text);
  note.scrollIntoView({ block: "nearest" });
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { target: form, submitter: button } = event;
  button.disabled = true;
  try {
    await send(form, button.getAttribute("formaction") ?? form.getAttribute("action"));
  } catch {
    await look();
  }
  at(button.id).disabled = false;
  // The cursor stays where it was.
  at(button.id).focus({ preventScroll: true });
});

start();
