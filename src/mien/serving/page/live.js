// The camera: frames are read one at a time, as fast as they can be; those that come meanwhile are left out, never queued.

import { drawFaces, drawTimeline } from "./draw.js";
import { expression, percent, say } from "./words.js";

const WIDTH = 640; // pixels of the frames that are read: the detector looks at no more
const SPAN = 30_000; // milliseconds of the timeline

const largest = (faces) => faces.reduce((best, face) => (area(face) > area(best) ? face : best));
const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);

export class Live {
  constructor({ onSay }) {
    this.onSay = onSay;
    this.video = document.getElementById("video");
    this.overlay = document.getElementById("overlay");
    this.timeline = document.getElementById("timeline");
    this.button = document.getElementById("start");
    this.rate = document.getElementById("rate");
    this.hint = document.getElementById("stage-hint");
    this.frame = document.createElement("canvas");
    this.history = [];
    this.classes = [];
    this.button.onclick = () => (this.stream ? this.stop() : this.start());
    this.show();
  }

  // Words and timeline anew, as after a change of language.
  show() {
    this.button.textContent = say(this.stream ? "stop" : "start");
    const now = this.history.at(-1);
    const best = now?.probabilities && Object.entries(now.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
    this.timeline.setAttribute("aria-label", best ? say("timeline_now", expression(best[0]), percent(best[1])) : say("timeline_empty"));
    drawTimeline(this.timeline, this.history, this.classes, SPAN, performance.now());
  }

  async start() {
    if (!navigator.mediaDevices) return this.#complain("camera_insecure");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
    } catch (error) {
      return this.#complain(error.name === "NotAllowedError" ? "camera_denied" : "camera_missing");
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    document.getElementById("stage").style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    this.hint.hidden = true;
    this.history = [];
    this.show();
    this.#run(this.stream);
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
    this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.rate.textContent = "";
    this.hint.hidden = false;
    this.hint.textContent = say("live_hint");
    this.show();
  }

  async #run(stream) {
    let shown = 0;
    const count = () => {
      shown++;
      if (this.stream === stream) this.video.requestVideoFrameCallback?.(count);
    };
    this.video.requestVideoFrameCallback?.(count);
    let read = 0;
    let since = performance.now();
    while (this.stream === stream) {
      await new Promise(requestAnimationFrame); // no more often than the screen shows, and not at all in a hidden tab
      try {
        await this.#read(stream);
      } catch (error) {
        if (this.stream !== stream) return;
        this.stop();
        this.hint.textContent = error.message;
        this.onSay(error.message);
        return;
      }
      read++;
      const now = performance.now();
      if (now - since > 1000 && this.stream === stream) {
        const seconds = (now - since) / 1000;
        this.rate.textContent = say("rate", Math.round(read / seconds), Math.max(0, Math.round((shown - read) / seconds)));
        [shown, read, since] = [0, 0, now];
      }
    }
  }

  async #read(stream) {
    const { frame, video, overlay } = this;
    const factor = Math.min(1, WIDTH / video.videoWidth);
    frame.width = Math.round(video.videoWidth * factor);
    frame.height = Math.round(video.videoHeight * factor);
    frame.getContext("2d").drawImage(video, 0, 0, frame.width, frame.height);
    const at = performance.now();
    const { faces } = await this.analyze(frame);
    if (this.stream !== stream) return;
    overlay.width = video.videoWidth;
    overlay.height = video.videoHeight;
    drawFaces(overlay.getContext("2d"), faces, { factor: overlay.width / frame.width, mirror: true });
    this.history.push({ at, probabilities: faces.length ? largest(faces).probabilities : null });
    this.history = this.history.filter((entry) => at - entry.at < SPAN);
    this.show();
  }

  #complain(key) {
    this.stream = null;
    this.hint.hidden = false;
    this.hint.textContent = say(key);
    this.onSay(say(key));
  }
}
