// The camera of this device, and a dialog that takes a photo with it.

import { Failure } from "./api.js";
import { byId } from "./dom.js";
import { say } from "./words.js";

export const isPossible = () => Boolean(navigator.mediaDevices?.getUserMedia);

async function openCamera() {
  if (!isPossible()) throw new Failure(() => say("camera_insecure"));
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
  } catch (error) {
    throw new Failure(() => say(error.name === "NotAllowedError" ? "camera_denied" : "camera_missing"));
  }
}

export const closeCamera = (stream) => stream?.getTracks().forEach((track) => track.stop());

// Show the camera in a video: its stream, or null where it isn't wanted any more, as permission may come late.
export async function showCamera(video, isWanted) {
  const stream = await openCamera();
  try {
    if (isWanted()) {
      video.srcObject = stream;
      await video.play();
    }
  } catch {
    closeCamera(stream);
    throw new Failure(() => say("camera_missing"));
  }
  if (isWanted()) return stream;
  closeCamera(stream);
  return null;
}

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
    try {
      if (!(await showCamera(this.video, () => turn === this.turn))) return;
      this.takeButton.disabled = false;
      this.takeButton.focus();
    } catch (error) {
      if (turn !== this.turn) return;
      this.dialog.close();
      this.onFail(error.words);
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
