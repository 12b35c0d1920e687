// A lane for each face: the probabilities of its expressions over time, stacked in their colours, above one time axis.

import { element } from "./dom.js";
import { caption, colour } from "./faces.js";
import { expression, say } from "./words.js";

const TICKS = 6; // at most, on the axis
const ROOM = 64; // pixels from tick to tick, at least
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600]; // seconds from tick to tick
const LATE = 0.9; // share of the axis after which a tick has its words to the left
const NARROW = 0.6; // pixels that a span is drawn wider, so that neighbours show no seam

export class Lanes {
  constructor(root) {
    this.list = element("ol", { className: "lanes" });
    this.axis = element("div", { className: "axis" });
    this.axis.setAttribute("aria-hidden", "true");
    this.head = element("div", { className: "playhead", hidden: true });
    this.area = element("div", { className: "timeline" }, this.list, this.axis, this.head);
    this.legend = element("ul", { className: "legend" });
    root.replaceChildren(this.area, this.legend);
    this.rows = new Map();
    this.classes = [];
    new ResizeObserver(() => this.range && this.#draw()).observe(this.area);
  }

  // `tracks` has by number {spans: [{start, end, probabilities}], now: the face at this moment or null}; times in seconds. `tick`
  // gives the words for a time; one of the ticks is at `zero`.
  show(tracks, { start, end, zero = 0, classes, tick }) {
    Object.assign(this, { tracks, range: { start, end }, zero, tick });
    this.#showLegend(classes);
    for (const [number, row] of this.rows) {
      if (tracks.has(number)) continue;
      row.item.remove();
      this.rows.delete(number);
    }
    for (const [number, { now }] of tracks) {
      if (!this.rows.has(number)) this.#add(number);
      this.tell(number, now);
    }
    this.#draw();
  }

  // The face of a lane at this moment, or null.
  tell(number, now) {
    const { name, value, canvas } = this.rows.get(number);
    name.textContent = say("lane", number);
    value.textContent = now ? caption(now) : "–";
    canvas.setAttribute("aria-label", `${name.textContent}: ${value.textContent}`);
  }

  // Where the clip is; null hides the line.
  point(time) {
    this.head.hidden = time === null;
    if (time !== null) this.head.style.left = `${100 * this.#share(time)}%`;
  }

  #share(time) {
    return (time - this.range.start) / Math.max(1e-9, this.range.end - this.range.start);
  }

  #add(number) {
    const [name, value, canvas] = [element("span"), element("span", { className: "value" }), element("canvas")];
    canvas.setAttribute("role", "img");
    const item = element("li", {}, element("p", {}, name, value), canvas);
    this.list.append(item);
    this.rows.set(number, { item, name, value, canvas });
  }

  #draw() {
    for (const [number, { canvas }] of this.rows) this.#paint(canvas, this.tracks.get(number).spans);
    const length = this.range.end - this.range.start;
    const most = Math.max(2, Math.min(TICKS, Math.floor(this.area.clientWidth / ROOM)));
    const step = STEPS.find((seconds) => length / seconds <= most) ?? length / most;
    const ticks = [];
    for (let count = Math.ceil((this.range.start - this.zero) / step); this.zero + count * step <= this.range.end + 1e-6; count++) {
      const time = this.zero + count * step;
      const mark = element("span", { textContent: this.tick(time), className: this.#share(time) > LATE ? "late" : "" });
      mark.style.left = `${100 * this.#share(time)}%`;
      ticks.push(mark);
    }
    this.axis.replaceChildren(...ticks);
  }

  #paint(canvas, spans) {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio) || 1;
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio) || 1;
    const context = canvas.getContext("2d");
    for (const { start, end, probabilities } of spans) {
      const [left, right] = [this.#share(start) * canvas.width, this.#share(end) * canvas.width];
      if (right < 0) continue;
      let top = 0;
      for (const { name } of this.classes) {
        const height = probabilities[name] * canvas.height;
        context.fillStyle = colour(name);
        context.fillRect(left, top, right - left + NARROW, height);
        top += height;
      }
    }
  }

  #showLegend(classes) {
    this.classes = classes;
    const words = classes.map(({ name }) => expression(name));
    if (this.words?.join() === words.join()) return;
    this.words = words;
    this.legend.replaceChildren(
      ...classes.map((one, at) => {
        const item = element("li", { textContent: words[at] });
        item.style.setProperty("--colour", one.colour);
        return item;
      }),
    );
  }
}
