import { Unauthorized, end, events, hasToken, setToken } from "./api.js";
import { Chart } from "./chart.js";
import { askToken, confirm } from "./dialogs.js";
import { number, octets, rate } from "./format.js";
import { Table } from "./table.js";

const at = (id) => document.getElementById(id);
const [filter, sort] = [at("filter"), at("sort")];
const chart = new Chart(at("chart"));
const table = new Table(at("sessions"), endSessions);
// What is read now; aborted when something else is to be read.
let reading = new AbortController();

function show(now) {
  state(now.draining ? "draining" : "live", now.draining ? "Draining: no new clients" : "Live");
  at("total").textContent = number(now.total);
  for (const way of ["received", "sent"]) {
    at(`rate-${way}`).textContent = rate(now.rate[way]);
    at(`octets-${way}`).textContent = `${octets(now.octets[way])} since the start`;
  }
  chart.add(now.rate);
  table.show(now.sessions);
  const shown = now.sessions.length;
  at("count").textContent = shown < now.matched ? `${number(shown)} of ${number(now.matched)} shown` : shown < now.total ? `${number(shown)} of ${number(now.total)}` : "";
  at("empty").hidden = shown > 0;
  at("empty").textContent = now.total ? "No session has that in it." : "No sessions.";
}

function state(name, text) {
  const lost = name === "lost";
  const status = at("status");
  if (status.dataset.state !== name || lost) at("status-text").textContent = text;
  status.dataset.state = name;
  document.body.classList.toggle("lost", lost);
  table.enable(!lost);
}

let saying;
function say(text) {
  at("said").textContent = text;
  clearTimeout(saying);
  saying = setTimeout(() => (at("said").textContent = ""), 6000);
}

async function endSessions(session, all) {
  const { id, user, destination, peer } = session;
  const where = destination ? ` to ${destination}` : "";
  const [what, path, verb] = all
    ? [`End all sessions of ${user}?`, `sessions?user=${session.user_encoded}`, "End all"]
    : [`End the session of ${user ?? peer}${where}?`, `sessions/${id}`, "End"];
  if (!(await confirm(what, verb))) return;
  try {
    const ended = await end(path);
    say(ended === 1 ? "1 session ended." : `${number(ended)} sessions ended.`);
  } catch (error) {
    say(`Not ended: ${error.message}`);
  }
}

const pause = (seconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
  });

async function watch() {
  for (let wait = 1; ; ) {
    reading = new AbortController();
    const { signal } = reading;
    const view = new URLSearchParams({ sort: sort.value, filter: filter.value.trim() });
    try {
      for await (const now of events(view, signal)) {
        if (signal.aborted) break;
        wait = 1;
        show(now);
      }
    } catch (error) {
      if (signal.aborted) continue;
      if (error instanceof Unauthorized) {
        state("wait", "Waiting for the token");
        setToken(await askToken(hasToken()));
        continue;
      }
      // A browser that has reached nobody has no better words for it.
      const why = error instanceof TypeError ? "" : `: ${error.message}`;
      state("lost", `Connection lost${why}. Trying again…`);
      await pause(wait, signal);
      wait = Math.min(wait * 2, 10);
    }
  }
}

let typing;
filter.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => reading.abort(), 250);
});
sort.addEventListener("change", () => reading.abort());
at("controls").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  const elsewhere = !event.target.closest("input, select, dialog");
  if (event.key === "/" && elsewhere && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    filter.focus();
  }
});
watch();
