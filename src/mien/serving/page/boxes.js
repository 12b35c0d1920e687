// The boxes on a photo: buttons that lie over the picture, so that they can be pointed at, clicked and reached by keyboard.

import { caption, colourOf, isUncertain } from "./faces.js";
import { element } from "./dom.js";
import { ink, place } from "./draw.js";
import { say } from "./words.js";

const NEAR = 2; // labels may lie so many labels away from their boxes

export class Boxes {
  // `onPoint` gets the number of the face that is pointed at or focused, or -1; `onChoose` that of the one clicked.
  constructor({ onPoint, onChoose }) {
    Object.assign(this, { onPoint, onChoose, buttons: [], reached: 0 });
    this.area = element("div", { className: "boxes" });
    this.area.setAttribute("role", "group");
    this.area.onkeydown = (event) => this.#move(event);
    new ResizeObserver(() => this.#placeLabels()).observe(this.area);
  }

  // Show the faces of a photo of this size.
  show(faces, { width, height }) {
    this.area.setAttribute("aria-label", say("boxes"));
    this.area.hidden = !faces.length;
    this.reached = Math.min(this.reached, Math.max(0, faces.length - 1));
    const areas = faces.map(({ box }) => (box[2] - box[0]) * (box[3] - box[1]));
    this.buttons = faces.map((face, number) => {
      const label = element("span", { className: "label" });
      const button = element("button", { type: "button", className: "box", tabIndex: number === this.reached ? 0 : -1 }, label);
      button.classList.toggle("uncertain", isUncertain(face));
      button.setAttribute("aria-label", say("face", number + 1, caption(face)));
      const [left, top, right, bottom] = face.box.map((value, side) => (100 * value) / (side % 2 ? height : width));
      const shares = { left, top, width: right - left, height: bottom - top };
      for (const [side, share] of Object.entries(shares)) button.style[side] = `${share}%`;
      button.style.zIndex = areas.filter((other) => other > areas[number]).length; // a small face lies above a large one
      button.style.setProperty("--colour", colourOf(face));
      button.style.setProperty("--ink", ink(colourOf(face)));
      button.onpointerenter = button.onfocus = () => this.onPoint(number);
      button.onpointerleave = button.onblur = () => this.onPoint(-1);
      button.onclick = () => this.onChoose(number);
      return button;
    });
    this.captions = faces.map(caption);
    this.area.replaceChildren(...this.buttons);
    this.#placeLabels();
  }

  mark(pointed, chosen) {
    this.buttons.forEach((button, number) => {
      button.classList.toggle("marked", number === pointed || number === chosen);
      button.setAttribute("aria-pressed", String(number === chosen));
    });
  }

  // Arrows move from face to face, so that a photo is one stop of the Tab key.
  #move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = this.buttons.indexOf(document.activeElement);
    this.reached = (at + step + this.buttons.length) % this.buttons.length;
    this.buttons.forEach((button, number) => (button.tabIndex = number === this.reached ? 0 : -1));
    this.buttons[this.reached].focus();
  }

  // A label that would cover another label or face has its number only, and the rest while its box is marked.
  #placeLabels() {
    const area = { width: this.area.clientWidth, height: this.area.clientHeight };
    if (!area.width) return;
    const boxes = this.buttons.map(({ offsetLeft: x, offsetTop: y, offsetWidth: width, offsetHeight: height }) => ({ x, y, width, height }));
    const labels = [];
    this.buttons.forEach((button, number) => {
      const { x: left, y: top, width, height } = boxes[number];
      const box = { left, top, right: left + width, bottom: top + height };
      const taken = [...labels, ...boxes.filter((_, other) => other !== number)];
      const label = button.firstChild;
      const fit = (text) => {
        label.textContent = text;
        return place(box, label.offsetWidth, label.offsetHeight, area, taken, NEAR);
      };
      delete label.dataset.rest;
      let spot = fit(`${number + 1} ${this.captions[number]}`);
      if (!spot) {
        spot = fit(String(number + 1)) ?? { x: left, y: top };
        label.dataset.rest = ` ${this.captions[number]}`;
      }
      labels.push({ x: spot.x, y: spot.y, width: label.offsetWidth, height: label.offsetHeight });
      label.style.left = `${spot.x - left}px`;
      label.style.top = `${spot.y - top}px`;
    });
  }
}
