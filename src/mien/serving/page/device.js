// Finding and reading faces in the browser itself: the same steps, in the same order, as inference/detector.py, align.py and
// photo.py take on the server, on the same two model files. A photo that is read here is sent nowhere.

import { assess, TEMPLATE } from "./readability.js";
import { overlap } from "./tracking.js";

const LONGEST = 640; // pixels: photos are shrunk to this for the first look
const DETAILS = { low: null, normal: 0.03, high: 0.01 }; // smallest face as a share of the shorter side; null has one look
const [SMALLEST_FACE, SEEN_FACE, MOST_SEEN] = [24, 28, 16e6];
const [UPRIGHT_SCORE, TURN_MARGIN] = [0.92, 0.02];
const STRIDES = [8, 16, 32];
const MAX_OVERLAP = 0.3;
const MAX_SUPERSAMPLING = 8;

export class Device {
  // `ort` is onnxruntime-web, `files` has the bytes of detector and classifier, `model` is an entry of /v1/models, and `settings`
  // is how the server reads.
  static async load(ort, files, model, settings) {
    const device = new Device();
    [device.detector, device.classifier] = await Promise.all(files.map((bytes) => ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })));
    return Object.assign(device, { ort, model, settings });
  }

  // Find and read the faces of a picture (a file or a canvas): {width, height, rotated, faces}, as the server gives them. The
  // pictures of a camera (`still` is false) are looked at once and never turned, as the frames of a clip are.
  async analyze(source, still = true) {
    const { width, height, rgb } = await pixels(source);
    const { found, rotated } = await this.#detect(rgb, width, height, still);
    const chosen = found.slice(0, this.settings.max_faces);
    const faces = chosen.length ? await this.#read(chosen, gray(rgb), width, height, rotated) : [];
    return { width, height, rotated, note: null, faces };
  }

  // The faces, and how far the photo was turned for them: where the best one isn't clearly upright, the other sides are tried.
  async #detect(rgb, width, height, still) {
    const copies = looks(height, width, still ? this.settings.detail : "low").map((longest) => shrink(rgb, width, height, longest));
    let best = { found: await this.#detectTurned(copies, width, height, 0), rotated: 0 };
    if (!still || !this.settings.rotate || best.found[0]?.score >= UPRIGHT_SCORE) return best;
    for (const quarters of [2, 1, 3]) {
      const found = await this.#detectTurned(copies, width, height, quarters);
      const margin = best.rotated ? 0 : TURN_MARGIN;
      if (found.length && (!best.found.length || found[0].score > best.found[0].score + margin)) best = { found, rotated: 90 * quarters };
    }
    return best;
  }

  async #detectTurned(copies, width, height, quarters) {
    const found = [];
    for (const copy of copies) {
      const [scaleX, scaleY] = [width / copy.width, height / copy.height];
      const back = ([x, y]) => {
        const [across, down] = turnedBack(x, y, copy.width, copy.height, quarters);
        return [across * scaleX, down * scaleY];
      };
      for (const { score, corners, landmarks } of await this.#look(turned(copy, quarters))) {
        const [[x, y], [u, v]] = corners.map(back);
        found.push({ score, box: [Math.min(x, u), Math.min(y, v), Math.max(x, u), Math.max(y, v)], landmarks: landmarks.map(back) });
      }
    }
    return suppress(found);
  }

  async #look(small) {
    const [gridWidth, gridHeight] = [small.width, small.height].map((side) => Math.ceil(side / 32) * 32);
    const input = new Float32Array(3 * gridWidth * gridHeight);
    for (let y = 0; y < small.height; y++) {
      for (let x = 0; x < small.width; x++) {
        for (let channel = 0; channel < 3; channel++) {
          // It reads blue, green, red.
          input[((2 - channel) * gridHeight + y) * gridWidth + x] = small.data[(y * small.width + x) * 3 + channel];
        }
      }
    }
    const tensor = new this.ort.Tensor("float32", input, [1, 3, gridHeight, gridWidth]);
    const output = await this.detector.run({ input: tensor });
    const found = [];
    for (const stride of STRIDES) {
      const [cls, obj, bbox, kps] = ["cls", "obj", "bbox", "kps"].map((part) => output[`${part}_${stride}`].data);
      const columns = gridWidth / stride;
      for (let anchor = 0; anchor < cls.length; anchor++) {
        const score = Math.sqrt(clip(cls[anchor], 0, 1) * clip(obj[anchor], 0, 1));
        if (score < this.settings.min_confidence) continue;
        const [column, row] = [anchor % columns, Math.floor(anchor / columns)];
        const [x, y] = [(column + bbox[4 * anchor]) * stride, (row + bbox[4 * anchor + 1]) * stride];
        const [halfWidth, halfHeight] = [2, 3].map((part) => (Math.exp(bbox[4 * anchor + part]) * stride) / 2);
        found.push({
          score,
          corners: [[x - halfWidth, y - halfHeight], [x + halfWidth, y + halfHeight]],
          landmarks: [0, 1, 2, 3, 4].map((point) => [
            (column + kps[10 * anchor + 2 * point]) * stride,
            (row + kps[10 * anchor + 2 * point + 1]) * stride,
          ]),
        });
      }
    }
    return found;
  }

  async #read(found, grays, width, height, rotated) {
    const size = [this.model.height, this.model.width];
    const crops = found.map(({ landmarks }) => crop(grays, width, height, landmarks, size));
    let rows = await this.#classify(crops, size);
    if (this.settings.flip) {
      const mirrored = await this.#classify(crops.map((pixels) => mirror(pixels, size)), size);
      rows = rows.map((row, number) => row.map((value, at) => (value + mirrored[number][at]) / 2));
    }
    if (this.model.offsets.some(Boolean)) rows = rows.map((row) => shifted(row, this.model.offsets));
    const names = this.model.classes.map(({ name }) => name);
    return found.map(({ box, landmarks, score }, number) => {
      const row = rows[number];
      const confidence = Math.max(...row);
      return {
        label: names[row.indexOf(confidence)],
        confidence,
        abstained: confidence < this.settings.abstain,
        probabilities: Object.fromEntries(names.map((name, at) => [name, row[at]])),
        box: box.map(round2),
        landmarks: landmarks.map((point) => point.map(round2)),
        detection_score: Math.round(score * 1e4) / 1e4,
        rotated,
        ...assess(landmarks, crops[number], size),
      };
    });
  }

  async #classify(crops, [height, width]) {
    const batch = new Uint8Array(crops.length * height * width);
    crops.forEach((pixels, number) => batch.set(pixels, number * height * width));
    const input = new this.ort.Tensor("uint8", batch, [crops.length, height, width]);
    const output = await this.classifier.run({ [this.classifier.inputNames[0]]: input });
    const { data } = output[this.classifier.outputNames[0]];
    const num = this.model.classes.length;
    return crops.map((_, number) => [...data.slice(number * num, (number + 1) * num)]);
  }
}

