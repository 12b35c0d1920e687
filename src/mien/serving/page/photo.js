// One photo in the gallery: the picture with its boxes, the faces with their bars, and what can be done with them.

import { colour, colourOf, drawFaces } from "./draw.js";
import { copyFrom } from "./copy.js";
import { expression, percent, say } from "./words.js";

const SHOWN = 1600; // pixels of the longer side of what is kept for the screen, so that a gallery fits in memory
const SAVED = 8192; // and of what is saved: canvases can't be much larger everywhere

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

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

export class Photo {
  constructor(file, name, { onRemove, onSay }) {
    this.file = file;
    this.name = name;
    this.state = "waiting";
    this.chosen = -1;
    this.onSay = onSay;
    this.canvas = element("canvas");
    this.title = element("h3", { textContent: name });
    this.said = element("p", { className: "said" });
    this.faces = element("ol", { className: "faces" });
    this.copyButton = element("button", { type: "button", onclick: () => this.copy() });
    this.saveButton = element("button", { type: "button", onclick: () => this.save() });
    this.removeButton = element("button", { type: "button", onclick: () => onRemove(this) });
    const actions = element("div", { className: "row" }, this.copyButton, this.saveButton, this.removeButton);
    const about = element("div", { className: "about" }, element("div", {}, this.title, this.said), this.faces, actions);
    this.card = element("li", { className: "photo" }, element("div", { className: "picture" }, this.canvas), about);
    this.show();
  }

  // Read it; `read` takes a blob and gives {width, height, faces}.
  async read(read) {
    try {
      const bitmap = await decoded(this.file);
      if (bitmap) {
        const { width, height } = bitmap;
        this.size = { width, height };
        this.picture = new OffscreenCanvas(1, 1);
        paint(this.picture, bitmap, width, height, SHOWN);
        bitmap.close();
      }
      this.show();
      this.result = await read(this.file);
      this.state = "read";
    } catch (error) {
      this.state = "failed";
      this.why = error.words ?? (() => error.message);
    }
    this.show();
    this.onSay(this.summary());
  }

  summary() {
    if (this.state === "failed") return say("failed", this.name, this.why());
    const found = this.result.faces.map((face, number) => say("face", number + 1, this.#label(face), percent(face.confidence)));
    return [this.name, this.#found(), ...found].join(". ");
  }

  json() {
    return { name: this.name, ...(this.result ?? { error: this.why?.() }) };
  }

  // Draw everything anew, as after a change of language.
  show() {
    this.card.classList.toggle("waiting", this.state === "waiting");
    this.card.classList.toggle("failed", this.state === "failed");
    this.said.textContent = { waiting: say("reading"), failed: this.why?.(), read: this.result && this.#found() }[this.state];
    this.copyButton.textContent = say("copy");
    this.saveButton.textContent = say("download");
    this.removeButton.textContent = say("remove");
    for (const button of [this.copyButton, this.saveButton, this.removeButton]) {
      button.setAttribute("aria-label", `${button.textContent}: ${this.name}`);
    }
    this.copyButton.hidden = this.saveButton.hidden = this.state !== "read";
    this.faces.replaceChildren(...(this.result?.faces ?? []).map((face, number) => this.#row(face, number)));
    this.faces.hidden = !this.result?.faces.length;
    this.draw();
  }

  draw() {
    const { picture, result, canvas } = this;
    const size = result ?? this.size;
    canvas.hidden = !size;
    if (!size) return;
    const { context, factor } = paint(canvas, picture, size.width, size.height, SHOWN);
    if (result) drawFaces(context, result.faces, { factor, chosen: this.chosen });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", result ? this.summary() : this.name);
  }

  #found() {
    const count = this.result.faces.length;
    return count ? say("found", count) : say("no_face");
  }

  #label(face) {
    return face.abstained ? say("unsure") : expression(face.label);
  }

  #row(face, number) {
    const head = element("strong", {}, element("span", { textContent: this.#label(face) }), element("span", { textContent: percent(face.confidence) }));
    const bars = Object.entries(face.probabilities).map(([name, value]) => {
      const fill = element("span", { className: "fill" });
      fill.style.setProperty("--share", `${100 * value}%`);
      fill.style.setProperty("--colour", colour(name));
      const track = element("span", { className: "track" }, fill);
      return element("span", { className: "bar" }, element("span", { textContent: expression(name) }), track, element("span", { className: "share", textContent: percent(value) }));
    });
    const button = element("button", { type: "button", className: "face" }, head, ...bars);
    button.style.setProperty("--colour", colourOf(face));
    button.setAttribute("aria-pressed", String(number === this.chosen));
    button.onclick = () => {
      this.chosen = this.chosen === number ? -1 : number;
      [...this.faces.children].forEach((row, at) => row.firstChild.setAttribute("aria-pressed", String(at === this.chosen)));
      this.draw();
    };
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
    const link = element("a", { href: URL.createObjectURL(await canvas.convertToBlob()) });
    link.download = `${this.name.replace(/\.[^.]*$/, "")}-mien.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}
