// Facial expressions in the browser: the models, options and steps of the Python package mien.

import { Device } from "./device.js";
import { DETECTOR, MODELS, OPTIONS } from "./models.js";

export { Smoother, Tracker } from "./tracking.js";

export const models = Object.keys(MODELS);
export const options = { ...OPTIONS };

// Load a model; `ort` is the module onnxruntime-web. Types and defaults: index.d.ts.
export async function load(ort, { model = "base", decision = "argmax", files, ...changes } = {}) {
  const chosen = known("model", model, MODELS);
  for (const name of Object.keys(changes)) known("option", name, OPTIONS);
  const offsets = known("decision", decision, { argmax: chosen.classes.map(() => 0), ...chosen.decisions });
  const bytes = await Promise.all([DETECTOR, chosen.file].map((file) => download(files ? inFolder(file, files) : file)));
  return Device.load(ort, bytes, { ...chosen, name: model, offsets }, { ...OPTIONS, ...changes });
}

function known(kind, name, choices) {
  if (Object.hasOwn(choices, name)) return choices[name];
  throw new TypeError(`There is no ${kind} "${name}": choose ${Object.keys(choices).join(", ")}.`);
}

function inFolder(file, folder) {
  const url = new URL(folder, globalThis.location?.href);
  return new URL(file.pathname.split("/").pop(), url.href.endsWith("/") ? url : `${url}/`);
}

async function download(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} can't be loaded: HTTP ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
