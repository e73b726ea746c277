// Errors shown on the device before going on: only "this needs an answer";
// every other rule is the server's.
import { evaluate } from "./conditions.js";
import { notKnown, valuesOf } from "./model.js";

// missing marks the questions of a screen that need an answer and have none,
// and returns them.
export function missing(screen, { shown, values }) {
  return screen.fields.filter((field) => {
    clear(field);
    if (!shown.has(field) || !field.el.dataset.message || blankMember(field, screen)) return false;
    if (!evaluate(field.required, (name) => values(name, field.member))) return false;
    if (valuesOf(field).length || notKnown(field)) return false;
    mark(field);
    return true;
  });
}

// blankMember tells of a further member of a group that was left empty: the
// server drops it, so nothing in it is missing.
function blankMember({ member }, screen) {
  return (
    member &&
    member.index >= Number(screen.page.el.dataset.min) &&
    screen.fields.every((f) => f.member.index !== member.index || valuesOf(f).length === 0)
  );
}

const group = (field) => field.el.querySelector(".govuk-form-group");
const described = (field) => field.el.querySelector("fieldset") || firstInput(field);
export const firstInput = (field) => field.el.querySelector("input:not([type=hidden]), textarea");

function mark(field) {
  const message = document.createElement("p");
  message.id = `${field.name}-error`;
  message.className = "govuk-error-message";
  message.textContent = field.el.dataset.message;
  group(field).classList.add("govuk-form-group--error");
  group(field).querySelector("[data-error-here]").replaceChildren(message);
  const target = described(field);
  target.setAttribute("aria-describedby", [...describers(target), message.id].join(" "));
}

// clear takes an error away, also one that the server put there.
export function clear(field) {
  const message = document.getElementById(`${field.name}-error`);
  if (!message) return;
  message.remove();
  group(field).classList.remove("govuk-form-group--error");
  for (const input of field.el.querySelectorAll("[class*='--error']")) {
    input.classList.remove("govuk-input--error", "govuk-textarea--error");
  }
  const target = described(field);
  const rest = describers(target).filter((id) => id !== `${field.name}-error`);
  if (rest.length) target.setAttribute("aria-describedby", rest.join(" "));
  else target.removeAttribute("aria-describedby");
}

const describers = (el) => (el.getAttribute("aria-describedby") || "").split(" ").filter(Boolean);
