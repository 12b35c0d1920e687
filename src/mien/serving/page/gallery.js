// The photos: how they come in, wait, are read and go.

import { Snapshot, isPossible } from "./camera.js";
import { copyFrom } from "./copy.js";
import { byId } from "./dom.js";
import { Photo } from "./photo.js";
import { say } from "./words.js";

const AT_ONCE = 2; // photos that are sent side by side

export class Gallery {
  // `read` takes a file and gives {width, height, faces}; `onSay` announces a text; `onFail` says what all must see.
  constructor({ read, onSay, onFail }) {
    Object.assign(this, { read, onSay, photos: [], waiting: [], reading: 0, isReady: false });
    this.snapshot = new Snapshot({ onTake: (file) => this.add([file]), onFail });
    this.#takeFiles();
    this.#takeSamples();
    byId("clear").onclick = () => this.#clear();
    byId("copy-all").onclick = () => {
      const photos = this.photos.map((photo) => photo.json());
      copyFrom(byId("copy-all"), JSON.stringify({ photos }, null, 2), onSay);
    };
  }

  add(files) {
    const means = { onRemove: (photo) => this.#remove(photo), onRetry: (photo) => this.#retry(photo), onSay: this.onSay };
    const photos = files.map((file) => new Photo(file, file.name || say("pasted"), means));
    this.photos.unshift(...photos);
    this.waiting.push(...photos);
    byId("gallery").prepend(...photos.map((photo) => photo.card));
    this.#showBar();
    this.send();
  }

  // The server is known: photos can be read.
  start() {
    this.isReady = true;
    this.send();
  }

  send() {
    while (this.isReady && this.reading < AT_ONCE && this.waiting.length) {
      const photo = this.waiting.shift();
      this.reading++;
      photo.read(this.read).finally(() => {
        this.reading--;
        this.#showBar();
        this.send();
      });
    }
  }

  // Everything anew, as after a change of language.
  show() {
    this.photos.forEach((photo) => photo.show());
    this.#showBar();
  }

  #retry(photo) {
    photo.wait();
    this.waiting.push(photo);
    this.send();
  }

  #remove(photo) {
    const at = this.photos.indexOf(photo);
    this.photos.splice(at, 1);
    this.waiting = this.waiting.filter((other) => other !== photo);
    photo.card.remove();
    this.#showBar();
    (this.photos[Math.min(at, this.photos.length - 1)]?.removeButton ?? byId("choose")).focus();
  }

  #clear() {
    this.waiting = [];
    this.photos.splice(0).forEach((photo) => photo.card.remove());
    this.#showBar();
    byId("choose").focus();
  }

  #showBar() {
    byId("gallery-bar").hidden = this.photos.length < 2;
    const found = this.photos.reduce((sum, photo) => sum + (photo.result?.faces.length ?? 0), 0);
    byId("summary").textContent = say("summary", this.photos.length, found);
  }

  #takeFiles() {
    byId("choose").onclick = () => byId("files").click();
    byId("shoot").onclick = () => (isPossible() ? this.snapshot.open() : byId("camera").click());
    for (const input of [byId("files"), byId("camera")]) {
      input.onchange = () => {
        this.add([...input.files]);
        input.value = ""; // so that the same file can be chosen again
      };
    }
  }

  #takeSamples() {
    for (const button of document.querySelectorAll(".sample")) {
      button.onclick = async () => {
        const image = button.querySelector("img");
        const answer = await fetch(image.src).catch(() => null);
        if (answer?.ok) this.add([new File([await answer.blob()], `${image.alt}.jpg`, { type: "image/jpeg" })]);
      };
    }
  }
}
