"use strict";
// What a page can do beside being read: sort tables, follow the reader in the contents, say the values of drawings, and show the faces
// behind a figure.

const $ = (selector, within = document) => [...within.querySelectorAll(selector)];

function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Keyboards reach what scrolls sideways.
function reachable() {
  for (const part of $(".scroll, .derivation p, .derivation li, pre, nav ol")) {
    if (part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  }
}

// Sorting: by the first number of a cell, else by its text; empty cells stay last.
function keyOf(cell) {
  const text = cell.textContent.trim().replace(/−/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
  const number = text.match(/^[<>≥≤]?\s*([+-]?\d+(\.\d+)?)/);
  return number ? Number(number[1]) : text;
}

function compare(a, b) {
  if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, document.documentElement.lang);
  return typeof a === "number" ? -1 : 1;
}

function sortable(table) {
  const body = table.tBodies[0];
  const heads = $("th", table.tHead);
  heads.forEach((head, column) => {
    const button = made("button", { type: "button", className: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const isDown = head.getAttribute("aria-sort") === "descending";
      const first = head.classList.contains("num") ? "descending" : "ascending";
      const order = head.hasAttribute("aria-sort") ? (isDown ? "ascending" : "descending") : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const keyed = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
      keyed.sort(([a], [b]) => (typeof a === typeof b ? sign : 1) * compare(a, b));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

// A click on a timeline goes to that time of the film beside the page; a line shows where the film is.
function films() {
  for (const drawing of $("svg[data-film]")) {
    const film = document.getElementById(drawing.dataset.film);
    if (!film) continue;
    const [left, right, end, top, bottom] = drawing.dataset.axis.split(" ").map(Number);
    const offset = Number(drawing.dataset.offset); // of the first frame, where the timeline starts
    const line = drawing.appendChild(document.createElementNS(drawing.namespaceURI, "path"));
    line.setAttribute("class", "playhead");
    const follow = () => {
      const x = left + ((right - left) * Math.min(Math.max(film.currentTime - offset, 0), end)) / end;
      line.setAttribute("d", `M${x} ${top}V${bottom}`);
    };
    for (const event of ["timeupdate", "seeking"]) film.addEventListener(event, follow);
    film.addEventListener("error", () => { film.hidden = true; drawing.classList.remove("seekable"); line.remove(); });
    drawing.classList.add("seekable");
    drawing.addEventListener("click", ({ clientX }) => {
      if (film.hidden) return;
      const box = drawing.getBoundingClientRect();
      const x = ((clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
      film.currentTime = offset + (Math.min(Math.max(x - left, 0), right - left) / (right - left)) * end;
      film.scrollIntoView({ block: "nearest" });
    });
  }
}

// The contents mark the section that is read.
function following() {
  const links = new Map($("nav a").map((link) => [link.hash.slice(1), link]));
  const mark = ({ type } = {}) => {
    const passed = [...links.keys()].filter((id) => document.getElementById(id)?.getBoundingClientRect().top < innerHeight / 3);
    for (const [id, link] of links) {
      if (id !== passed.at(-1)) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current") || type === "resize") {
        link.setAttribute("aria-current", "true");
        const list = link.closest("ol");
        if (list.scrollWidth > list.clientWidth) list.scrollTo({ left: link.offsetLeft - 16 });
      }
    }
  };
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark);
  mark();
}

// The faces: a query such as "true=2&predicted=4" stands in an element's data-faces and, after "#faces:", in the address.
const AT_ONCE = 200;

function percent(share, places = 0) {
  return `${Number((100 * share).toFixed(places))}%`;
}

function queried(text, readings) {
  const values = new URLSearchParams(text);
  const number = (name) => (values.has(name) ? Number(values.get(name)) : undefined);
  return {
    true: number("true"), predicted: number("predicted"), low: number("low"), high: number("high"),
    by: readings[number("by") ?? 0] ?? readings[0], than: readings[number("than")], side: values.get("side") ?? "", names: values.has("by"),
  };
}

// The faces that a query selects, each with its row, its place on the sheet, and what is predicted.
function selected({ true: label, predicted, low = 0, high = 2, by, than, side }, data) {
  const rows = by.rows ?? data.true.keys();
  const found = [...rows].map((row, index) => ({
    row, true: data.true[row], place: by.start === null ? row : by.start + index,
    predicted: by.predicted[index], confidence: by.confidence?.[index],
    before: than?.predicted[row], sureness: than?.confidence?.[row],
  }));
  const sides = {
    gained: (one) => one.predicted === one.true && one.before !== one.true,
    lost: (one) => one.predicted !== one.true && one.before === one.true,
    changed: (one) => (one.predicted === one.true) !== (one.before === one.true),
  };
  return found.filter((one) => {
    if ((label ?? one.true) !== one.true || (than && sides[side] && !sides[side](one))) return false;
    if (predicted !== undefined && (one.predicted === predicted) === (than !== undefined && one.before === predicted)) return false;
    return (low === 0 && high === 2) || (one.confidence >= low && one.confidence < high);
  });
}

// A query in words.
function named(query, { words, classes }) {
  const { by, than, side } = query;
  const both = { by: by.name, than: than?.name };
  const parts = query.names && !(than && (side || query.predicted !== undefined)) ? [by.name] : [];
  if (than && words[side]) parts.push(filled(words[side], both));
  if (query.true !== undefined) parts.push(filled(words.is, { name: classes[query.true] }));
  if (query.predicted !== undefined) parts.push(filled(than ? words.either : words.as, { ...both, name: classes[query.predicted] }));
  if (query.low !== undefined) parts.push(filled(words.between, { low: percent(query.low, 1), high: percent(Math.min(1, query.high), 1) }));
  return parts.join(words.and) || words.all;
}

// A face with its predictions below it.
function shown(one, data, picture) {
  const { words, classes, width, height, columns } = data;
  const canvas = made("canvas", { width, height });
  canvas.getContext("2d").drawImage(picture, (one.place % columns) * width, Math.floor(one.place / columns) * height, width, height, 0, 0, width, height);
  const line = (predicted, confidence) => `${predicted === one.true ? "" : "✕ "}${classes[predicted]}${confidence === undefined ? "" : ` ${percent(confidence)}`}`;
  const lines = [[one.predicted, one.confidence]];
  if (one.before !== undefined) lines.unshift([one.before, one.sureness]);
  const told = filled(words.face, { true: classes[one.true], predicted: lines.map((pair) => line(...pair)).join(words.and) });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", told);
  canvas.title = `${data.names[one.row]}: ${told}`;
  const spans = lines.map((pair) => made("span", { className: pair[0] === one.true ? "" : "wrong" }, line(...pair)));
  return made("li", { className: one.predicted === one.true ? "" : "wrong" }, canvas, ...spans);
}

function choice(id, label, options) {
  const select = made("select", { id }, ...options.map(([value, text]) => made("option", { value }, text)));
  return [made("label", { htmlFor: id }, label), select];
}

function faces(data) {
  const { words, readings } = data;
  const picture = document.getElementById("all-faces");
  const dialog = made("dialog", { id: "shown-faces" });
  dialog.setAttribute("aria-labelledby", "shown-title");
  const title = made("h2", { id: "shown-title" });
  const count = made("p", { className: "minor" });
  const order = choice("shown-order", words.order, ["unsure", "confident", "given"].map((key) => [key, words[key]]));
  const side = choice("shown-side", words.side, [["", words.every], ["gained", ""], ["lost", ""], ["changed", ""]]);
  const wrong = made("input", { type: "checkbox", id: "shown-wrong" });
  const wrongLabel = made("label", { htmlFor: "shown-wrong" }, wrong, words.wrong);
  const list = made("ul", { className: "shown" });
  const more = made("button", { type: "button" }, words.more);
  const close = made("button", { type: "button", className: "close" }, words.close);
  dialog.append(made("div", { className: "bar-top" }, title, close), count, made("div", { className: "choices" }, ...side, ...order, wrongLabel), list, more);
  document.body.append(dialog);
  let query, found = [];

  function lengthen() {
    const start = list.children.length;
    list.append(...found.slice(start, start + AT_ONCE).map((one) => shown(one, data, picture)));
    more.hidden = list.children.length >= found.length;
  }
  function draw() {
    const { by, than } = query;
    query.side = than ? side[1].value : "";
    found = selected(query, data).filter((one) => !wrong.checked || one.predicted !== one.true);
    const sign = by.confidence ? { unsure: 1, confident: -1 }[order[1].value] ?? 0 : 0;
    found.sort((a, b) => (sign ? sign * (a.confidence - b.confidence) : 0) || a.row - b.row);
    title.textContent = named(query, data);
    const held = (by.rows ?? data.true).length, total = by.rows ? by.total : data.total;
    const text = by.rows ? words.sampled : held < total ? words.some : words.count;
    const parts = [filled(text, { n: found.length, held, total })];
    if (than) parts.push(filled(words.lines, { by: by.name, than: than.name }));
    count.replaceChildren(...parts.flatMap((part) => [part, made("br")]).slice(0, -1));
    list.replaceChildren();
    lengthen();
  }
  async function show(text) {
    query = queried(text, readings);
    const { by, than } = query;
    for (const part of order) part.hidden = !by.confidence;
    for (const part of side) part.hidden = !than;
    for (const option of side[1].options) if (option.value) option.textContent = filled(words[option.value], { by: by.name, than: than?.name });
    side[1].value = query.side;
    await picture.decode().catch(() => {});
    draw();
    if (!dialog.open) dialog.showModal();
  }
  for (const part of [order[1], side[1], wrong]) part.addEventListener("change", draw);
  more.addEventListener("click", lengthen);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  const open = (text) => {
    history.replaceState(null, "", `#faces:${text}`);
    show(text);
  };
  for (const part of $("[data-faces]")) {
    const isDrawn = part instanceof SVGElement;
    const button = isDrawn ? part : made("button", { type: "button", className: "faces-of" }, ...part.childNodes);
    if (!isDrawn) {
      part.append(button);
      if (part.title) button.setAttribute("aria-label", part.title);
    } else {
      part.setAttribute("role", "button");
      part.setAttribute("tabindex", "0");
      part.setAttribute("aria-label", part.querySelector("title")?.textContent ?? "");
      part.closest("svg").setAttribute("role", "group");
      part.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(part.dataset.faces); } });
    }
    button.addEventListener("click", () => open(part.dataset.faces));
  }
  const asked = () => { if (location.hash.startsWith("#faces:")) show(decodeURIComponent(location.hash.slice(7))); };
  addEventListener("hashchange", asked);
  asked();
}

// What a place of a drawing says, at the pointer or, with the arrow keys, in the drawing that has the focus.
const NEAREST = 36;

function nearest(parts, x, y) {
  let best, least = NEAREST;
  for (const part of parts) {
    const { left, right, top, bottom } = part.getBoundingClientRect();
    const beside = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
    const distance = beside + Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y) / 1000; // of several below it, the middle one
    if (distance < least) [best, least] = [part, distance];
  }
  return best;
}

function telling() {
  const tip = made("div", { id: "tip", hidden: true });
  tip.setAttribute("role", "status");
  document.body.append(tip);
  let marked;
  function tell(part) {
    if (part === marked) return;
    marked?.classList.remove("here");
    marked = part;
    tip.hidden = !part;
    part?.classList.add("here");
    tip.textContent = part?.dataset.says ?? "";
    place();
  }
  function place() {
    if (!marked) return;
    const box = marked.getBoundingClientRect(), { width, height } = tip.getBoundingClientRect();
    const above = box.top - height - 6;
    const middle = box.left + box.width / 2, most = document.documentElement.clientWidth - width - 8;
    tip.style.left = `${Math.max(8, Math.min(middle - width / 2, most))}px`;
    tip.style.top = `${above > 8 ? above : box.bottom + 6}px`;
  }
  for (const drawing of new Set($("svg title").map((title) => title.closest("svg")))) {
    const parts = $("title", drawing).map((title) => {
      const part = title.parentElement;
      part.dataset.says = title.textContent;
      title.remove(); // the browser would show it too
      return part;
    });
    const follow = ({ clientX, clientY }) => tell(nearest(parts, clientX, clientY));
    drawing.addEventListener("pointermove", follow);
    drawing.addEventListener("pointerdown", follow);
    drawing.addEventListener("pointerleave", () => tell());
    drawing.addEventListener("focusout", () => tell());
    if (drawing.getAttribute("role") === "group") {
      drawing.addEventListener("focusin", ({ target }) => tell(target.closest("[data-says]") ?? undefined));
      continue;
    }
    drawing.tabIndex = 0;
    drawing.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const place = parts.indexOf(marked);
      tell(parts[place < 0 ? (step > 0 ? 0 : parts.length - 1) : Math.max(0, Math.min(parts.length - 1, place + step))]);
    });
  }
  addEventListener("keydown", ({ key }) => { if (key === "Escape") tell(); });
  addEventListener("scroll", place, { passive: true, capture: true });
  addEventListener("resize", place);
}

for (const table of $("table")) {
  if (table.tHead && table.tBodies[0]?.rows.length > 2 && !table.matches(".heat, .layers, .pairs, .techniques")) sortable(table);
}
for (const heading of $("main [id]").filter((part) => part.matches("section, h3"))) {
  const place = heading.matches("section") ? heading.querySelector("h2") : heading;
  if (place) place.append(made("a", { className: "permalink", href: `#${heading.id}`, ariaLabel: document.body.dataset.permalink }, "#"));
}
films();
const stored = document.getElementById("faces-data");
if (stored) {
  document.documentElement.classList.add("live");
  faces(JSON.parse(stored.textContent));
}
telling();
reachable();
addEventListener("resize", reachable);
following();
// Print all of it.
addEventListener("beforeprint", () => $("details:not([open])").forEach((part) => { part.open = true; part.dataset.closed = ""; }));
addEventListener("afterprint", () => $("details[data-closed]").forEach((part) => { part.open = false; delete part.dataset.closed; }));
