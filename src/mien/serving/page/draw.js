// Boxes, labels and the timeline on a canvas.

import { expression, percent, say } from "./words.js";

const UNSURE = "#3a4048";
const colours = new Map();

export function setColours(classes) {
  for (const { name, colour } of classes) colours.set(name, colour);
}

export const colourOf = (face) => (face.abstained ? UNSURE : colours.get(face.label));
export const colour = (name) => colours.get(name);

// Black or white, whichever stands out more (relative luminance as in WCAG 2).
function ink(colour) {
  const linear = [1, 3, 5]
    .map((start) => parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}

const overlaps = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

// A place for a label at its box: above, below, or further up or down until it covers no other label.
function place(box, width, height, canvas, taken) {
  const x = Math.max(0, Math.min(box.left, canvas.width - width));
  const tops = [box.top - height, box.bottom];
  for (let step = 1; step < 12; step++) tops.push(box.top - height * (1 + step), box.bottom + height * step);
  const places = tops
    .map((y) => ({ x, y: Math.max(0, Math.min(y, canvas.height - height)), width, height }))
    .filter((candidate) => !taken.some((other) => overlaps(candidate, other)));
  return places[0] ?? { x, y: Math.max(0, box.top - height), width, height };
}

// Draw the faces' boxes and labels. `factor` takes the photo's pixels to the canvas's; `mirror` turns left and right.
export function drawFaces(context, faces, { factor = 1, mirror = false, chosen = -1 } = {}) {
  const { canvas } = context;
  const size = Math.max(12, Math.round(Math.sqrt(canvas.width * canvas.height) / 40));
  const boxes = faces.map(({ box }) => {
    let [left, top, right, bottom] = box.map((value) => value * factor);
    if (mirror) [left, right] = [canvas.width - right, canvas.width - left];
    return { left, top, right, bottom };
  });
  const taken = [];
  context.font = `600 ${size}px system-ui, "Noto Sans TC", "Noto Sans CJK TC", sans-serif`;
  context.textBaseline = "middle";
  boxes.forEach((box, number) => {
    context.strokeStyle = colourOf(faces[number]);
    context.lineWidth = (number === chosen ? 2 : 1) * Math.max(2, size / 7);
    context.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  });
  boxes.forEach((box, number) => {
    const face = faces[number];
    const text = face.abstained ? say("unsure") : `${expression(face.label)} ${percent(face.confidence)}`;
    const width = context.measureText(text).width + size;
    const spot = place(box, width, size * 1.6, canvas, taken);
    taken.push(spot);
    context.fillStyle = colourOf(face);
    context.fillRect(spot.x, spot.y, spot.width, spot.height);
    context.fillStyle = ink(colourOf(face));
    context.fillText(text, spot.x + size / 2, spot.y + spot.height / 2 + size * 0.05);
  });
}

// Stacked probabilities over time. `history` has {at, probabilities} in milliseconds, `span` is how long the width is.
export function drawTimeline(canvas, history, classes, span, now) {
  const context = canvas.getContext("2d");
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio) || canvas.width;
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio) || canvas.height;
  const x = (at) => canvas.width * (1 - (now - at) / span);
  history.forEach((entry, number) => {
    const next = history[number + 1]?.at ?? now;
    if (!entry.probabilities) return; // there was no face
    let top = 0;
    for (const { name } of classes) {
      const height = entry.probabilities[name] * canvas.height;
      context.fillStyle = colour(name);
      context.fillRect(x(entry.at), top, x(next) - x(entry.at) + 1, height);
      top += height;
    }
  });
}
