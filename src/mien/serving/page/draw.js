// Faces drawn on a canvas, and where labels have room.

import { caption, colourOf, isUncertain } from "./faces.js";

const RIM = "#ffffff99"; // beside the lines, so that dark ones are seen on dark hair

// Black or white, whichever stands out more (relative luminance as in WCAG 2).
export function ink(colour) {
  const linear = [1, 3, 5]
    .map((start) => parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000000" : "#ffffff";
}

const overlaps = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

// A place for a label at its box: above, below, or up to `steps` labels further, until it covers no other label; or none.
export function place(box, width, height, area, taken, steps = 12) {
  const x = Math.max(0, Math.min(box.left, area.width - width));
  const tops = [box.top - height, box.bottom];
  for (let step = 1; step < steps; step++) tops.push(box.top - height * (1 + step), box.bottom + height * step);
  return tops
    .map((y) => ({ x, y: Math.max(0, Math.min(y, area.height - height)), width, height }))
    .find((candidate) => !taken.some((other) => overlaps(candidate, other)));
}

// Draw the faces' boxes and labels. `factor` takes the photo's pixels to the canvas's; `mirror` turns left and right; `size` is that
// of the text, in pixels of the canvas; `nameOf` gives a face's number.
export function drawFaces(context, faces, { factor = 1, mirror = false, size, nameOf = (_, at) => at + 1 } = {}) {
  const { canvas } = context;
  size ??= Math.max(12, Math.round(Math.sqrt(canvas.width * canvas.height) / 40));
  const boxes = faces.map(({ box }) => {
    let [left, top, right, bottom] = box.map((value) => value * factor);
    if (mirror) [left, right] = [canvas.width - right, canvas.width - left];
    return { left, top, right, bottom };
  });
  const taken = [];
  context.font = `600 ${size}px system-ui, "Noto Sans TC", "Noto Sans CJK TC", sans-serif`;
  context.textBaseline = "middle";
  boxes.forEach((box, number) => {
    const line = Math.max(2, size / 6);
    context.setLineDash(isUncertain(faces[number]) ? [size / 1.5, size / 2.5] : []);
    for (const [style, width] of [[RIM, line * 1.5], [colourOf(faces[number]), line]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    }
  });
  context.setLineDash([]);
  boxes.forEach((box, number) => {
    const face = faces[number];
    const text = `${nameOf(face, number)}  ${caption(face)}`;
    const width = context.measureText(text).width + size;
    const spot = place(box, width, size * 1.6, canvas, taken) ?? { x: box.left, y: box.top, width, height: size * 1.6 };
    taken.push(spot);
    context.fillStyle = colourOf(face);
    context.fillRect(spot.x, spot.y, spot.width, spot.height);
    context.fillStyle = ink(colourOf(face));
    context.fillText(text, spot.x + size / 2, spot.y + spot.height / 2 + size * 0.05);
  });
}
