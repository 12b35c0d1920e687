// Copying, also where browsers have no clipboard for pages, as over http from another machine.

import { say } from "./words.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error();
}

// Copy a text; the button that was pressed says for a moment how it went.
export async function copyFrom(button, text, onSay) {
  const { textContent } = button;
  const label = button.getAttribute("aria-label");
  let word = "copied";
  try {
    await copy(text);
  } catch {
    word = "copy_failed";
  }
  button.textContent = say(word);
  button.removeAttribute("aria-label");
  button.focus();
  onSay(say(word));
  setTimeout(() => {
    button.textContent = textContent;
    if (label) button.setAttribute("aria-label", label);
  }, 2000);
}
