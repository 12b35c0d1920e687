// The faces of the camera as CSV, with the columns of `mien video -o faces.csv`.

const SIDES = ["left", "top", "right", "bottom"];
const FORMULA = /^[=+\-@\t\r]./; // what a spreadsheet would run

// `readings` has {frame, time, faces} in order; a frame without faces is a row `no_face`.
export function csv(readings, classes) {
  const names = classes.map(({ name }) => name);
  const head = ["frame", "time", "status", "track", ...SIDES, "detection_score", "label", "confidence", "abstained", ...names.map((name) => `p_${name}`)];
  const rows = readings.flatMap(({ frame, time, faces }) => {
    const begin = [frame, time.toFixed(3)];
    if (!faces.length) return [[...begin, "no_face"]];
    return faces.map((face) => [
      ...begin, "face", face.track, ...face.box, face.detection_score, face.label, face.confidence, face.abstained ? "True" : "False",
      ...names.map((name) => face.probabilities[name]),
    ]);
  });
  return [head, ...rows].map((row) => head.map((_, at) => cell(row[at] ?? "")).join(",") + "\n").join("");
}

function cell(value) {
  if (typeof value !== "string") return String(value);
  const text = FORMULA.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
