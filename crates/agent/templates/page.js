"use strict";
// Shows how the synchronisation stands without loading the page again.
const fields = ["status", "last_sync", "waiting", "held", "connection", "clock"];
async function look() {
  try {
    const answer = await fetch("/state?lang=" + document.documentElement.lang);
    if (!answer.ok) return;
    const state = await answer.json();
    for (const field of fields) {
      const place = document.getElementById(field);
      if (place.textContent !== String(state[field])) place.textContent = state[field];
    }
    document.getElementById("status").className = state.ok ? "ok" : "bad";
  } catch (error) {
    // The agent is being restarted: the next look finds it.
  }
}
setInterval(look, 2000);
