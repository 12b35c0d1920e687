// The page: what people touch, and what follows.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { compared, setColours, setThreshold } from "./faces.js";
import { Gallery } from "./gallery.js";
import { Live } from "./live.js";
import { Video } from "./video.js";
import { keep, percent, preferred, say, speak } from "./words.js";

let limits = { bytes: Infinity };
let server = null; // what /v1/models says
let device = Promise.resolve(null); // the models in the browser by name while the switch is on: what is read waits for them
let choices = 0;
let message = null; // a function that says what all must see

const announce = (text) => (byId("announcer").textContent = text);
const megabytes = (bytes) => Math.round((bytes / 2 ** 20) * 10) / 10;

// Say something that all must see; `words` says it in the language of the moment, null takes it away.
function complain(words) {
  message = words;
  byId("message").hidden = !words;
  byId("message-text").textContent = words?.() ?? "";
}

const live = new Live({
  onSay: announce,
  analyze: async (canvas) => {
    const models = await device;
    if (models) return models.get(byId("model").value).analyze(canvas, false);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return api.analyze(blob, byId("model").value);
  },
});

const gallery = new Gallery({ read: readOne, onSay: announce, onFail: (words) => (words || server) && complain(words) });

const video = new Video({ modelOf: () => byId("model").value, onSay: announce });

// One photo, by the chosen model, and by the one that it is compared with.
async function readOne(file) {
  const [models, name, other] = [await device, byId("model").value, byId("other").value];
  const result = await readBy(name, file, models);
  if (!other) return result;
  const second = await readBy(other, file, models);
  return { ...result, model: name, faces: compared(result.faces, second.faces, other) };
}

async function readBy(name, file, models) {
  if (models) return models.get(name).analyze(file);
  if (file.size > limits.bytes) throw new api.Failure(() => say("too_large", megabytes(limits.bytes)));
  try {
    return await api.analyze(file, name);
  } catch (error) {
    if (error.status === 401) askForKey();
    throw error;
  }
}

// Files may be dropped and pasted anywhere.

function takeDrops() {
  const drops = document.querySelectorAll(".drop");
  const mark = (isOver) => drops.forEach((drop) => drop.classList.toggle("over", isOver));
  const take = (files) => {
    const clip = server?.limits.video && [...files].find((file) => file.type.startsWith("video/"));
    if (clip) {
      byId("video-tab").click();
      video.open(clip);
    } else if (files.length) {
      byId("photos-tab").click();
      gallery.add([...files]);
    }
  };
  addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData.files));
}

// Tabs, as in the WAI-ARIA Authoring Practices: arrows move, one tab stop for all.

function takeTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const other of tabs) {
      const isOpen = other === tab;
      other.setAttribute("aria-selected", String(isOpen));
      other.tabIndex = isOpen ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = !isOpen;
    }
    if (tab !== byId("live-tab")) live.stop();
    else live.show();
    if (tab === byId("video-tab")) video.show();
    else byId("player").pause();
  };
  for (const tab of tabs) {
    tab.onclick = () => open(tab);
    tab.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const shown = tabs.filter((other) => !other.hidden);
      const next = shown.at((shown.indexOf(tab) + step) % shown.length);
      next.focus();
      open(next);
    };
  }
}

// Threshold, language, model, key

function takeThreshold() {
  const slider = byId("threshold");
  const show = () => {
    setThreshold(slider.value / 100);
    byId("threshold-value").textContent = percent(slider.value / 100);
    showAll();
  };
  slider.oninput = show;
  show();
}

function talk(language) {
  speak(language);
  byId("limits").textContent = Number.isFinite(limits.bytes) ? say("limits", megabytes(limits.bytes)) : "";
  complain(message);
  showAll();
}

const showAll = () => [gallery, live, video].forEach((part) => part.show());

