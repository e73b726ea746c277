// Points out kindly what the look at somebody's own words has found.
import { make } from "./check.js";
import { look } from "./look.js";

const typed = (field) => field.el.querySelector("textarea, input[type=text]");

// looked holds, by question, the words that were pointed out already: whoever
// goes on a second time has decided.
const looked = new Map();

// lookAgain shows what it finds on the screen, once for the same words, and
// tells whether there is something to look at.
export function lookAgain(screen, words) {
  for (const field of screen.fields) {
    const input = typed(field);
    const before = field.el.querySelector("[data-look]");
    if (before) before.remove();
    const found = input && !field.el.hidden ? look(input.value) : [];
    if (!found.length || looked.get(field.name) === input.value) continue;
    looked.set(field.name, input.value);
    const notice = noticeOf(found, words);
    field.el.querySelector(".govuk-form-group").append(notice);
    notice.focus();
    return true;
  }
  return false;
}

// lookAtAll puts what is still there onto the page of answers to check.
export function lookAtAll(el, fields, words) {
  const found = fields.flatMap((field) => (typed(field) ? look(typed(field).value) : []));
  el.textContent = "";
  if (found.length) el.append(noticeOf(found, words));
}

function noticeOf(found, words) {
  const list = make("ul", "govuk-list govuk-list--bullet");
  for (const { kind, text } of found) list.append(make("li", "", `${words[`look_${kind}`]}: “${text}”`));
  const notice = make("div", "govuk-inset-text look");
  notice.dataset.look = "";
  notice.tabIndex = -1;
  notice.append(
    make("p", "govuk-body look__title", words.look_again),
    make("p", "govuk-body", words.look_found),
    list,
    ...["look_names", "look_choice", "look_private"].map((key) => make("p", "govuk-body", words[key])),
  );
  return notice;
}
