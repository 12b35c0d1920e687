// A clip: it is sent to the server and analysed there; what it found is shown beside the browser's own copy of the file.

import * as api from "./api.js";
import { byId, element, save } from "./dom.js";
import { drawFaces } from "./draw.js";
import { caption } from "./faces.js";
import { Lanes } from "./lanes.js";
import { clock, expression, percent, say } from "./words.js";

const ASK = 400; // milliseconds between two questions
const MAX_GAP = 1.0; // seconds for which a face's last values hold, or so many usual intervals between frames:
const INTERVALS = 1.5;
const MOST_LANES = 12; // the longest ones
const TEXT = 13; // pixels of the labels, on the screen
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 }; // seconds

export class Video {
  // `modelOf` gives the name of the chosen model; `onSay` announces a text.
  constructor({ modelOf, onSay }) {
    Object.assign(this, { modelOf, onSay, limits: null, classes: [], isOnDevice: false, file: null, turn: 0, state: "empty", frames: [] });
    this.player = byId("player");
    this.overlay = byId("player-boxes");
    this.lanes = new Lanes(byId("video-lanes"));
    this.slider = element("div", { className: "seek", tabIndex: 0 });
    this.slider.setAttribute("role", "slider");
    this.lanes.area.append(this.slider);
    byId("clip-choose").onclick = () => byId("clip").click();
    byId("clip").onchange = ({ target }) => {
      if (target.files.length) this.open(target.files[0]);
      target.value = "";
    };
    byId("clip-cancel").onclick = () => this.cancel();
    byId("clip-retry").onclick = () => this.open(this.file);
    byId("clip-table").onclick = () => save(this.table, this.#name("csv"));
    byId("clip-json").onclick = () => save(new Blob([JSON.stringify(this.#json(), null, 1)], { type: "application/json" }), this.#name("json"));
    this.player.ontimeupdate = this.player.onseeked = () => this.#point();
    this.player.onerror = () => this.player.src && byId("player-frame").classList.add("unplayable");
    this.#follow();
    this.#takeSeeking();
    addEventListener("pagehide", () => this.cancel());
    this.show();
  }

  // Words, lanes and boxes anew, as after a change of language.
  show() {
    const { state } = this;
    const isBusy = ["sending", "waiting", "running"].includes(state);
    byId("clip-limits").textContent = this.limits ? say("clip_limits", Math.round(this.limits.bytes / 2 ** 20), clock(this.limits.seconds)) : "";
    byId("clip-choose").disabled = isBusy || this.isOnDevice;
    byId("clip-device").hidden = !this.isOnDevice;
    byId("clip-progress").hidden = !isBusy;
    byId("clip-retry").hidden = !["failed", "cancelled"].includes(state);
    byId("clip-state").textContent = this.#words();
    byId("clip-result").hidden = state !== "done";
    byId("clip-shown").hidden = !this.file;
    if (state !== "done") return;
    const ends = this.result.seconds;
    this.lanes.show(this.tracks, { start: 0, end: Math.max(ends, 0.1), classes: this.classes, tick: clock });
    byId("clip-more").textContent = this.hidden ? say("clip_more", this.hidden) : "";
    this.slider.setAttribute("aria-label", say("clip_time"));
    this.slider.setAttribute("aria-valuemin", 0);
    this.slider.setAttribute("aria-valuemax", ends);
    byId("segments").replaceChildren(...this.result.segments.map((segment) => this.#segment(segment)));
    byId("segments-name").textContent = say("segments", this.result.segments.length);
    this.#point();
    this.#drawBoxes(this.#now);
  }

  // Send a clip and show what the server finds.
  async open(file) {
    if (this.isOnDevice || !this.limits) return;
    this.cancel();
    const turn = this.turn;
    Object.assign(this, { file, frames: [], tracks: new Map(), hidden: 0, result: null, why: null });
    byId("player-frame").classList.remove("unplayable");
    URL.revokeObjectURL(this.player.src);
    this.player.src = URL.createObjectURL(file);
    this.#progress("sending", 0);
    try {
      if (file.size > this.limits.bytes) throw new api.Failure(() => say("clip_large", Math.round(this.limits.bytes / 2 ** 20)));
      this.upload = new AbortController();
      const sent = await api.sendVideo(file, this.modelOf(), this.upload.signal, (share) => turn === this.turn && this.#progress("sending", share));
      if (turn !== this.turn) return void api.deleteVideo(sent.id);
      this.id = sent.id;
      const read = await this.#wait(turn);
      if (!read) return;
      const [lines, table] = await Promise.all(["jsonl", "csv"].map((form) => api.videoRows(this.id, form)));
      if (turn !== this.turn) return;
      this.#end();
      Object.assign(this, { result: read.result, table, state: "done" });
      this.#take((await lines.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line)));
      this.onSay(say("clip_done", this.tracks.size + this.hidden));
    } catch (error) {
      if (turn !== this.turn) return;
      this.#end();
      Object.assign(this, { state: "failed", why: error.words ?? (() => error.message) });
      this.onSay(this.why());
    }
    this.show();
  }

  cancel() {
    this.turn++;
    this.upload?.abort();
    this.#end();
    if (["sending", "waiting", "running"].includes(this.state)) this.state = "cancelled";
    this.show();
  }

  // The server forgets the clip.
  #end() {
    if (this.id) api.deleteVideo(this.id);
    this.id = null;
  }

  async #wait(turn) {
    for (;;) {
      const read = await api.video(this.id);
      if (turn !== this.turn) return null;
      if (read.state === "done") return read;
      if (read.state === "failed") throw new api.Failure(() => api.detail(read.error), read.error?.status);
      this.#progress(read.state, read.duration ? read.seconds / read.duration : null, read);
      await new Promise((done) => setTimeout(done, ASK));
      if (turn !== this.turn) return null;
    }
  }

  #progress(state, share, read = null) {
    Object.assign(this, { state, share, read });
    const bar = byId("clip-bar");
    if (share === null || state === "waiting") bar.removeAttribute("value");
    else bar.value = Math.min(1, share);
    this.show();
  }

  #words() {
    const { state, share, read } = this;
    if (state === "sending") return say("clip_sending", percent(share));
    if (state === "running") return say("clip_running", clock(read.seconds), read.duration && clock(read.duration));
    if (state === "done") return say("clip_done", this.tracks.size + this.hidden);
    return { waiting: say("clip_waiting"), failed: this.why?.(), cancelled: say("clip_cancelled") }[state] ?? "";
  }

  // Frames and lanes from the rows of the server: values hold until the next frame.
  #take(rows) {
    for (const { frame, time, status, ...face } of rows) {
      if (this.frames.at(-1)?.frame !== frame) this.frames.push({ frame, time, faces: [] });
      if (status === "face") this.frames.at(-1).faces.push(face);
    }
    const steps = this.frames.slice(1).map(({ time }, at) => time - this.frames[at].time).sort((a, b) => a - b);
    this.gap = Math.max(MAX_GAP, INTERVALS * (steps[steps.length >> 1] ?? 0));
    const tracks = new Map();
    this.frames.forEach(({ time, faces }, at) => {
      const end = Math.min(this.frames[at + 1]?.time ?? this.result.seconds, time + this.gap);
      for (const { track, probabilities } of faces) {
        if (!tracks.has(track)) tracks.set(track, { spans: [], now: null });
        tracks.get(track).spans.push({ start: time, end, probabilities });
      }
    });
    const longest = [...tracks].sort((a, b) => b[1].spans.length - a[1].spans.length).slice(0, MOST_LANES);
    this.tracks = new Map(longest.sort((a, b) => a[0] - b[0]));
    this.hidden = tracks.size - this.tracks.size;
  }

  // The faces of the frame at a time.
  #facesAt(time) {
    let [low, high] = [0, this.frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.frames[middle].time <= time + 1e-3) low = middle + 1;
      else high = middle;
    }
    const frame = this.frames[low - 1];
    return frame && time - frame.time < this.gap ? frame.faces : [];
  }

  #point() {
    if (this.state !== "done") return;
    const time = Math.max(0, this.#now);
    const faces = this.#facesAt(time);
    for (const number of this.tracks.keys()) this.lanes.tell(number, faces.find(({ track }) => track === number) ?? null);
    this.lanes.point(time);
    this.slider.setAttribute("aria-valuenow", time.toFixed(1));
    const said = faces.map((face) => say("face", face.track, caption(face))).join(". ") || say("no_face");
    this.slider.setAttribute("aria-valuetext", `${clock(time)}. ${said}`);
  }

  // The boxes of the frame that the player shows.
  #follow() {
    const next = (_, { mediaTime }) => {
      this.#drawBoxes(mediaTime - this.#offset);
      this.player.requestVideoFrameCallback(next);
    };
    this.player.requestVideoFrameCallback?.(next);
  }