// The models that can be compared with the chosen one: those of the same classes.
function offerOthers(model) {
  const [select, before] = [byId("other"), byId("other").value];
  const classes = ({ classes }) => classes.map(({ name }) => name).join();
  const fitting = server.models.filter((other) => other !== model && classes(other) === classes(model)).map(({ name }) => name);
  select.replaceChildren(new Option(say("no_other"), ""), ...fitting.map((name) => new Option(name, name)));
  select.value = fitting.includes(before) ? before : "";
  byId("other-choice").hidden = !fitting.length;
  return server.models.filter(({ name }) => name === select.value);
}

// The models that are chosen, and where they run, from here on. The last choice counts, whichever is ready first.
async function choose() {
  const choice = ++choices;
  const model = server.models.find(({ name }) => name === byId("model").value);
  const chosen = [model, ...offerOthers(model)];
  const isPossible = chosen.every(({ on_device }) => on_device);
  byId("device-choice").hidden = !isPossible;
  if (!isPossible) byId("device").checked = false;
  const isOn = byId("device").checked;
  Object.assign(live, { classes: model.classes, abstain: server.options.abstain });
  Object.assign(video, { classes: model.classes, limits: limits.video, isOnDevice: isOn });
  const label = byId("device-choice").classList;
  label.toggle("loading", isOn);
  for (const place of document.querySelectorAll(".privacy.where")) place.dataset.word = isOn ? "privacy_device" : "privacy_server";
  talk(document.documentElement.lang);
  device = isOn ? load(chosen) : Promise.resolve(null);
  try {
    await device;
    if (choice === choices && isOn) announce(say("privacy_device"));
  } catch {
    if (choice !== choices) return;
    byId("device").checked = false;
    await choose();
    complain(() => say("device_failed"));
  }
  if (choice !== choices) return;
  label.remove("loading");
  byId("device-share").textContent = "";
}

async function load(models) {
  announce(say("device_loading"));
  const show = (share) => (byId("device-share").textContent = share < 1 ? percent(share) : "");
  try {
    const [{ Device }, runtime] = await Promise.all([import("./device.js"), import("./runtime.js")]);
    const paths = models.map(({ name }) => `/v1/models/${encodeURIComponent(name)}/file`);
    const [ort, detector, ...files] = await runtime.load(["/v1/detector/file", ...paths], api.download, show);
    const settings = { ...server.options, max_faces: limits.faces };
    const loaded = models.map(async (model, at) => [model.name, await Device.load(ort, [detector, files[at]], model, settings)]);
    return new Map(await Promise.all(loaded));
  } catch {
    throw new api.Failure(() => say("device_failed"), -1);
  }
}

function takeLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.onclick = () => {
      keep("localStorage", "language", button.dataset.language);
      talk(button.dataset.language);
    };
  }
}

function askForKey() {
  byId("key-form").hidden = false;
  byId("key").focus();
}

async function meetServer() {
  byId("again").hidden = true;
  try {
    server = await api.models();
  } catch (error) {
    if (error.status === 401) {
      if (api.hasKey()) complain(() => say("key_wrong"));
      askForKey();
    } else {
      byId("again").hidden = false;
      complain(error.words);
    }
    return;
  }
  complain(null);
  limits = server.limits;
  server.models.forEach((model) => setColours(model.classes));
  byId("model").replaceChildren(...server.models.map(({ name }) => new Option(name, name)));
  byId("model-choice").hidden = server.models.length < 2;
  byId("model").onchange = byId("other").onchange = byId("device").onchange = () => {
    complain(null);
    choose();
  };
  byId("key-form").hidden = true;
  byId("video-tab").hidden = !limits.video;
  choose();
  gallery.start();
}

byId("key-form").onsubmit = (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!/^[!-~]+$/.test(key)) return complain(() => say("key_ascii"));
  api.useKey(key);
  return meetServer();
};
byId("again").onclick = meetServer;
takeDrops();
takeTabs();
takeThreshold();
takeLanguage();
talk(preferred());
await meetServer();
