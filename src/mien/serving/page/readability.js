// How well a face can be read: the same figures and limits as inference/readability.py.

export const TEMPLATE = [[14.5, 18.3], [32.9, 18.2], [23.4, 28.3], [16.1, 36.1], [31.4, 36.1]]; // of a crop of 48x48
const DEPTHS = [0, 0, 7.3, 0.7, 0.7]; // of the five landmarks in front of the eyes, in the same pixels
const MIDDLE = 1 / 6; // share of a crop's sides that is left out at each edge
const LIMITS = { size: 20, sharpness: 0.2, turn: 40 };

// The fields of a face: `landmarks` are five points in pixels of the picture, `crop` is its aligned face of `height` x `width` grays.
export function assess(landmarks, crop, [height, width]) {
  const [yaw, pitch, roll] = headPose(landmarks);
  const { mean, sharpness } = grays(crop, height, width);
  const face = {
    size: rounded(48 * scale(landmarks), 1),
    sharpness: rounded(sharpness, 4),
    exposure: rounded(mean, 1),
    yaw: rounded(yaw, 1),
    pitch: rounded(pitch, 1),
    roll: rounded(roll, 1),
  };
  return { ...face, unreadable: reason(face) };
}

function reason({ size, sharpness, yaw, pitch }) {
  if (size < LIMITS.size) return "too_small";
  if (sharpness < LIMITS.sharpness) return "too_blurred";
  return Math.max(Math.abs(yaw), Math.abs(pitch)) > LIMITS.turn ? "turned_away" : "";
}

// Yaw, pitch and roll in degrees: the rotation next to the affine map from an average face, in depth, to the landmarks.
export function headPose(landmarks) {
  const points = centred(landmarks);
  const [across, down] = [0, 1].map((axis) => FIT.map((row) => dot(row, points.map((point) => point[axis]))));
  // The affine map A is 2x3; the rotation is (A A')^(-1/2) A, with the square root of a 2x2 matrix in closed form.
  const [a, b, d] = [dot(across, across), dot(across, down), dot(down, down)];
  const least = (a + d - Math.hypot(a - d, 2 * b)) / 2;
  if (!(least > 1e-18)) return [0, 0, 0]; // all points on a line
  const root = Math.sqrt(a * d - b * b);
  const factor = 1 / (root * Math.sqrt(a + d + 2 * root));
  const right = across.map((value, axis) => factor * ((d + root) * value - b * down[axis]));
  const below = across.map((value, axis) => factor * ((a + root) * down[axis] - b * value));
  const forward = right[0] * below[1] - right[1] * below[0];
  const angles = [Math.atan2(right[2], forward), Math.asin(Math.max(-1, Math.min(1, below[2]))), Math.atan2(below[0], right[0])];
  return angles.map((angle) => (angle * 180) / Math.PI);
}

// How many pixels of the picture a pixel of the template is: the similarity next to the landmarks.
function scale(landmarks) {
  const [from, to] = [centred(TEMPLATE), centred(landmarks)];
  const spread = from.reduce((sum, point) => sum + dot(point, point), 0);
  const along = from.reduce((sum, point, at) => sum + dot(point, to[at]), 0);
  const across = from.reduce((sum, [x, y], at) => sum + x * to[at][1] - y * to[at][0], 0);
  return Math.hypot(along, across) / Math.max(spread, 1e-9);
}

// In the middle of a crop: the mean gray, and the spread of the Laplacian by that of the grays.
function grays(crop, height, width) {
  const [top, left] = [height, width].map((side) => even(side * MIDDLE));
  const [bottom, right] = [height - top, width - left];
  const at = (y, x) => crop[y * width + x];
  const [values, edges] = [[], []];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      values.push(at(y, x));
      const inside = y > top && y < bottom - 1 && x > left && x < right - 1;
      if (inside) edges.push(at(y, x - 1) + at(y, x + 1) + at(y - 1, x) + at(y + 1, x) - 4 * at(y, x));
    }
  }
  const spread = deviation(values);
  return { mean: average(values), sharpness: spread > 0 ? deviation(edges) / spread : 0 };
}

const dot = (one, other) => one.reduce((sum, value, at) => sum + value * other[at], 0);
const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rounded = (value, digits) => Number(value.toFixed(digits)) + 0; // no -0

// As Python rounds: halves to the even neighbour.
function even(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}

function deviation(values) {
  const mean = average(values);
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
}

function centred(points) {
  const means = points[0].map((_, axis) => average(points.map((point) => point[axis])));
  return points.map((point) => point.map((value, axis) => value - means[axis]));
}

// The least-squares fit to the average face: (M'M)^-1 M', three rows of five, where M has the centred points in depth.
const FIT = fit(centred(TEMPLATE.map((point, at) => [...point, DEPTHS[at]])));

function fit(model) {
  const [x, y, z] = [0, 1, 2].map((axis) => model.map((point) => point[axis]));
  const [xx, xy, xz, yy, yz, zz] = [dot(x, x), dot(x, y), dot(x, z), dot(y, y), dot(y, z), dot(z, z)];
  const inverse = [
    [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy],
    [xz * yz - xy * zz, xx * zz - xz * xz, xy * xz - xx * yz],
    [xy * yz - xz * yy, xy * xz - xx * yz, xx * yy - xy * xy],
  ];
  const determinant = dot([xx, xy, xz], inverse[0]);
  return inverse.map((row) => model.map((point) => dot(row, point) / determinant));
}
