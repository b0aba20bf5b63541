// The sessions. Whatever a peer chose is set as text, never as markup.

import { duration, octets, rate } from "./format.js";

const template = document.getElementById("row");

export class Table {
  /// `end(session, all)` is called when somebody asks for it.
  constructor(body, end) {
    this.body = body;
    this.end = end;
    this.rows = new Map();
    this.usable = false;
    this.pointed = false;
    body.addEventListener("pointerenter", () => (this.pointed = true));
    body.addEventListener("pointerleave", () => (this.pointed = false));
  }

  show(sessions) {
    const there = new Set(sessions.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (!there.has(id)) this.remove(id, row);
    }
    const wanted = sessions.map((session) => {
      const row = this.rows.get(session.id) ?? this.add(session);
      row.show(session, this.usable);
      return row.element;
    });
    // Nothing moves away under a hand, and what has the focus keeps it.
    const busy = this.pointed || this.body.contains(document.activeElement);
    wanted.forEach((element, index) => {
      const is = this.body.children[index];
      if (element !== is && (!element.isConnected || !busy)) this.body.insertBefore(element, is ?? null);
    });
  }

  /// Whether the buttons can be pressed.
  enable(usable) {
    this.usable = usable;
    for (const button of this.body.querySelectorAll("button")) button.disabled = !usable;
  }

  add(session) {
    const row = new Row(session.id, this.end);
    this.rows.set(session.id, row);
    return row;
  }

  remove(id, { element }) {
    const focused = element.contains(document.activeElement);
    const next = element.nextElementSibling ?? element.previousElementSibling;
    element.remove();
    this.rows.delete(id);
    if (focused) (next?.querySelector(".end") ?? document.getElementById("filter")).focus();
  }
}

class Row {
  constructor(id, end) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.id = id;
    this.cells = {};
    for (const cell of this.element.querySelectorAll("[class]")) this.cells[cell.classList.item(cell.classList.length - 1)] = cell;
    this.cells.end.onclick = () => end(this.session, false);
    this.cells["end-user"].onclick = () => end(this.session, true);
  }

  show(session, usable) {
    this.session = session;
    const { user, claimed, destination, remote } = session;
    this.text("who", user ?? claimed ?? "anonymous");
    this.cells.who.dataset.kind = user ? "user" : claimed ? "claimed" : "nobody";
    this.cells.who.title = [claimed && !user ? "as the client says" : session.method, ...session.groups].filter(Boolean).join(", ");
    this.text("peer", session.peer);
    this.text("destination", destination ?? "–");
    this.text("remote", remote && remote !== destination ? remote : "");
    this.text("command", session.command ?? session.version ?? "–");
    this.text("rule", session.open ? session.rule ?? "" : "not open yet");
    this.text("age", duration(session.age));
    this.cells.age.title = new Date(session.started * 1000).toLocaleString();
    for (const way of ["received", "sent"]) {
      this.text(`rate-${way}`, rate(session.rate[way]));
      this.cells[`rate-${way}`].classList.toggle("idle", session.rate[way] === 0);
      this.text(`octets-${way}`, octets(session.octets[way]));
    }
    const name = `session ${session.id} of ${user ?? session.peer}`;
    this.cells.end.setAttribute("aria-label", `End ${name}`);
    this.cells["end-user"].setAttribute("aria-label", `End all sessions of ${user}`);
    this.cells["end-user"].title = `All sessions of ${user}`;
    this.cells["end-user"].hidden = user === null;
    this.cells.end.disabled = this.cells["end-user"].disabled = !usable;
  }

  text(cell, text) {
    if (this.cells[cell].textContent !== text) this.cells[cell].textContent = text;
    if (cell === "destination" || cell === "remote" || cell === "peer") this.cells[cell].title = text;
  }
}
