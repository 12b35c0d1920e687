// Faces tracked from frame to frame, with their probabilities smoothed: the same formulas and limits as in videos/tracking.py and
// videos/analysis.py, so that the camera shows what `mien video` would. A test compares the two.

const MAX_GAP = 1.0; // seconds for which a track without boxes is kept
const MIN_OVERLAP = 0.15;
const MAX_DISTANCE = 0.8; // of centres, in box sides; it doubles over MAX_GAP
const MAX_GROWTH = 1.8;
const AHEAD = 0.2; // seconds: extrapolation gets worse with time
const SMOOTHING = 0.3; // seconds

// Give each box of a frame the number of its track. Numbers start at 1 and are not used again.
export class Tracker {
  constructor() {
    this.tracks = [];
    this.last = 0;
  }

  // The track numbers of a frame's boxes; `time` in seconds doesn't decrease.
  update(boxes, time) {
    this.tracks = this.tracks.filter((track) => time - track.time <= MAX_GAP);
    const numbers = boxes.map(() => 0);
    const free = new Set(this.tracks);
    for (const { track, row } of this.#pairs(boxes, time).sort((a, b) => a.cost - b.cost)) {
      if (numbers[row] || !free.delete(track)) continue;
      numbers[row] = track.number;
      move(track, boxes[row], time);
    }
    boxes.forEach((box, row) => {
      if (numbers[row]) return;
      numbers[row] = ++this.last;
      this.tracks.push({ number: this.last, box, velocity: [0, 0], time });
    });
    return numbers;
  }

  #pairs(boxes, time) {
    const pairs = [];
    for (const track of this.tracks) {
      const ahead = Math.min(time - track.time, AHEAD);
      const expected = track.box.map((value, at) => value + track.velocity[at % 2] * ahead);
      const side = sideOf(track.box);
      const reach = MAX_DISTANCE * (1 + (time - track.time) / MAX_GAP);
      boxes.forEach((box, row) => {
        const shared = overlap(expected, box);
        const growth = Math.max(sideOf(box) / side, side / sideOf(box));
        const [x, y] = centre(box).map((value, axis) => value - centre(expected)[axis]);
        const distance = Math.hypot(x, y) / side;
        // Overlapping pairs come first, by overlap; then pairs by distance.
        if ((shared >= MIN_OVERLAP || distance <= reach) && growth <= MAX_GROWTH) pairs.push({ cost: 1 - shared + 0.1 * distance, track, row });
      });
    }
    return pairs;
  }
}

// The exponential moving average of a track's probabilities, independent of the frame rate.
export class Smoother {
  constructor(seconds = SMOOTHING) {
    this.seconds = seconds;
    this.rows = new Map();
  }

  // `row` has a probability for each expression; gives the smoothed ones.
  smooth(track, row, time) {
    for (const [number, entry] of this.rows) if (time - entry.time > MAX_GAP) this.rows.delete(number);
    const before = this.rows.get(track);
    if (before && this.seconds > 0) {
      const share = 1 - Math.exp(-(time - before.time) / this.seconds);
      row = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, before.row[name] + share * (value - before.row[name])]));
    }
    this.rows.set(track, { time, row });
    return row;
  }
}

// Intersection over union.
export function overlap(a, b) {
  const shared = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) * Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return shared / Math.max(area(a) + area(b) - shared, 1e-9);
}

const centre = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];
const sideOf = ([left, top, right, bottom]) => Math.sqrt(Math.max(1, right - left) * Math.max(1, bottom - top));

function move(track, box, time) {
  const elapsed = time - track.time;
  if (elapsed > 0) {
    const [from, to] = [centre(track.box), centre(box)];
    track.velocity = track.velocity.map((value, axis) => 0.5 * value + (0.5 * (to[axis] - from[axis])) / elapsed);
  }
  Object.assign(track, { box, time });
}