  #drawBoxes(time) {
    const { overlay, player } = this;
    [overlay.width, overlay.height] = [player.videoWidth || 1, player.videoHeight || 1];
    if (this.state !== "done") return;
    const size = (TEXT * overlay.width) / Math.max(1, overlay.clientWidth);
    drawFaces(overlay.getContext("2d"), this.#facesAt(time), { size, nameOf: ({ track }) => track });
  }

  // The player counts from the start of the file, all times of the result from the first frame.
  get #offset() {
    return this.result?.offset ?? 0;
  }

  get #now() {
    return this.player.currentTime - this.#offset;
  }

  #seek(time) {
    this.player.currentTime = this.#offset + Math.max(0, Math.min(this.result.seconds, time));
    this.#point();
  }

  #takeSeeking() {
    const at = (event) => {
      const { left, width } = this.slider.getBoundingClientRect();
      this.#seek(((event.clientX - left) / width) * this.result.seconds);
    };
    this.slider.onpointerdown = (event) => {
      this.slider.setPointerCapture(event.pointerId);
      at(event);
    };
    this.slider.onpointermove = (event) => event.buttons && at(event);
    this.slider.onkeydown = (event) => {
      const ends = { Home: 0, End: this.result.seconds };
      if (event.key in STEPS) this.#seek(this.#now + STEPS[event.key]);
      else if (event.key in ends) this.#seek(ends[event.key]);
      else return;
      event.preventDefault();
    };
  }

  #segment({ track, start, end, label, confidence }) {
    const text = say("segment", `${clock(start)}–${clock(end)}`, say("lane", track), `${expression(label)} ${percent(confidence)}`);
    return element("li", {}, element("button", { type: "button", textContent: text, onclick: () => this.#seek(start) }));
  }

  #name(form) {
    return `${this.file.name.replace(/\.[^.]*$/, "")}-mien.${form}`;
  }

  #json() {
    return { clip: this.file.name, ...this.result, rows: this.frames.flatMap(({ frame, time, faces }) => faces.map((face) => ({ frame, time, ...face }))) };
  }
}
