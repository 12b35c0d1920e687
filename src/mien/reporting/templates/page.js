"use strict";
// What a page can do beside being read: sort tables, follow the reader in the contents, and show the faces behind a figure.

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
    const line = drawing.appendChild(document.createElementNS(drawing.namespaceURI, "path"));
    line.setAttribute("class", "playhead");
    const follow = () => {
      const x = left + ((right - left) * Math.min(film.currentTime, end)) / end;
      line.setAttribute("d", `M${x} ${top}V${bottom}`);
    };
    for (const event of ["timeupdate", "seeking"]) film.addEventListener(event, follow);
    film.addEventListener("error", () => { film.hidden = true; drawing.classList.remove("seekable"); line.remove(); });
    drawing.classList.add("seekable");
    drawing.addEventListener("click", ({ clientX }) => {
      if (film.hidden) return;
      const box = drawing.getBoundingClientRect();
      const x = ((clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
      film.currentTime = (Math.min(Math.max(x - left, 0), right - left) / (right - left)) * end;
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

function faces(data) {
  const { words, classes } = data;
  const picture = document.getElementById("all-faces");
  const dialog = made("dialog", { id: "shown-faces" });
  dialog.setAttribute("aria-labelledby", "shown-title");
  const title = made("h2", { id: "shown-title" });
  const count = made("p", { className: "minor" });
  const order = made("select", { id: "shown-order" });
  for (const key of ["unsure", "confident", "given"]) order.append(made("option", { value: key }, words[key]));
  const label = made("label", { htmlFor: "shown-order" }, words.order);
  const wrong = made("input", { type: "checkbox", id: "shown-wrong" });
  const wrongLabel = made("label", { htmlFor: "shown-wrong" }, wrong, words.wrong);
  const list = made("ul", { className: "shown" });
  const more = made("button", { type: "button" }, words.more);
  const close = made("button", { type: "button", className: "close" }, words.close);
  dialog.append(made("div", { className: "bar-top" }, title, close), count, made("div", { className: "choices" }, label, order, wrongLabel), list, more);
  document.body.append(dialog);
  let query = "", found = [];

  const number = (values, name) => (values.has(name) ? Number(values.get(name)) : undefined);
  function selected(text) {
    const values = new URLSearchParams(text);
    const [isTrue, predicted, low, high] = ["true", "predicted", "low", "high"].map((name) => number(values, name));
    return data.true.flatMap((one, row) => {
      const confidence = data.confidence[row];
      const fits = (isTrue ?? one) === one && (predicted ?? data.predicted[row]) === data.predicted[row];
      return fits && confidence >= (low ?? 0) && confidence < (high ?? 2) ? [row] : [];
    });
  }
  function named(text) {
    const values = new URLSearchParams(text);
    const parts = [];
    if (values.has("true")) parts.push(filled(words.is, { name: classes[values.get("true")] }));
    if (values.has("predicted")) parts.push(filled(words.as, { name: classes[values.get("predicted")] }));
    if (values.has("low")) {
      const shown = (name) => `${Math.round(1000 * Math.min(1, values.get(name))) / 10}%`;
      parts.push(filled(words.between, { low: shown("low"), high: shown("high") }));
    }
    return parts.join(words.and) || words.all;
  }
  function one(row) {
    const canvas = made("canvas", { width: data.width, height: data.height });
    const left = (row % data.columns) * data.width, top = Math.floor(row / data.columns) * data.height;
    canvas.getContext("2d").drawImage(picture, left, top, data.width, data.height, 0, 0, data.width, data.height);
    const told = { true: classes[data.true[row]], predicted: classes[data.predicted[row]], confidence: `${Math.round(100 * data.confidence[row])}%` };
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", filled(words.face, told));
    canvas.title = `${data.names[row]}: ${filled(words.face, told)}`;
    const isWrong = data.true[row] !== data.predicted[row];
    return made("li", { className: isWrong ? "wrong" : "" }, canvas, made("span", {}, `${isWrong ? "✕ " : ""}${told.predicted} ${told.confidence}`));
  }
  function lengthen() {
    const start = list.children.length;
    list.append(...found.slice(start, start + AT_ONCE).map(one));
    more.hidden = list.children.length >= found.length;
  }
  function draw() {
    found = selected(query).filter((row) => !wrong.checked || data.true[row] !== data.predicted[row]);
    const sign = { unsure: 1, confident: -1 }[order.value] ?? 0;
    found.sort((a, b) => sign * (data.confidence[a] - data.confidence[b]) || a - b);
    title.textContent = named(query);
    count.textContent = filled(data.true.length < data.total ? words.some : words.count, { n: found.length, held: data.true.length, total: data.total });
    list.replaceChildren();
    lengthen();
  }
  async function show(text) {
    query = text;
    await picture.decode().catch(() => {});
    draw();
    if (!dialog.open) dialog.showModal();
  }
  order.addEventListener("change", draw);
  wrong.addEventListener("change", draw);
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
reachable();
addEventListener("resize", reachable);
following();
// Print all of it.
addEventListener("beforeprint", () => $("details:not([open])").forEach((part) => { part.open = true; part.dataset.closed = ""; }));
addEventListener("afterprint", () => $("details[data-closed]").forEach((part) => { part.open = false; delete part.dataset.closed; }));
