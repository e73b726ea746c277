// Small helps inside single questions: an option that excludes the others,
// "other, say what", "Not known", help at the right moment, characters left.
import { valuesOf } from "./model.js";

// enhance gives the field its update, which shows what belongs to its answer.
export function enhance(field, words) {
  const { el } = field;
  const count = countCharacters(el, words);
  field.update = () => {
    const chosen = valuesOf(field);
    for (const help of el.querySelectorAll("[data-help]")) {
      help.hidden = !JSON.parse(help.dataset.help).some((code) => chosen.includes(code));
    }
    for (const other of el.querySelectorAll("[data-other]")) {
      other.hidden = !chosen.includes(other.dataset.other);
    }
    count();
  };
  el.addEventListener("change", (event) => {
    exclude(el, event.target);
    field.update();
  });
  notKnown(el);
  field.update();
}

function exclude(el, box) {
  if (box.type !== "checkbox" || !box.checked || !box.closest("[data-options]")) return;
  for (const other of el.querySelectorAll("[data-options] input[type=checkbox]")) {
    if (other !== box && ("excludes" in box.dataset || "excludes" in other.dataset)) other.checked = false;
  }
}

// Ticking "Not known" sets the text aside; unticking gives it back; typing
// unticks.
function notKnown(el) {
  const box = el.querySelector("[data-not-known]");
  if (!box) return;
  const inputs = [...el.querySelectorAll("input[type=text], input[type=tel], input[type=email], textarea")];
  let aside = [];
  box.addEventListener("change", () => {
    if (box.checked) aside = inputs.map((i) => i.value);
    inputs.forEach((input, n) => {
      input.value = box.checked ? "" : aside[n] || input.value;
    });
  });
  for (const input of inputs) {
    input.addEventListener("input", () => {
      if (input.value) box.checked = false;
    });
  }
}

function countCharacters(el, words) {
  const area = el.querySelector("textarea[data-max]");
  if (!area) return () => {};
  const message = el.querySelector("[data-count]");
  const spoken = el.querySelector("[data-count-spoken]");
  const atFirst = message.textContent;
  const max = Number(area.dataset.max);
  let pause;
  const show = () => {
    const left = max - [...area.value.trim()].length;
    let text = (left < 0 ? words.over : words.left).replace("{n}", Math.abs(left).toLocaleString());
    if (left === max) text = atFirst;
    message.classList.toggle("govuk-error-message", left < 0);
    area.classList.toggle("govuk-textarea--error", left < 0);
    if (text === message.textContent) return;
    message.textContent = text;
    clearTimeout(pause);
    pause = setTimeout(() => {
      spoken.textContent = text;
    }, 1000);
  };
  area.addEventListener("input", show);
  return show;
}
