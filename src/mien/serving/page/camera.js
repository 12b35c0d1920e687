// The camera of this device, and a dialog that takes a photo with it.

import { Failure } from "./api.js";
import { byId } from "./dom.js";
import { say } from "./words.js";

export const isPossible = () => Boolean(navigator.mediaDevices?.getUserMedia);

// The stream of a camera, facing the user or the environment.
export async function openCamera(facingMode) {
  if (!isPossible()) throw new Failure(() => say("camera_insecure"));
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode } });
  } catch (error) {
    throw new Failure(() => say(error.name === "NotAllowedError" ? "camera_denied" : "camera_missing"));
  }
}

export const closeCamera = (stream) => stream?.getTracks().forEach((track) => track.stop());

export class Snapshot {
  // `onTake` gets the photo as a file; `onFail` a function that says why there is none, or null.
  constructor({ onTake, onFail }) {
    Object.assign(this, { onTake, onFail, turn: 0 });
    this.dialog = byId("shot");
    this.video = byId("shot-video");
    this.takeButton = byId("shot-take");
    this.takeButton.onclick = () => this.#take();
    byId("shot-cancel").onclick = () => this.dialog.close();
    this.dialog.onclose = () => this.#end();
  }

  async open() {
    const turn = ++this.turn;
    this.takeButton.disabled = true;
    this.onFail(null);
    this.dialog.showModal();
    let stream = null;
    try {
      stream = await openCamera("user");
      if (turn === this.turn) {
        this.video.srcObject = stream;
        await this.video.play();
        this.takeButton.disabled = false;
        this.takeButton.focus();
      } else closeCamera(stream); // permission came after the dialog was closed
    } catch (error) {
      closeCamera(stream);
      if (turn !== this.turn) return;
      this.dialog.close();
      this.onFail(error.words ?? (() => say("camera_missing")));
    }
  }

  #take() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.video.videoWidth, this.video.videoHeight];
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    this.dialog.close();
    canvas.toBlob((blob) => this.onTake(new File([blob], say("snapshot_name"), { type: "image/jpeg" })), "image/jpeg", 0.92);
  }

  #end() {
    this.turn++;
    closeCamera(this.video.srcObject);
    this.video.srcObject = null;
  }
}
