// The page: what people touch, and what follows.

import * as api from "./api.js";
import { setColours } from "./draw.js";
import { Live } from "./live.js";
import { Photo } from "./photo.js";
import { copyFrom } from "./copy.js";
import { expression, keep, preferred, say, speak } from "./words.js";

const AT_ONCE = 2; // photos that are sent side by side

const byId = (id) => document.getElementById(id);
const gallery = [];
let limits = { bytes: Infinity };
let server = null; // what /v1/models says
let classes = [];
let device = Promise.resolve(null); // the models in the browser while the switch is on: what is read waits for them
let choices = 0;
let message = null; // a function that says what all must see
let waiting = [];
let sending = 0;

const announce = (text) => (byId("announcer").textContent = text);

// Say something that all must see; `words` says it in the language of the moment, null takes it away.
function complain(words) {
  message = words;
  byId("message").hidden = !words;
  byId("message").textContent = words?.() ?? "";
}

const live = new Live({
  onSay: announce,
  analyze: async (canvas) => {
    const models = await device;
    if (models) return models.analyze(canvas, false);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return api.analyze(blob, byId("model").value);
  },
});

// Photos

function add(files) {
  const photos = files.map((file) => new Photo(file, file.name || say("pasted"), { onRemove: remove, onSay: announce }));
  gallery.unshift(...photos);
  waiting.push(...photos);
  byId("gallery").prepend(...photos.map((photo) => photo.card));
  showBar();
  send();
}

function send() {
  while (server && sending < AT_ONCE && waiting.length) {
    const photo = waiting.shift();
    sending++;
    photo.read(readOne).finally(() => {
      sending--;
      showBar();
      send();
    });
  }
}

async function readOne(file) {
  const models = await device;
  if (models) return models.analyze(file);
  if (file.size > limits.bytes) throw new api.Failure(() => say("too_large", megabytes()));
  try {
    return await api.analyze(file, byId("model").value);
  } catch (error) {
    if (error.status === 401) askForKey();
    throw error;
  }
}

const megabytes = () => Math.round((limits.bytes / 2 ** 20) * 10) / 10;

function remove(photo) {
  const at = gallery.indexOf(photo);
  gallery.splice(at, 1);
  waiting = waiting.filter((other) => other !== photo);
  photo.card.remove();
  showBar();
  (gallery[Math.min(at, gallery.length - 1)]?.removeButton ?? byId("choose")).focus();
}

function showBar() {
  byId("gallery-bar").hidden = gallery.length < 2;
  const found = gallery.reduce((sum, photo) => sum + (photo.result?.faces.length ?? 0), 0);
  byId("summary").textContent = say("summary", gallery.length, found);
}

function takePhotos() {
  const drop = byId("drop");
  byId("choose").onclick = () => byId("files").click();
  byId("shoot").onclick = () => byId("camera").click();
  for (const input of [byId("files"), byId("camera")]) {
    input.onchange = () => {
      add([...input.files]);
      input.value = ""; // so that the same file can be chosen again
    };
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    byId("photos-tab").click();
    add([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    byId("photos-tab").click();
    add([...event.clipboardData.files]);
  });
  byId("clear").onclick = () => {
    waiting = [];
    gallery.splice(0).forEach((photo) => photo.card.remove());
    showBar();
    byId("choose").focus();
  };
  byId("copy-all").onclick = () => {
    const photos = gallery.map((photo) => photo.json());
    copyFrom(byId("copy-all"), JSON.stringify({ photos }, null, 2), announce);
  };
}

// Tabs, as in the WAI-ARIA Authoring Practices: arrows move, one tab stop for both.

function takeTabs() {
  const tabs = [byId("photos-tab"), byId("live-tab")];
  const open = (tab) => {
    for (const other of tabs) {
      const isOpen = other === tab;
      other.setAttribute("aria-selected", String(isOpen));
      other.tabIndex = isOpen ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = !isOpen;
    }
    if (tab !== byId("live-tab")) live.stop();
    else live.show();
  };
  tabs.forEach((tab, number) => {
    tab.onclick = () => open(tab);
    tab.onkeydown = (event) => {
      if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
      const next = tabs[1 - number];
      next.focus();
      open(next);
    };
  });
}

// Language, model, key

function talk(language) {
  speak(language);
  byId("limits").textContent = Number.isFinite(limits.bytes) ? say("limits", megabytes()) : "";
  byId("legend").replaceChildren(
    ...classes.map(({ name, colour }) => {
      const item = document.createElement("li");
      item.textContent = expression(name);
      item.style.setProperty("--colour", colour);
      return item;
    }),
  );
  complain(message);
  gallery.forEach((photo) => photo.show());
  showBar();
  live.show();
}

// The model that is chosen, and where it runs, from here on. The last choice counts, whichever is ready first.
async function choose() {
  const choice = ++choices;
  const model = server.models.find(({ name }) => name === byId("model").value);
  classes = model.classes;
  live.classes = classes;
  byId("device-choice").hidden = !model.on_device;
  if (!model.on_device) byId("device").checked = false;
  const isOn = byId("device").checked;
  const label = byId("device-choice").classList;
  label.toggle("loading", isOn);
  byId("privacy").dataset.word = isOn ? "privacy_device" : "privacy_server";
  talk(document.documentElement.lang);
  device = isOn ? load(model) : Promise.resolve(null);
  try {
    await device;
    if (choice === choices && isOn) announce(say("privacy_device"));
  } catch {
    if (choice !== choices) return;
    byId("device").checked = false;
    await choose();
    complain(() => say("device_failed"));
  }
  if (choice === choices) label.remove("loading");
}

async function load(model) {
  announce(say("device_loading"));
  try {
    const { Device } = await import("./device.js");
    return await Device.load(model, { ...server.options, max_faces: limits.faces }, api.download);
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
  try {
    server = await api.models();
  } catch (error) {
    if (error.status === 401) {
      if (api.hasKey()) complain(() => say("key_wrong"));
      askForKey();
    } else complain(error.words);
    return;
  }
  complain(null);
  limits = server.limits;
  server.models.forEach((model) => setColours(model.classes));
  byId("model").replaceChildren(...server.models.map(({ name }) => new Option(name, name)));
  byId("model-choice").hidden = server.models.length < 2;
  byId("model").onchange = byId("device").onchange = () => {
    complain(null);
    choose();
  };
  byId("key-form").hidden = true;
  choose();
  send();
}

byId("key-form").onsubmit = (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  if (!/^[!-~]+$/.test(key)) return complain(() => say("key_ascii"));
  api.useKey(key);
  return meetServer();
};
takePhotos();
takeTabs();
takeLanguage();
talk(preferred());
await meetServer();
