// The camera: frames are read one at a time, as fast as they can be; those that come meanwhile are left out, never queued. What is
// shown is the frame that was read, so that its boxes always lie on its faces.

import { closeCamera, showCamera } from "./camera.js";
import { byId, save } from "./dom.js";
import { drawFaces } from "./draw.js";
import { caption } from "./faces.js";
import { Lanes } from "./lanes.js";
import { csv } from "./table.js";
import { Smoother, Tracker } from "./tracking.js";
import { say } from "./words.js";

const WIDTH = 640; // pixels of the frames that are read: the detector looks at no more
const SPAN = 30; // seconds of the lanes
const KEPT = 600; // seconds of the table
const MOST_LANES = 8; // the latest faces
const TEXT = 13; // pixels of the labels, on the screen
const FAILURES = 5; // in a row, after which the camera stops
const PAUSE = 1000; // milliseconds after one, such as a server that is busy

export class Live {
  constructor({ analyze, onSay }) {
    Object.assign(this, { analyze, onSay, classes: [], abstain: 0, readings: [], tracks: new Map() });
    this.stage = byId("stage");
    this.video = byId("video");
    this.view = byId("view");
    this.button = byId("start");
    this.rate = byId("rate");
    this.hint = byId("stage-hint");
    this.words = () => say("live_hint");
    this.frame = document.createElement("canvas");
    this.small = document.createElement("canvas");
    this.lanes = new Lanes(byId("live-lanes"));
    this.turn = 0; // grows with every start and stop: what belongs to an older one is dropped
    this.isOn = false;
    this.button.onclick = () => (this.isOn ? this.stop() : this.start());
    byId("live-picture").onclick = () => this.view.toBlob((blob) => save(blob, say("picture_name")));
    byId("live-table").onclick = () => save(new Blob([csv(this.readings, this.classes)], { type: "text/csv" }), "mien.csv");
    this.show();
  }

  // Words, picture and lanes anew, as after a change of language.
  show() {
    this.button.textContent = say(this.isOn ? "stop" : "start");
    this.hint.textContent = this.words();
    this.hint.hidden = this.isOn && Boolean(this.video.srcObject);
    byId("live-picture").disabled = !this.isOn || !this.readings.length;
    byId("live-table").disabled = !this.readings.length;
    if (this.isOn && this.readings.length) this.#draw();
    const end = this.readings.at(-1)?.time ?? 0;
    const seen = [...this.tracks].filter(([, track]) => end - track.spans.at(-1).end < SPAN).slice(-MOST_LANES);
    byId("live-figure").hidden = !seen.length;
    if (!seen.length) return;
    const tick = (time) => (Math.abs(time - end) < 0.5 ? say("now") : say("ago", Math.round(end - time)));
    this.lanes.show(new Map(seen), { start: end - SPAN, end, zero: end, classes: this.classes, tick });
  }

  async start() {
    const turn = ++this.turn;
    Object.assign(this, { isOn: true, readings: [], tracks: new Map(), tracker: new Tracker(), smoother: new Smoother() });
    this.words = () => say("live_hint");
    this.show();
    let stream;
    try {
      stream = await showCamera(this.video, () => turn === this.turn);
    } catch (error) {
      if (turn === this.turn) this.stop(error.words);
      return;
    }
    if (!stream) return;
    stream.getTracks().forEach((track) => (track.onended = () => turn === this.turn && this.stop(() => say("camera_ended"))));
    this.stage.style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    this.show();
    return this.#run(turn);
  }

  // `words` says why, where it wasn't asked for. The table stays.
  stop(words) {
    this.turn++;
    this.isOn = false;
    closeCamera(this.video.srcObject);
    this.video.srcObject = null;
    this.view.width = this.view.height = 1;
    this.view.hidden = true;
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
    const began = performance.now();
    let [read, failed, since] = [0, 0, began];
    while (turn === this.turn) {
      await new Promise(requestAnimationFrame); // no more often than the screen shows, and not at all in a hidden tab
      try {
        await this.#read(turn, (performance.now() - began) / 1000);
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

  async #read(turn, time) {
    const { frame, small, video } = this;
    [frame.width, frame.height] = [video.videoWidth, video.videoHeight];
    const factor = Math.min(1, WIDTH / frame.width);
    [small.width, small.height] = [frame.width, frame.height].map((side) => Math.round(side * factor));
    frame.getContext("2d").drawImage(video, 0, 0);
    small.getContext("2d").drawImage(frame, 0, 0, small.width, small.height);
    const { faces } = await this.analyze(small);
    if (turn !== this.turn) return;
    const numbers = this.tracker.update(faces.map(({ box }) => box), time);
    const smoothed = faces.map((face, row) => {
      const probabilities = this.smoother.smooth(numbers[row], face.probabilities, time);
      const [label, confidence] = Object.entries(probabilities).reduce((best, one) => (one[1] > best[1] ? one : best));
      return { ...face, track: numbers[row], probabilities, label, confidence, abstained: confidence < this.abstain };
    });
    this.#note(time, smoothed);
    this.show();
  }

  // The last values of a face hold until the next frame.
  #note(time, faces) {
    for (const track of this.tracks.values()) {
      if (track.now) track.spans.at(-1).end = time;
      track.now = null;
      while (time - track.spans[0].end > SPAN && track.spans.length > 1) track.spans.shift();
    }
    for (const face of faces) {
      const track = this.tracks.get(face.track) ?? { spans: [] };
      track.spans.push({ start: time, end: time, probabilities: face.probabilities });
      track.now = face;
      this.tracks.set(face.track, track);
    }
    this.readings.push({ frame: (this.readings.at(-1)?.frame ?? -1) + 1, time, faces });
    while (time - this.readings[0].time > KEPT) this.readings.shift();
  }

  // The frame that was read, as in a mirror, with its faces.
  #draw() {
    const { view, frame, small } = this;
    [view.width, view.height] = [frame.width, frame.height];
    view.hidden = false;
    const context = view.getContext("2d");
    context.setTransform(-1, 0, 0, 1, view.width, 0);
    context.drawImage(frame, 0, 0);
    context.setTransform(1, 0, 0, 1, 0, 0);
    const { faces } = this.readings.at(-1);
    const size = (TEXT * view.width) / Math.max(1, view.clientWidth);
    drawFaces(context, faces, { factor: view.width / small.width, mirror: true, size, nameOf: ({ track }) => track });
    view.setAttribute("aria-label", faces.map((face) => say("face", face.track, caption(face))).join(". ") || say("no_face"));
  }
}
