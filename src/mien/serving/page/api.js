// The server, as the page sees it.

import { problem, say } from "./words.js";

// Why a photo couldn't be read, in words for people.
export class Failure extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const key = sessionStorage.getItem("key");
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new Failure(say("unreachable"));
  }
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({}));
  throw new Failure(problem(response.status) ?? detail ?? String(response.status), response.status);
}

export const models = async () => (await ask("/v1/models")).json();

export const download = async (path) => new Uint8Array(await (await ask(path)).arrayBuffer());

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