// Probabilities with offsets added to their logarithms, normalised again: a decision that the model holds.
function shifted(row, offsets) {
  const raised = row.map((value, at) => Math.max(value, 1e-12) * Math.exp(offsets[at]));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

// As Python rounds: halves to the even neighbour, so that photos shrink to the same size here and there.
function round(value) {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 ? down + 1 : down;
}

const clip = (value, low, high) => Math.max(low, Math.min(high, value));
const round2 = (value) => Math.round(value * 100) / 100;

// Upright pixels, red, green, blue, with transparency laid on white.
async function pixels(source) {
  const picture = source instanceof Blob ? await createImageBitmap(source, { colorSpaceConversion: "none" }) : source;
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8ClampedArray(width * height * 3);
  for (let at = 0, to = 0; at < data.length; at += 4) {
    rgb[to++] = data[at];
    rgb[to++] = data[at + 1];
    rgb[to++] = data[at + 2];
  }
  return { width, height, rgb };
}

// ITU-R 601-2, in Pillow's fixed-point numbers.
function gray(rgb) {
  const grays = new Uint8Array(rgb.length / 3);
  for (let at = 0; at < grays.length; at++) {
    grays[at] = (rgb[3 * at] * 19595 + rgb[3 * at + 1] * 38470 + rgb[3 * at + 2] * 7471 + 0x8000) >> 16;
  }
  return grays;
}

// The longer sides at which a photo is looked at, as inference/detector.py has them.
function looks(height, width, detail) {
  const share = DETAILS[detail];
  if (share === null) return [LONGEST];
  const wanted = SEEN_FACE / Math.max(SMALLEST_FACE, share * Math.min(height, width));
  const second = round(Math.max(height, width) * Math.min(1, wanted, Math.sqrt(MOST_SEEN / (height * width))));
  return second > LONGEST ? [LONGEST, second] : [LONGEST];
}

// A picture turned clockwise by quarters.
function turned({ data, width, height }, quarters) {
  if (!quarters) return { data, width, height };
  const [toWidth, toHeight] = quarters === 2 ? [width, height] : [height, width];
  const result = new Uint8ClampedArray(data.length);
  for (let y = 0, to = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++) {
      const [column, row] = [[x, y], [y, height - 1 - x], [width - 1 - x, height - 1 - y], [width - 1 - y, x]][quarters];
      const from = (row * width + column) * 3;
      for (let channel = 0; channel < 3; channel++) result[to++] = data[from + channel];
    }
  }
  return { data: result, width: toWidth, height: toHeight };
}

// A point of a picture that was turned clockwise by quarters, in the picture of that size as it was.
function turnedBack(x, y, width, height, quarters) {
  return [[x, y], [y, height - x], [width - x, height - y], [width - y, x]][quarters];
}

