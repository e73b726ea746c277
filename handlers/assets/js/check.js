// The answers to check before sending, told on the device so that it needs no
// connection.
import { notKnown } from "./model.js";

// fillCheck writes what was answered into the check page: {screens, shown} is
// the path, words what the page says by itself, change what a press on
// "Change" does with the question's screen.
export function fillCheck(el, { screens, shown }, words, change) {
  const rows = el.querySelector("[data-rows]");
  rows.textContent = "";
  let list = null;
  let page = null;
  for (const screen of screens) {
    if (screen.page !== page) {
      page = screen.page;
      const title = page.el.querySelector(".form-page__title");
      const section = make("section", "check-page");
      for (const name of ["lang", "dir"]) {
        if (page.el.hasAttribute(name)) section.setAttribute(name, page.el.getAttribute(name));
      }
      list = make("dl", "govuk-summary-list");
      section.append(make("h3", "govuk-heading-m", title.textContent), list);
      rows.append(section);
    }
    for (const field of screen.fields.filter((f) => shown.has(f))) list.append(row(field, words, () => change(screen)));
  }
}

function row(field, words, change) {
  const { name } = field.el.dataset;
  const button = make("button", "link-button", words.change);
  button.type = "button";
  button.append(make("span", "govuk-visually-hidden", ` ${name}`));
  button.addEventListener("click", change);
  const actions = make("dd", "govuk-summary-list__actions");
  actions.append(button);
  const line = make("div", "govuk-summary-list__row");
  line.append(
    make("dt", "govuk-summary-list__key", name),
    make("dd", "govuk-summary-list__value", answerInWords(field).join("\n") || words.no_answer),
    actions,
  );
  return line;
}

// answerInWords tells a closed question's answers by their labels, others as
// they were written.
function answerInWords(field) {
  const said = [];
  for (const input of field.el.querySelectorAll("input[name], textarea[name]")) {
    if (/^(radio|checkbox)$/.test(input.type)) {
      if (input.checked) said.push(input.nextElementSibling.firstChild.textContent.trim());
    } else if (input.value.trim() && !notKnown(field) && !input.closest("[hidden]")) {
      said.push(input.value.trim());
    }
  }
  // A date's parts are one answer.
  return field.kind === "date" ? [said.join(" ")] : said;
}

export function make(tag, className, text = "") {
  const el = document.createElement(tag);
  el.className = className;
  el.textContent = text;
  return el;
}
