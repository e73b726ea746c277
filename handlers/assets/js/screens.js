// Shows the form document one screen at a time, with the browser's own Back.
import { enhance } from "./fields.js";
import { check, clear, firstInput, mark } from "./errors.js";
import { ahead, onPath, path, read } from "./model.js";

// What a form may do in its own way; the survey does.
const plain = {
  remembers: () => true, // entries in the history name their screens
  titled: () => true, // the page's title tells the question
  hold: () => false, // something on this screen is to be looked at once more
  shown: () => {}, // hears of each screen and which question it is, 0 for none
};

// open takes over a form document and returns how others may steer it.
export function open(root, own = {}) {
  const also = { ...plain, ...own };
  const form = root.querySelector("form[data-form]");
  const model = read(form);
  const words = JSON.parse(form.dataset.words);
  const control = (name) => root.querySelector(`[data-control="${name}"]`);
  const summary = root.querySelector(".govuk-error-summary");
  const notice = root.querySelector("[data-notice]");
  const onward = control("continue").textContent;
  const fields = model.pages.flatMap((page) => page.fields);
  const checking = model.screens.find((s) => s.id === "check");
  let current = null;
  let changing = false; // came from the answers to check, and goes back there
  let now = path(model);

  if ("fresh" in form.dataset) form.elements.submission_key.value = randomKey();
  for (const field of fields) enhance(field, words);

  // refresh follows the answers. done says that the current screen is behind.
  function refresh(done = false) {
    now = path(model);
    for (const field of fields) field.el.hidden = !now.shown.has(field);
    const list = onPath(model, now.shown);
    const at = list.indexOf(current);
    const place = model.screens.indexOf(current);
    const weights = ahead(model, done ? place + 1 : place);
    const nothingAfter = !model.screens.some((s, i) => i > place && s !== checking && weights.get(s));
    const last = at === list.length - 1 && nothingAfter;
    const ends = current.page.ends;
    control("continue").hidden = last || ends;
    const toCheck = checking && (changing || (nothingAfter && list[at + 1] === checking));
    // Only if it is another: a press on words that are replaced in the middle of
    // it, because leaving a text changed something, is none.
    const label = toCheck ? checking.heading.textContent : onward;
    if (control("continue").textContent !== label) control("continue").textContent = label;
    for (const button of root.querySelectorAll("[data-control=finish]")) {
      button.hidden = ends || !(last || (!checking && "review" in form.dataset));
    }
    if (control("save")) control("save").hidden = ends;
    if (control("skip")) control("skip").hidden = !skippable();
    control("back").hidden = at <= 0;
    const counted = list.filter((s) => s.fields.length && s.counts);
    const n = counted.indexOf(current) + 1;
    control("progress").hidden = n === 0;
    control("progress").textContent = words.progress.replace("{n}", n).replace("{total}", total(weights, n));
    root.classList.toggle("first-screen", at === 0);
    for (const intro of root.querySelectorAll("[data-intro]")) intro.hidden = at !== 0;
    return n;
  }

  const skippable = () => current.counts && current.fields.some((f) => now.shown.has(f)) && !current.fields.some((f) => f.required);

  function total(weights, n) {
    const asked = [...weights].filter(([screen]) => screen.fields.length && screen.counts).map(([, weight]) => weight);
    const sum = asked.reduce((a, b) => a + b, 0);
    const sure = asked.every((weight) => weight === 0 || weight === 1);
    return Math.max(n, sure || sum < 10 ? Math.round(sum) : Math.round(sum / 5) * 5);
  }

  function show(screen, focus) {
    for (const el of form.querySelectorAll(".current")) el.classList.remove("current");
    screen.el.classList.add("current");
    screen.page.el.classList.add("current");
    if (screen === checking) changing = false;
    current = screen;
    also.shown(screen, refresh());
    const failed = screen.el.querySelector(".govuk-form-group--error");
    if (summary) summary.hidden = !failed;
    if (notice) notice.hidden = screen !== first;
    entitle(screen.heading.textContent.trim(), failed);
    if (!focus) return;
    window.scrollTo(0, 0);
    const target = focus === true ? screen.heading : focus;
    target.focus({ preventScroll: focus === true });
  }

  function entitle(heading, failed) {
    const begins = also.titled() ? `${heading} – ` : "";
    document.title = `${failed ? `${words.error}: ` : ""}${begins}${form.dataset.title}`;
  }

  function go(screen, focus = true) {
    history.pushState({ ...place(screen), depth: depth() + 1 }, "");
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
  const place = (screen) => also.remembers() && { screen: screen.id };
  const neighbour = (step) => {
    const list = onPath(model, now.shown);
    return list[list.indexOf(current) + step];
  };

  function next() {
    const wrong = check(current, now);
    if (wrong.length) {
      show(current, firstInput(wrong[0]));
      return;
    }
    if (also.hold(current)) return;
    const following = changing ? checking : neighbour(1);
    if (following) {
      go(following);
      return;
    }
    refresh(true); // nothing came of what might have followed
    control("finish").focus();
  }

  // before shows the screen before this one; false if it is the first.
  function before() {
    const screen = changing ? checking : neighbour(-1);
    if (screen) show(screen, true);
    return Boolean(screen);
  }

  function back() {
    if (depth() > 0) history.back();
    else before();
  }

  function skip() {
    for (const field of current.fields) {
      for (const input of field.el.querySelectorAll("input, textarea")) {
        if (/^(radio|checkbox)$/.test(input.type)) input.checked = false;
        else input.value = "";
      }
      field.update();
      field.el.dispatchEvent(new Event("change", { bubbles: true }));
    }
    next();
  }

  // screenOf finds the screen of a field's, a member's or its own id.
  function screenOf(id) {
    const el = document.getElementById(id);
    return model.screens.find((s) => s.id === id) || model.screens.find((s) => el && s.el.contains(el));
  }

  control("continue").addEventListener("click", next);
  control("back").addEventListener("click", back);
  if (control("skip")) control("skip").addEventListener("click", skip);
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
  let first = list.includes(wanted) ? wanted : list[0];
  current = first;
  return {
    form,
    fields,
    words,
    next,
    before,
    entitle,
    // begin shows the first screen, or the one that is named; quietly when the
    // page has just loaded.
    begin(quiet, id) {
      now = path(model);
      const named = id && screenOf(id);
      if (named && onPath(model, now.shown).includes(named)) first = named;
      current = first;
      history.replaceState({ ...place(current), depth: quiet ? 0 : depth() }, "");
      const member = document.getElementById(form.dataset.start);
      const heading = member && member.querySelector("[data-member-heading]");
      show(current, summary || notice || heading || !quiet);
    },
    // isLast says whether Enter in a text box may finish the form.
    isLast: () => control("continue").hidden && !current.page.ends,
    current: () => current,
    has: (id) => model.screens.some((s) => s.id === id),
    show: (id) => {
      const screen = screenOf(id);
      if (onPath(model, path(model).shown).includes(screen)) show(screen, true);
    },
    // change opens a question from the answers to check.
    change(screen) {
      changing = true;
      go(screen);
    },
    // answered is the path that the answers take, screen by screen.
    answered: () => {
      now = path(model);
      return { ...now, screens: onPath(model, now.shown).filter((s) => s.fields.length && s.counts) };
    },
    // firstWrong shows the first screen on the path with something wrong, and
    // tells whether there is one.
    firstWrong() {
      now = path(model);
      for (const screen of onPath(model, now.shown)) {
        const wrong = check(screen, now);
        if (!wrong.length) continue;
        go(screen, firstInput(wrong[0]));
        return true;
      }
      return false;
    },
    // blame shows what the server found wrong: a list of field and message.
    blame(errors) {
      let worst = null;
      for (const { field: name, message } of errors) {
        const field = fields.find((f) => name === f.name || name.startsWith(`${f.name}.`));
        if (!field) continue;
        mark(field, message);
        worst = worst || field;
      }
      if (worst) go(screenOf(worst.name), firstInput(worst));
      return Boolean(worst);
    },
    // settle forgets errors that have been put right.
    settle: () => fields.forEach(clear),
    refresh: () => refresh(),
    body,
  };

  // body is what to send: the hidden branches stay behind, and what only the
  // page asks.
  function body() {
    refresh();
    const answers = new URLSearchParams();
    const behind = new Set();
    for (const field of fields) {
      if (now.shown.has(field) && !field.el.closest("[data-of-page]")) continue;
      for (const input of field.el.querySelectorAll("[name]")) behind.add(input.name);
    }
    for (const [name, value] of new FormData(form)) {
      if (!behind.has(name)) answers.append(name, value);
    }
    return answers;
  }
}

// randomKey is a version 4 UUID; crypto.randomUUID would need HTTPS.
export function randomKey() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
