// Errors shown on the device before going on, in the sentences that the server
// would say. What is not judged here the server judges.
import { evaluate } from "./conditions.js";
import { notKnown, valuesOf } from "./model.js";

// check marks what is wrong on a screen and returns the fields that are.
export function check(screen, now) {
  return screen.fields.filter((field) => {
    clear(field);
    const message = now.shown.has(field) && !blankMember(field, screen) && faultOf(field, now.values);
    if (message) mark(field, message);
    return message;
  });
}

// faultOf takes the rules in the server's order. A question has sentences for
// those rules alone that it can break.
function faultOf(field, values) {
  const said = field.messages;
  if (notKnown(field)) return "";
  const chosen = valuesOf(field);
  if (chosen.length === 0) {
    return said.required && evaluate(field.required, (name) => values(name, field.member)) ? said.required : "";
  }
  const over = (n) => n - Number(field.el.dataset.max);
  if (said.excludes && chosen.length > 1 && field.el.querySelector("[data-excludes]:checked")) return said.excludes;
  if (said.too_many && over(chosen.length) > 0) return said.too_many.replace("{over}", over(chosen.length));
  // Counted as the server counts: without the space around, in characters.
  const length = [...chosen[0]].length;
  if (said.too_long && over(length) > 0) return said.too_long.replace("{over}", over(length));
  return "";
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

// mark says beside a field what is wrong with it.
export function mark(field, text) {
  clear(field);
  const message = document.createElement("p");
  message.id = `${field.name}-error`;
  message.className = "govuk-error-message";
  message.textContent = text;
  group(field).classList.add("govuk-form-group--error");
  const here = group(field).querySelector("[data-error-here]");
  here.textContent = "";
  here.append(message);
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
