// One photo in the gallery: the picture with its boxes, the faces with their bars, and what can be done with them.

import { Boxes } from "./boxes.js";
import { copyFrom } from "./copy.js";
import { element, save } from "./dom.js";
import { drawFaces } from "./draw.js";
import { caption, colour, colourOf, differs, differsIn, inReadingOrder, isUncertain } from "./faces.js";
import { expression, percent, say } from "./words.js";

const SHOWN = 1600; // pixels of the longer side of what is kept for the screen, so that a gallery fits in memory
const SAVED = 8192; // and of what is saved: canvases can't be much larger everywhere
const CROP = 144; // pixels of a face beside its bars
const MARGIN = 0.2; // of the box's longer side around it
const BESIDE = 3; // so many faces at most stand beside the picture, more below it

// The file as pixels, or null where the browser can't show it, such as TIFF.
const decoded = (file) => createImageBitmap(file).catch(() => null);

// A canvas of a photo of this size, at most `longest` pixels long, with the picture on it where there is one.
function paint(canvas, picture, width, height, longest) {
  const factor = Math.min(1, longest / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * factor));
  canvas.height = Math.max(1, Math.round(height * factor));
  const context = canvas.getContext("2d");
  if (picture) context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return { context, factor };
}

// A square around a face.
function cropOf(picture, [left, top, right, bottom]) {
  const side = Math.max(right - left, bottom - top) * (1 + 2 * MARGIN);
  const canvas = element("canvas", { className: "crop", width: CROP, height: CROP });
  canvas.setAttribute("aria-hidden", "true");
  canvas.getContext("2d").drawImage(picture, (left + right - side) / 2, (top + bottom - side) / 2, side, side, 0, 0, CROP, CROP);
  return canvas;
}

