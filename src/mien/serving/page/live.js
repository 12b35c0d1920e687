// The camera: frames are read one at a time, as fast as they can be; those that come meanwhile are left out, never queued.

import { drawFaces, drawTimeline } from "./draw.js";
import { expression, percent, say } from "./words.js";

const WIDTH = 640; // pixels of the frames that are read: the detector looks at no more
const SPAN = 30_000; // milliseconds of the timeline

const largest = (faces) => faces.reduce((best, face) => (area(face) > area(best) ? face : best));
const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);

const FAILURES = 5; // in a row, after which the camera stops
const PAUSE = 1000; // milliseconds after one, such as a server that is busy

export class Live {
  constructor({ analyze, onSay }) {
    this.analyze = analyze;
    this.onSay = onSay;
    this.video = document.getElementById("video");
    this.overlay = document.getElementById("overlay");
    this.timeline = document.getElementById("timeline");
    this.button = document.getElementById("start");
    this.rate = document.getElementById("rate");
    this.hint = document.getElementById("stage-hint");
    this.words = () => say("live_hint");
    this.frame = document.createElement("canvas");
    this.history = [];
    this.classes = [];
    this.turn = 0; // grows with every start and stop: what belongs to an older one is dropped
    this.isOn = false;
    this.button.onclick = () => (this.isOn ? this.stop() : this.start());
    this.show();
  }

  // Words and timeline anew, as after a change of language.
  show() {
    this.button.textContent = say(this.isOn ? "stop" : "start");
    this.hint.textContent = this.words();
    this.hint.hidden = this.isOn && Boolean(this.video.srcObject);
    const now = this.history.at(-1);
    const best = now?.probabilities && Object.entries(now.probabilities).reduce((a, b) => (b[1] > a[1] ? b : a));
    this.timeline.setAttribute("aria-label", best ? say("timeline_now", expression(best[0]), percent(best[1])) : say("timeline_empty"));
    drawTimeline(this.timeline, this.history, this.classes, SPAN, performance.now());
  }

  async start() {
    if (!navigator.mediaDevices) return this.stop(() => say("camera_insecure"));
    const turn = ++this.turn;
    this.isOn = true;
    this.history = [];
    this.words = () => say("live_hint");
    this.show();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
      if (turn === this.turn) {
        this.video.srcObject = stream;
        await this.video.play();
      }
    } catch (error) {
      if (turn !== this.turn) return undefined;
      return this.stop(() => say(error.name === "NotAllowedError" ? "camera_denied" : "camera_missing"));
    }
    // Permission may come late, when the camera isn't wanted any more.
    if (turn !== this.turn) return stream.getTracks().forEach((track) => track.stop());
    stream.getTracks().forEach((track) => (track.onended = () => turn === this.turn && this.stop(() => say("camera_ended"))));
    document.getElementById("stage").style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    this.show();
    return this.#run(turn);
  }

  // `words` says why, where it wasn't asked for.
  stop(words) {
    this.turn++;
    this.isOn = false;
    this.video.srcObject?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
    this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    this.rate.textContent = "";
    this.words = words ?? (() => say("live_hint"));
    if (words) this.onSay(words());
    this.show();
  }

  async #run(turn) {
    let shown = 0;
    const count = () => {
      shown++;
      if (turn === this.turn) this.video.requestVideoFrameCallback?.(count);
    };
    this.video.requestVideoFrameCallback?.(count);
    let [read, failed, since] = [0, 0, performance.now()];
    while (turn === this.turn) {
      await new Promise(requestAnimationFrame); // no more often than the screen shows, and not at all in a hidden tab
      try {
        await this.#read(turn);
        [read, failed] = [read + 1, 0];
      } catch (error) {
        if (turn !== this.turn) return;
        failed++;
        // A server that is busy or out of reach for a moment costs frames; anything else, and the camera stops.
        if (![0, 408, 503].includes(error.status) || failed === FAILURES) return this.stop(error.words ?? (() => error.message));
        await new Promise((done) => setTimeout(done, PAUSE));
      }
      const now = performance.now();
      if (now - since > 1000 && turn === this.turn) {
        const seconds = (now - since) / 1000;
        this.rate.textContent = say("rate", Math.round(read / seconds), Math.max(0, Math.round((shown - read) / seconds)));
        [shown, read, since] = [0, 0, now];
      }
    }
  }

  async #read(turn) {
    const { frame, video, overlay } = this;
    const factor = Math.min(1, WIDTH / video.videoWidth);
    frame.width = Math.round(video.videoWidth * factor);
    frame.height = Math.round(video.videoHeight * factor);
    frame.getContext("2d").drawImage(video, 0, 0, frame.width, frame.height);
    const at = performance.now();
    const { faces } = await this.analyze(frame);
    if (turn !== this.turn) return;
    overlay.width = video.videoWidth;
    overlay.height = video.videoHeight;
    drawFaces(overlay.getContext("2d"), faces, { factor: overlay.width / frame.width, mirror: true });
    this.history.push({ at, probabilities: faces.length ? largest(faces).probabilities : null });
    this.history = this.history.filter((entry) => at - entry.at < SPAN);
    this.show();
  }
}
