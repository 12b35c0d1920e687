// onnxruntime for browsers, which `make page` puts beside the page.

const FOLDER = new URL("ort/", import.meta.url);

// Load the runtime and files of the server: [runtime, ...bytes]. `download` gets a file's bytes, `onProgress` the share of all
// files that has come.
export async function load(paths, download, onProgress) {
  const wanted = [new URL("ort-wasm-simd-threaded.wasm", FOLDER), ...paths];
  const come = new Map();
  const get = (path) =>
    download(path, (count, total) => {
      come.set(path, { count, total });
      const sum = (part) => [...come.values()].reduce((all, one) => all + one[part], 0);
      if (come.size === wanted.length) onProgress(sum("count") / sum("total"));
    });
  const [ort, wasm, ...files] = await Promise.all([import("./ort/ort.wasm.min.mjs"), ...wanted.map(get)]);
  Object.assign(ort.env.wasm, { wasmPaths: FOLDER.href, wasmBinary: wasm });
  return [ort, ...files];
}
