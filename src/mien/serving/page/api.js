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

// Where the server is, behind a proxy too: this file is at page/api.js below it.
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

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
  const { detail } = await response.json().catch(() => ({}));
  throw new Failure(() => problem(response.status) ?? detail ?? String(response.status), response.status);
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
