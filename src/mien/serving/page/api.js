// The server, as the page sees it.

import { keep, kept, problem, say } from "./words.js";

// Why something failed, as a function that says it in the language of the moment.
export class Failure extends Error {
  constructor(words, status = 0) {
    super(words());
    this.words = words;
    this.status = status; // of HTTP; 0 where there was no answer
  }
}

// Where the server is, behind a proxy too: this file is at page/VERSION/api.js below it.
const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

let key = kept("sessionStorage", "key");

export const hasKey = () => Boolean(key);

export function useKey(given) {
  key = given;
  keep("sessionStorage", "key", given);
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(ROOT + path, { ...options, headers });
  } catch {
    throw new Failure(() => say("unreachable"));
  }
  if (response.ok) return response;
  const found = await response.json().catch(() => ({}));
  throw new Failure(() => detail({ status: response.status, ...found }), response.status);
}

// What a problem of the server says, in the language of the moment where there is a sentence for it.
export const detail = (found) => problem(found.status) ?? found.detail ?? String(found.status);

export const models = async () => (await ask("/v1/models")).json();

// The bytes of a file of the server, or of the page (a URL); `onProgress` gets how many have come, and how many there are.
export async function download(path, onProgress) {
  const response = path instanceof URL ? await fetch(path) : await ask(path);
  if (!response.ok) throw new Failure(() => problem(response.status) ?? String(response.status), response.status);
  const total = Number(response.headers.get("X-Decoded-Length")); // 0 where a proxy left it out
  const reader = response.body.getReader();
  const pieces = [];
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    pieces.push(value);
    count += value.length;
    onProgress(count, Math.max(count, total));
  }
}

// One photo in, {width, height, faces} out.
export async function analyze(blob, model) {
  const response = await ask(`/v1/analyze?model=${encodeURIComponent(model)}`, {
    method: "POST",
    body: blob,
    headers: { "Content-Type": blob.type.startsWith("image/") ? blob.type : "application/octet-stream" },
  });
  const { width, height, faces } = (await response.json()).photos[0];
  return { width, height, faces };
}

// A clip in, its id out; `onProgress` gets the share that was sent. Only this old interface tells how much has been sent.
export function sendVideo(file, model, signal, onProgress) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${ROOT}/v1/videos?model=${encodeURIComponent(model)}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", file.type.startsWith("video/") ? file.type : "application/octet-stream");
    if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onerror = () => fail(new Failure(() => say("unreachable")));
    request.onload = () => {
      const { status, response } = request;
      if (status === 202) done(response);
      else fail(new Failure(() => detail({ status, ...response }), status));
    };
    signal.onabort = () => request.abort();
    request.send(file);
  });
}

export const video = async (id) => (await ask(`/v1/videos/${id}`)).json();

export const videoRows = async (id, form) => (await ask(`/v1/videos/${id}/rows.${form}`)).blob();

// Also while the page is left; a clip that is not deleted so is deleted by the server, soon.
export const deleteVideo = (id) => ask(`/v1/videos/${id}`, { method: "DELETE", keepalive: true }).catch(() => {});
