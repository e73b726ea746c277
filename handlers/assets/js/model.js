// Reads the form document: its pages, screens and fields, what has been
// answered, and which of it is on the path that the answers take.
import { evaluate, valuesIn } from "./conditions.js";

const parse = (json) => (json ? JSON.parse(json) : null);

export function read(form) {
  const screens = [];
  const pages = [...form.querySelectorAll("[data-page]")].map((el) => {
    const page = { el, when: parse(el.dataset.when), ends: "ends" in el.dataset, fields: [] };
    page.fields = [...el.querySelectorAll("[data-field]")].map((fieldEl) => ({
      el: fieldEl,
      name: fieldEl.dataset.field,
      kind: fieldEl.dataset.kind,
      when: parse(fieldEl.dataset.when),
      required: parse(fieldEl.dataset.required),
      messages: parse(fieldEl.dataset.messages) || {},
      member: memberOf(fieldEl.dataset.field),
    }));
    const own = el.matches("[data-screen]") ? [el] : [...el.querySelectorAll("[data-screen]")];
    for (const screenEl of own) {
      screens.push({
        el: screenEl,
        id: screenEl.dataset.screen,
        heading: screenEl.querySelector("[data-heading]"),
        page,
        fields: page.fields.filter((f) => screenEl.contains(f.el)),
        // "Question 5 of about 30" counts what the form itself asks.
        counts: !("ofPage" in el.dataset),
      });
    }
    return page;
  });
  return { form, pages, screens };
}

function memberOf(name) {
  const match = /^([a-z0-9_]+)\.(\d+)\./.exec(name);
  return match ? { group: match[1], index: Number(match[2]) } : null;
}

// valuesOf is a field's answer as conditions see it: a "Not known" box is no
// value, and a date is one value made of its parts.
export function valuesOf(field) {
  if (notKnown(field)) return [];
  if (field.kind === "date") {
    const parts = [...field.el.querySelectorAll("input[type=text]")].map((i) => i.value.trim());
    return parts.some(Boolean) ? [parts.join("-")] : [];
  }
  return [...field.el.querySelectorAll("input, textarea")]
    .filter((i) => i.name === field.name && (!/^(radio|checkbox)$/.test(i.type) || i.checked))
    .map((i) => i.value.trim())
    .filter(Boolean);
}

// notKnown tells whether the box that sets the answer aside is ticked.
export function notKnown(field) {
  const box = field.el.querySelector("[data-not-known]");
  return box !== null && box.checked;
}

// path finds what is asked, given the answers: answers of a branch that is
// not taken count as absent, so it repeats until nothing changes. Conditions
// have no cycles, so it ends.
export function path({ pages }) {
  const all = new Map(pages.flatMap((p) => p.fields).map((f) => [f, valuesOf(f)]));
  let shown = new Set(all.keys());
  for (let round = 0; ; round++) {
    const answers = {};
    for (const field of shown) {
      if (all.has(field) && all.get(field).length) answers[field.name] = all.get(field);
    }
    const values = valuesIn(answers);
    const next = new Set();
    for (const page of pages) {
      if (!evaluate(page.when, (field) => values(field, null))) continue;
      next.add(page);
      for (const field of page.fields) {
        if (evaluate(field.when, (name) => values(name, field.member))) next.add(field);
      }
      if (page.ends) break;
    }
    if (round > 50 || (next.size === shown.size && [...next].every((x) => shown.has(x)))) {
      return { shown: next, values };
    }
    shown = next;
  }
}

// ahead estimates what is still to come: for each screen whether it is asked
// (1), is not (0), or may be, because it hangs on a question that has not been
// reached yet (0.8, since most people take most of a form). The first
// `passed` screens are behind; what was left out there stays out.
export function ahead({ pages, screens }, passed) {
  const unknown = new Set();
  const answers = {};
  const weights = new Map();
  let ended = 1;
  for (const page of pages) {
    const look = () => valuesIn(answers);
    const pageWeight = Math.min(ended, likelihood(page.when, look(), unknown, null));
    if (page.ends) ended = Math.min(ended, pageWeight === 1 ? 0 : 1);
    for (const screen of screens.filter((s) => s.page === page)) {
      let weight = screen.fields.length ? 0 : pageWeight;
      for (const field of screen.fields) {
        const own = Math.min(pageWeight, likelihood(field.when, look(), unknown, field.member));
        weight = Math.max(weight, own);
        const values = own ? valuesOf(field) : [];
        if (values.length) answers[field.name] = values;
        else if (own && screens.indexOf(screen) >= passed) unknown.add(field.name.replace(/^.*\./, ""));
      }
      weights.set(screen, weight);
    }
  }
  return weights;
}

const maybe = 0.8;

function likelihood(condition, values, unknown, member) {
  if (!condition) return 1;
  if (condition.field) {
    if (evaluate(condition, (field) => values(field, member))) return unknown.has(condition.field) ? maybe : 1;
    return unknown.has(condition.field) ? maybe : 0;
  }
  const each = (subs) => subs.map((sub) => likelihood(sub, values, unknown, member));
  if (condition.all) return Math.min(1, ...each(condition.all));
  if (condition.any) return Math.max(0, ...each(condition.any));
  if (condition.not) {
    const inner = likelihood(condition.not, values, unknown, member);
    return inner === maybe ? maybe : 1 - inner;
  }
  return 1;
}

// onPath lists the screens to show, in order. A page whose every question is
// hidden has nothing to show.
export function onPath({ screens }, shown) {
  return screens.filter(
    (s) => shown.has(s.page) && (s.fields.length === 0 || s.fields.some((f) => shown.has(f))),
  );
}
