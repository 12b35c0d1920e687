// Faces: their order, what is said of them, and in which colour.

import { overlap } from "./tracking.js";
import { expression, percent, say } from "./words.js";

const SAME = 0.9; // overlap of boxes
const CLEARLY = 0.2; // difference of probabilities
const UNSURE = "#3a4048";
const colours = new Map();
let threshold = 0.5;

export function setColours(classes) {
  for (const { name, colour } of classes) colours.set(name, colour);
}

export const colour = (name) => colours.get(name);
export const colourOf = (face) => (face.abstained ? UNSURE : colours.get(face.label));

// Faces whose highest probability is below this are uncertain.
export function setThreshold(value) {
  threshold = value;
}

export const isUncertain = (face) => face.abstained || face.confidence < threshold;

// The expression with its probability; the two most probable ones of an uncertain face.
export function caption(face) {
  if (face.abstained) return say("unsure");
  const best = Object.entries(face.probabilities).sort((a, b) => b[1] - a[1]);
  const said = best.slice(0, isUncertain(face) ? 2 : 1).map(([name, value]) => `${expression(name)} ${percent(value)}`);
  return said.join(say("between"));
}

// Top-left to bottom-right by rows: a row has the faces whose middles are at most half a face lower than those before.
export function inReadingOrder(faces) {
  const middle = ({ box }) => (box[1] + box[3]) / 2;
  const rows = [];
  for (const face of [...faces].sort((a, b) => middle(a) - middle(b))) {
    const row = rows.at(-1);
    const isLower = !row || middle(face) - mean(row.map(middle)) > mean(row.map(({ box }) => box[3] - box[1])) / 2;
    if (isLower) rows.push([face]);
    else row.push(face);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.box[0] - b.box[0]));
}

// The faces of one model, each with what another model says of it as `compared_with`; both have the same boxes, as they share the
// detector, but maybe not in the same order.
export function compared(faces, others, model) {
  return faces.map((face) => {
    const other = others.find(({ box }) => overlap(box, face.box) > SAME);
    if (!other) return face;
    const { label, confidence, abstained, probabilities } = other;
    return { ...face, compared_with: { model, label, confidence, abstained, probabilities } };
  });
}

// Whether two models say different expressions of a face; and of one expression, clearly different probabilities.
export const differs = (face) => Boolean(face.compared_with) && face.compared_with.label !== face.label;
export const differsIn = (face, name) => Math.abs(face.compared_with.probabilities[name] - face.probabilities[name]) >= CLEARLY;

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
