// Shows the form document one screen at a time, with the browser's own Back.
import { enhance } from "./fields.js";
import { clear, firstInput, missing } from "./errors.js";
import { ahead, onPath, path, read } from "./model.js";

// open takes over a form document and returns how others may steer it.
export function open(root) {
  const form = root.querySelector("form[data-form]");
  const model = read(form);
  const words = JSON.parse(form.dataset.words);
  const control = (name) => root.querySelector(`[data-control="${name}"]`);
  const summary = root.querySelector(".govuk-error-summary");
  const notice = root.querySelector("[data-notice]");
  let current = null;
  let now = path(model);

  if ("fresh" in form.dataset) form.elements.submission_key.value = randomKey();
  for (const page of model.pages) for (const field of page.fields) enhance(field, words);

  // refresh follows the answers. done says that the current screen is behind.
  function refresh(done = false) {
    now = path(model);
    for (const page of model.pages) {
      for (const field of page.fields) field.el.hidden = !now.shown.has(field);
    }
    const list = onPath(model, now.shown);
    const at = list.indexOf(current);
    const place = model.screens.indexOf(current);
    const weights = ahead(model, done ? place + 1 : place);
    const last = at === list.length - 1 && !model.screens.some((s, i) => i > place && weights.get(s));
    const ends = current.page.ends;
    control("continue").hidden = last || ends;
    for (const button of root.querySelectorAll("[data-control=finish]")) {
      button.hidden = ends || !(last || "review" in form.dataset);
    }
    if (control("save")) control("save").hidden = ends;
    control("back").hidden = at <= 0;
    const counted = list.filter((s) => s.fields.length);
    const n = counted.indexOf(current) + 1;
    control("progress").hidden = n === 0;
    control("progress").textContent = words.progress.replace("{n}", n).replace("{total}", total(weights, n));
    root.classList.toggle("first-screen", at === 0);
    for (const intro of root.querySelectorAll("[data-intro]")) intro.hidden = at !== 0;
  }

  function total(weights, n) {
    const asked = [...weights].filter(([screen]) => screen.fields.length).map(([, weight]) => weight);
    const sum = asked.reduce((a, b) => a + b, 0);
    const sure = asked.every((weight) => weight === 0 || weight === 1);
    return Math.max(n, sure || sum < 10 ? Math.round(sum) : Math.round(sum / 5) * 5);
  }

  function show(screen, focus) {
    for (const el of form.querySelectorAll(".current")) el.classList.remove("current");
    screen.el.classList.add("current");
    screen.page.el.classList.add("current");
    current = screen;
    refresh();
    const failed = screen.el.querySelector(".govuk-form-group--error");
    if (summary) summary.hidden = !failed;
    if (notice) notice.hidden = screen !== first;
    const heading = screen.el.querySelector("[data-heading]");
    document.title = `${failed ? `${words.error}: ` : ""}${heading.textContent.trim()} – ${form.dataset.title}`;
    if (!focus) return;
    window.scrollTo(0, 0);
    const target = focus === true ? heading : focus;
    target.focus({ preventScroll: focus === true });
  }

  function go(screen, focus = true) {
    history.pushState({ screen: screen.id, depth: depth() + 1 }, "");
    show(screen, focus);
    if (screen.page.ends) countEnding();
  }

  // countEnding lets the portal count a path that ends without a submission;
  // the portal keeps nothing of it, and the page does not wait for it.
  function countEnding() {
    const answers = body();
    answers.append("action", "check");
    fetch(form.getAttribute("action"), { method: "POST", body: answers }).catch(() => {});
  }

  const depth = () => (history.state && history.state.depth) || 0;
  const neighbour = (step) => {
    const list = onPath(model, now.shown);
    return list[list.indexOf(current) + step];
  };

  function next() {
    const lacking = missing(current, now);
    if (lacking.length) {
      show(current, firstInput(lacking[0]));
      return;
    }
    const following = neighbour(1);
    if (following) {
      go(following);
      return;
    }
    refresh(true); // nothing came of what might have followed
    control("finish").focus();
  }

  function back() {
    if (depth() > 0) history.back();
    else if (neighbour(-1)) show(neighbour(-1), true);
  }

  // screenOf finds the screen of a field's, a member's or its own id.
  function screenOf(id) {
    const el = document.getElementById(id);
    return model.screens.find((s) => s.id === id) || model.screens.find((s) => el && s.el.contains(el));
  }

  control("continue").addEventListener("click", next);
  control("back").addEventListener("click", back);
  form.addEventListener("change", () => refresh());
  if (summary) {
    summary.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      const id = link && decodeURIComponent(link.hash.slice(1));
      const screen = id && screenOf(id);
      if (!screen) return;
      event.preventDefault();
      if (screen !== current) go(screen, false);
      const field = document.getElementById(id);
      field.focus();
      field.scrollIntoView({ block: "center" });
    });
  }

  const list = onPath(model, now.shown);
  const wanted = screenOf(form.dataset.start);
  const first = list.includes(wanted) ? wanted : list[0];
  current = first;
  return {
    form,
    next,
    // begin shows the first screen; quietly when the page has just loaded.
    begin(quiet) {
      history.replaceState({ screen: current.id, depth: quiet ? 0 : depth() }, "");
      const member = document.getElementById(form.dataset.start);
      const heading = member && member.querySelector("[data-member-heading]");
      show(current, summary || notice || heading || !quiet);
    },
    // isLast says whether Enter in a text box may finish the form.
    isLast: () => control("continue").hidden && !current.page.ends,
    has: (id) => model.screens.some((s) => s.id === id),
    show: (id) => {
      const screen = screenOf(id);
      if (onPath(model, path(model).shown).includes(screen)) show(screen, true);
    },
    // settle forgets errors that have been put right.
    settle() {
      for (const page of model.pages) page.fields.forEach(clear);
    },
    body,
  };

  // body is what to send: the hidden branches stay behind.
  function body() {
    refresh();
    const answers = new URLSearchParams();
    const behind = new Set();
    for (const page of model.pages) {
      for (const field of page.fields) {
        if (now.shown.has(field)) continue;
        for (const input of field.el.querySelectorAll("[name]")) behind.add(input.name);
      }
    }
    for (const [name, value] of new FormData(form)) {
      if (!behind.has(name)) answers.append(name, value);
    }
    return answers;
  }
}

// randomKey is a version 4 UUID; crypto.randomUUID would need HTTPS.
function randomKey() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