export class Photo {
  constructor(file, name, { onRemove, onRetry, onSay }) {
    Object.assign(this, { file, name, onSay, state: "waiting", chosen: -1, pointed: -1, crops: [] });
    this.canvas = element("canvas");
    this.canvas.setAttribute("role", "img");
    this.boxes = new Boxes({ onPoint: (number) => this.#point(number), onChoose: (number) => this.#choose(number, true) });
    this.title = element("h2", { textContent: name });
    this.said = element("p", { className: "said" });
    this.faces = element("ol", { className: "faces" });
    this.copyButton = element("button", { type: "button", onclick: () => this.copy() });
    this.saveButton = element("button", { type: "button", onclick: () => this.save() });
    this.retryButton = element("button", { type: "button", onclick: () => onRetry(this) });
    this.removeButton = element("button", { type: "button", onclick: () => onRemove(this) });
    const actions = element("div", { className: "row" }, this.retryButton, this.copyButton, this.saveButton, this.removeButton);
    const about = element("div", { className: "about" }, element("div", {}, this.title, this.said), this.faces, actions);
    const frame = element("div", { className: "frame" }, this.canvas, this.boxes.area);
    this.card = element("li", { className: "photo", tabIndex: -1 }, element("div", { className: "picture" }, frame), about);
    this.show();
  }

  // Read it; `read` takes a blob and gives {width, height, faces}.
  async read(read) {
    let bitmap = null;
    try {
      bitmap = await decoded(this.file);
      if (bitmap) {
        const { width, height } = bitmap;
        this.size = { width, height };
        this.picture = new OffscreenCanvas(1, 1);
        paint(this.picture, bitmap, width, height, SHOWN);
      }
      this.show();
      const result = await read(this.file);
      this.result = { ...result, faces: inReadingOrder(result.faces) };
      this.crops = bitmap ? this.result.faces.map(({ box }) => cropOf(bitmap, box)) : [];
      this.state = "read";
    } catch (error) {
      this.state = "failed";
      this.why = error.words ?? (() => error.message);
    } finally {
      bitmap?.close();
    }
    this.show();
    this.onSay(this.summary());
  }

  // It waits again, after an error.
  wait() {
    this.state = "waiting";
    this.show();
    this.card.focus();
  }

  summary() {
    if (this.state === "failed") return say("failed", this.name, this.why());
    const found = this.result.faces.map((face, number) => say("face", number + 1, caption(face)));
    return [this.name, this.#found(), ...found].join(". ");
  }

  json() {
    return { name: this.name, ...(this.result ?? { error: this.why?.() }) };
  }

  // Draw everything anew, as after a change of language.
  show() {
    const { state, result, canvas, picture } = this;
    for (const name of ["waiting", "failed"]) this.card.classList.toggle(name, state === name);
    this.said.textContent = { waiting: say("reading"), failed: this.why?.(), read: result && this.#found() }[state];
    const words = [[this.copyButton, "copy"], [this.saveButton, "download"], [this.retryButton, "retry"], [this.removeButton, "remove"]];
    for (const [button, word] of words) {
      button.textContent = say(word);
      button.setAttribute("aria-label", `${button.textContent}: ${this.name}`);
    }
    this.copyButton.hidden = this.saveButton.hidden = state !== "read";
    this.retryButton.hidden = state !== "failed";
    const faces = result?.faces ?? [];
    this.card.classList.toggle("many", faces.length > BESIDE);
    this.faces.replaceChildren(...faces.map((face, number) => this.#row(face, number)));
    this.faces.hidden = !faces.length;
    const size = result ?? this.size;
    canvas.hidden = !size;
    if (!size) return;
    paint(canvas, picture, size.width, size.height, SHOWN);
    canvas.setAttribute("aria-label", state === "read" ? this.summary() : this.name);
    this.boxes.show(faces, size);
    this.#mark();
  }

  #found() {
    const { faces } = this.result;
    if (faces.some((face) => face.compared_with)) return say("found_compared", faces.length, faces.filter(differs).length);
    return faces.length ? say("found", faces.length) : say("no_face");
  }

  #point(number) {
    this.pointed = number;
    this.#mark();
  }

  // From the picture, the card comes into view.
  #choose(number, isFromPicture) {
    this.chosen = this.chosen === number ? -1 : number;
    this.#mark();
    if (isFromPicture && this.chosen >= 0) this.faces.children[number].scrollIntoView({ block: "nearest" });
  }

  #mark() {
    this.boxes.mark(this.pointed, this.chosen);
    [...this.faces.children].forEach(({ firstChild }, number) => {
      firstChild.classList.toggle("marked", number === this.pointed || number === this.chosen);
      firstChild.setAttribute("aria-pressed", String(number === this.chosen));
    });
  }

  #row(face, number) {
    const label = element("strong", {}, element("span", { className: "number", textContent: number + 1 }), ` ${caption(face)}`);
    const head = element("span", { className: "head" }, ...this.crops.slice(number, number + 1), label);
    const button = element("button", { type: "button", className: "face" }, head, ...(face.compared_with ? pairs(face, this.result.model) : bars(face)));
    if (face.unreadable) label.after(element("span", { className: "minor", textContent: say(face.unreadable) }));
    if (differs(face)) label.after(element("span", { className: "minor", textContent: `≠ ${say("differ")}` }));
    button.classList.toggle("uncertain", isUncertain(face));
    button.style.setProperty("--colour", colourOf(face));
    button.onpointerenter = button.onfocus = () => this.#point(number);
    button.onpointerleave = button.onblur = () => this.#point(-1);
    button.onclick = () => this.#choose(number, false);
    return element("li", {}, button);
  }

  copy() {
    return copyFrom(this.copyButton, JSON.stringify(this.json(), null, 2), this.onSay);
  }

  async save() {
    const { width, height, faces } = this.result;
    const canvas = new OffscreenCanvas(1, 1);
    const { context, factor } = paint(canvas, (await decoded(this.file)) ?? this.picture, width, height, SAVED);
    drawFaces(context, faces, { factor });
    save(await canvas.convertToBlob(), `${this.name.replace(/\.[^.]*$/, "")}-mien.png`);
  }
}

const words = (className, textContent) => element("span", { className, textContent });

function track(name, value) {
  const fill = element("span", { className: "fill" });
  fill.style.setProperty("--share", `${100 * value}%`);
  fill.style.setProperty("--colour", colour(name));
  return element("span", { className: "track" }, fill);
}

const bars = (face) =>
  Object.entries(face.probabilities).map(([name, value]) =>
    element("span", { className: "bar" }, words("", expression(name)), track(name, value), words("share", percent(value))),
  );

// The bars of two models side by side, with the expressions in which they clearly differ in bold.
function pairs(face, model) {
  const other = face.compared_with;
  const head = element("span", { className: "bar pair" }, words("", ""), words("model", model), words("model", other.model));
  const said = element("span", { className: "bar pair" }, words("", ""), words("model", caption(face)), words("model", caption(other)));
  const rows = Object.entries(face.probabilities).map(([name, value]) => {
    const second = other.probabilities[name];
    const row = element("span", { className: "bar pair" }, words("", expression(name)));
    row.append(track(name, value), words("share", percent(value)), track(name, second), words("share", percent(second)));
    row.classList.toggle("differs", differsIn(face, name));
    return row;
  });
  return [head, said, ...rows];
}
