/** Facial expressions in the browser: the models, options and steps of the Python package mien. */

import type * as Ort from "onnxruntime-web";

/** A pixel position in the picture: x to the right, y down. */
export type Point = [x: number, y: number];

/** Left, top, right and bottom in pixels of the picture. */
export type Box = [left: number, top: number, right: number, bottom: number];

export interface Options {
  /** Minimum face-detection score, 0 to 1. */
  min_confidence: number;
  /** Faces whose most probable expression is less probable than this are marked as abstained. */
  abstain: number;
  /** Average each face with its mirror image: slightly more accurate, twice the time. */
  flip: boolean;
  /** If a photo's best face isn't clearly upright, also try the photo rotated by 90, 180 and 270 degrees. */
  rotate: boolean;
  /** Search for small faces. */
  detail: "low" | "normal" | "high";
  /** Maximum number of faces per photo, the most confident first. */
  max_faces: number;
}

export interface LoadOptions extends Partial<Options> {
  /** A name from `models`; "base" by default. */
  model?: string;
  /** "argmax", which is the default, or "balanced": rare expressions are predicted more often. */
  decision?: string;
  /** URL of a folder with the files of `models/`; by default they are loaded from beside this module. */
  files?: string | URL;
}

export interface Face {
  /** The most probable expression. */
  label: string;
  /** Its probability. */
  confidence: number;
  /** Whether `confidence` is below the option `abstain`. */
  abstained: boolean;
  /** The probability of each expression. */
  probabilities: Record<string, number>;
  box: Box;
  /** Right eye, left eye, nose, right and left corner of the mouth, of the person. */
  landmarks: [Point, Point, Point, Point, Point];
  /** 0 to 1. */
  detection_score: number;
  /** Degrees by which the photo was turned clockwise for this face. */
  rotated: 0 | 90 | 180 | 270;
  /** Side of the square that the model sees, in pixels of the picture. */
  size: number;
  /** Standard deviation of the Laplacian by that of the grays; lower is more blurred. */
  sharpness: number;
  /** Mean gray, 0 to 255. */
  exposure: number;
  /** Direction of the head in degrees, coarse: to the right of the picture, downwards, and clockwise. */
  yaw: number;
  pitch: number;
  roll: number;
  /** Why the prediction should not be used; empty if it can. */
  unreadable: "" | "too_small" | "too_blurred" | "turned_away";
}

export interface Analysis {
  /** Pixels, after the photo's EXIF orientation. */
  width: number;
  height: number;
  /** The most confident face first. */
  faces: Face[];
}

export interface Mien {
  /**
   * Find the faces of a picture and their expressions.
   *
   * @param source a photo as a file, or a drawable picture such as a canvas or an ImageBitmap.
   * @param still false for frames of a camera: the picture is looked at once and never rotated.
   */
  analyze(source: Blob | ImageBitmap | HTMLCanvasElement | OffscreenCanvas, still?: boolean): Promise<Analysis>;
}

/** The names of the models. */
export const models: string[];

/** The default options, which are those of the Python package. */
export const options: Readonly<Options>;

/**
 * Load the face detector and a model.
 *
 * @param ort the module onnxruntime-web; set `ort.env.wasm.wasmPaths` before if its files lie elsewhere.
 * @throws TypeError there is no such model, decision or option.
 * @throws Error a file can't be loaded.
 */
export function load(ort: typeof Ort, options?: LoadOptions): Promise<Mien>;

/** Gives the faces of successive frames the numbers of their tracks. */
export class Tracker {
  /** The track number of each box; `time` is in seconds and doesn't decrease. */
  update(boxes: Box[], time: number): number[];
}

/** The exponential moving average of each track's probabilities, independent of the frame rate. */
export class Smoother {
  /** @param seconds time constant; 0 doesn't smooth. */
  constructor(seconds?: number);
  smooth(track: number, row: Record<string, number>, time: number): Record<string, number>;
}
