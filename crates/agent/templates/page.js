"use strict";
const at = (id) => document.getElementById(id);
const fields = ["status", "hint", "last_sync", "waiting", "held", "connection", "clock"];

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
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
    const answer = await fetch("/state?lang=" + document.documentElement.lang);
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
  } catch {
    put(at("status"), document.body.dataset.gone);
    put(at("hint"), "");
    at("banner").className = "bad";
  }
}
setInterval(look, 1000);

// A test leaves everything as it was typed, the token too: only its outcome is taken from the answer, and shown where the
// button is.
at("test").addEventListener("click", async (event) => {
  event.preventDefault();
  const button = at("test");
  if (!at("settings").reportValidity()) return;
  button.disabled = true;
  try {
    const typed = new URLSearchParams(new FormData(at("settings")));
    const answer = await fetch(button.formAction, { method: "POST", body: typed });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const note = document.adoptNode(page.getElementById("note"));
    at("note").remove();
    at("settings").append(note);
    note.scrollIntoView({ block: "nearest" });
  } catch {
    await look();
  }
  button.disabled = false;
  button.focus({ preventScroll: true });
});