// Shrink until the longer side has at most `longest` pixels: whole blocks to their mean while more than twice as much is left to
// do, then a triangle as wide as what each pixel stands for. Pillow's resize(BILINEAR, reducing_gap=2) in the same steps.
function shrink(rgb, width, height, longest) {
  const factor = longest / Math.max(width, height);
  if (factor >= 1) return { data: rgb, width, height };
  const [toWidth, toHeight] = [width, height].map((side) => Math.max(1, round(side * factor)));
  const blockX = Math.floor(width / toWidth / 2) || 1;
  const blockY = Math.floor(height / toHeight / 2) || 1;
  let data = rgb;
  let [fromWidth, fromHeight] = [width, height];
  if (blockX > 1 || blockY > 1) [data, fromWidth, fromHeight] = blocks(rgb, width, height, blockX, blockY);
  const rows = resample(data, fromHeight, fromWidth, 3, triangle(fromWidth, width / blockX, toWidth), toWidth);
  return { data: resampleRows(rows, toWidth, triangle(fromHeight, height / blockY, toHeight), toHeight), width: toWidth, height: toHeight };
}

function blocks(rgb, width, height, blockX, blockY) {
  const [toWidth, toHeight] = [Math.ceil(width / blockX), Math.ceil(height / blockY)];
  const result = new Uint8ClampedArray(toWidth * toHeight * 3);
  for (let y = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++) {
      const [right, bottom] = [Math.min(width, (x + 1) * blockX), Math.min(height, (y + 1) * blockY)];
      const count = (right - x * blockX) * (bottom - y * blockY);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = y * blockY; row < bottom; row++) {
          for (let column = x * blockX; column < right; column++) sum += rgb[(row * width + column) * 3 + channel];
        }
        result[(y * toWidth + x) * 3 + channel] = Math.floor(sum / count + 0.5);
      }
    }
  }
  return [result, toWidth, toHeight];
}

// For each pixel of a side: where its weights begin, and the weights. `length` pixels there are, `span` of them count.
function triangle(length, span, to) {
  const scale = span / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, at) => {
    const centre = (at + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(length, Math.floor(centre + reach + 0.5));
    const weights = [];
    for (let from = first; from < last; from++) weights.push(Math.max(0, 1 - Math.abs((from - centre + 0.5) / reach)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

// Along each row.
function resample(data, height, width, channels, columns, toWidth) {
  const result = new Uint8ClampedArray(toWidth * height * channels);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0.5;
        for (let at = 0; at < weights.length; at++) sum += weights[at] * data[(y * width + first + at) * channels + channel];
        result[(y * toWidth + x) * channels + channel] = Math.floor(sum);
      }
    });
  }
  return result;
}

// Along each column: whole rows are summed.
function resampleRows(data, width, rows, toHeight) {
  const stride = width * 3;
  const result = new Uint8ClampedArray(stride * toHeight);
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < stride; x++) {
      let sum = 0.5;
      for (let at = 0; at < weights.length; at++) sum += weights[at] * data[(first + at) * stride + x];
      result[y * stride + x] = Math.floor(sum);
    }
  });
  return result;
}

// Non-maximum suppression: the surest face of those that share most of their boxes.
function suppress(found) {
  const kept = [];
  for (const face of found.sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(face.box, other.box) <= MAX_OVERLAP)) kept.push(face);
  }
  return kept;
}

// Cut a face out: turned, scaled and shifted so that its landmarks come closest to TEMPLATE.
function crop(grays, width, height, landmarks, [toHeight, toWidth]) {
  const template = TEMPLATE.map(([x, y]) => [(x * toWidth) / 48, (y * toHeight) / 48]);
  const { along, across, shift } = similarity(template, landmarks);
  const fine = clip(Math.ceil(Math.hypot(along, across) - 0.25), 1, MAX_SUPERSAMPLING);
  const result = new Uint8Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++) {
      let sum = 0;
      for (let row = 0; row < fine; row++) {
        for (let column = 0; column < fine; column++) {
          const [u, v] = [x + (column + 0.5) / fine, y + (row + 0.5) / fine];
          sum += bilinear(grays, width, height, along * u - across * v + shift[0] - 0.5, across * u + along * v + shift[1] - 0.5);
        }
      }
      result[y * toWidth + x] = Math.floor(sum / fine ** 2 + 0.5);
    }
  }
  return result;
}

// The turn, scale and shift that bring points closest to others, in least squares (Umeyama 1991).
function similarity(source, target) {
  const mean = (points) => [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const [a, b] = [mean(source), mean(target)];
  let [spread, along, across] = [0, 0, 0];
  source.forEach((point, number) => {
    const [x, y] = [point[0] - a[0], point[1] - a[1]];
    const [u, v] = [target[number][0] - b[0], target[number][1] - b[1]];
    spread += x * x + y * y;
    along += x * u + y * v;
    across += x * v - y * u;
  });
  along /= Math.max(spread, 1e-9);
  across /= Math.max(spread, 1e-9);
  return { along, across, shift: [b[0] - (along * a[0] - across * a[1]), b[1] - (across * a[0] + along * a[1])] };
}

function bilinear(grays, width, height, x, y) {
  x = clip(x, 0, width - 1);
  y = clip(y, 0, height - 1);
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [u, v] = [x - left, y - top];
  const upper = grays[top * width + left] * (1 - u) + grays[top * width + right] * u;
  const lower = grays[bottom * width + left] * (1 - u) + grays[bottom * width + right] * u;
  return upper * (1 - v) + lower * v;
}

function mirror(pixels, [height, width]) {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result[y * width + x] = pixels[y * width + width - 1 - x];
  }
  return result;
}
