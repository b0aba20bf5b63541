// The line of what all sessions relay.

import { duration, rate } from "./format.js";

// What has been seen, from one minute to five.
const [LEAST, MOST] = [60_000, 300_000];
// Longer without a reading is a gap.
const GAP = 5000;
const [WIDTH, HEIGHT] = [300, 100];

export class Chart {
  constructor(figure) {
    const find = (selector) => figure.querySelector(selector);
    this.area = find(".area.received");
    this.lines = { received: find(".line.received"), sent: find(".line.sent") };
    this.top = find(".top");
    this.half = find(".half");
    this.ago = find(".ago");
    this.points = [];
  }

  add({ sent, received }) {
    const now = performance.now();
    this.points.push({ at: now, sent, received });
    this.points = this.points.filter(({ at }) => now - at <= MOST + GAP);
    this.draw(now);
  }

  draw(now) {
    const most = Math.max(...this.points.map(({ sent, received }) => Math.max(sent, received)));
    const top = nice(most);
    this.top.textContent = short(rate(top));
    this.half.textContent = short(rate(top / 2));
    const span = Math.min(Math.max(now - this.points[0].at, LEAST), MOST);
    this.ago.textContent = `${short(duration(span / 1000))} ago`;
    const x = ({ at }) => (WIDTH - ((now - at) / span) * WIDTH).toFixed(2);
    const runs = this.runs();
    for (const [way, line] of Object.entries(this.lines)) {
      const y = (point) => (HEIGHT - (point[way] / top) * HEIGHT).toFixed(2);
      const drawn = runs.map((run) => `M${run.map((point) => `${x(point)} ${y(point)}`).join("L")}`);
      line.setAttribute("d", drawn.join(""));
      if (way === "received") {
        const closed = drawn.map((run, i) => `${run}V${HEIGHT}H${x(runs[i][0])}Z`);
        this.area.setAttribute("d", closed.join(""));
      }
    }
  }

  /// Points without a gap between them.
  runs() {
    const runs = [];
    let before = -Infinity;
    for (const point of this.points) {
      if (point.at - before > GAP) runs.push([]);
      runs.at(-1).push(point);
      before = point.at;
    }
    return runs;
  }
}

/// A round figure without its zeros.
const short = (figure) => figure.replace(".0 ", " ").replace(" 00 s", "");

/// The next 1, 2 or 5 times a power of ten, in the unit it is shown in.
function nice(most) {
  let unit = 1;
  while (most / unit >= 500 && unit < 1024 ** 5) unit *= 1024;
  const scaled = Math.max(most / unit, unit === 1 ? 100 : 0);
  const power = 10 ** Math.floor(Math.log10(scaled));
  const step = [1, 2, 5, 10].find((step) => step * power >= scaled);
  return step * power * unit;
}
