// The script of the survey, on its pages. Without it the document is one long
// form that posts as forms do. With it one screen is shown at a time; whose
// phone it is comes first, and everything after that answer is in later.js, so
// that the first question weighs little.
import { putPage, rootNow, takeOver } from "./page.js";
import { open } from "./screens.js";
import { own, part, session, words } from "./session.js";
import { mark } from "./mark.js";

async function start() {
  const root = rootNow();
  Object.assign(session, { put: putPage, prepare });
  if (!root.querySelector("form[data-form]")) {
    standBy(root);
    return;
  }
  prepare(root);
  if (!(mayHold() && (await later()) && (await session.later.resume()))) session.steer.begin(true);
  session.form.dataset.ready = "";
}

// standBy is for a page of the survey without its questions: only what this
// browser has kept from before matters there.
function standBy(root) {
  const form = root.querySelector("form[data-later]");
  const parts = root.querySelector("template[data-parts]").content.cloneNode(true);
  Object.assign(session, { root, form });
  session.steer = {
    words: JSON.parse(form.dataset.words),
    fields: [],
    entitle: (title) => {
      document.title = title;
    },
  };
  form.after(...parts.children);
  listen(root);
  if (mayHold()) later((part) => part.wait());
}

function listen(root) {
  for (const button of root.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => later((part) => part.act(button.dataset.do)));
  }
}

// prepare puts the script's own screens and lines into the document and shows
// it by screens.
function prepare(root) {
  const form = root.querySelector("form[data-form]");
  const parts = root.querySelector("template[data-parts]").content.cloneNode(true);
  const take = (name) => parts.querySelector(`[data-part="${name}"]`);
  const pages = form.querySelectorAll("[data-page]");
  pages[0].before(take("own_phone"));
  pages[pages.length - 1].after(take("check"));
  form.before(take("note"));
  form.after(take("carry_on"), take("status"), take("device"));
  Object.assign(session, { root, form });
  const others = () => session.phone === "no";
  session.steer = open(root, { remembers: () => !others(), titled: () => !others(), hold, shown });
  if (isInApp()) {
    form.before(take("in_app"));
    part("in_app").querySelector("p").textContent = words()[isApple() ? "in_app_ios" : "in_app"];
    later(); // browsers copy in the very moment of the press or not at all
  }
  listen(root);
  form.addEventListener("input", ({ target }) => session.later && session.later.typed(target));
  form.addEventListener("change", ({ target }) => {
    if (target === form.elements.lang) later((part) => part.speak(target.value), () => (target.value = document.documentElement.lang));
    else if (session.later) session.later.changed(target);
  });
}

// How long people wait for the rest of the script, in milliseconds; it goes on
// loading.
const patience = 10000;

let loading = null;

// later loads the rest of the script and has it do something; it gives false
// where there is no connection, or hardly any. A tag can be tried again, which
// an import that failed cannot in every browser.
async function later(act = () => {}, otherwise = () => {}) {
  if (!session.later) {
    loading =
      loading ||
      new Promise((resolve) => {
        const script = document.createElement("script");
        script.src = session.form.dataset.later;
        script.onload = script.onerror = () => resolve((loading = null));
        document.head.append(script);
      });
    await Promise.race([loading, new Promise((resolve) => setTimeout(resolve, patience))]);
  }
  if (!session.later) {
    otherwise();
    return false;
  }
  await act(session.later);
  return true;
}

function hold(screen) {
  if (screen.id !== "own_phone") return Boolean(session.later) && session.later.hold(screen);
  session.phone = session.form.elements.own_phone.value;
  if (session.later) session.later.phoneIs();
  return false;
}

function shown(screen, n) {
  session.depth = (history.state && history.state.depth) || 0;
  if (session.phone !== session.followed) later((part) => part.phoneIs(), tellNotSaved);
  else if (session.later) session.later.shown(screen, n);
}

// tellNotSaved says so where the rest of the script, which would keep the
// answers, could not be had; each screen asks for it again.
function tellNotSaved() {
  part("note").hidden = !own();
  part("note").textContent = words().not_saved;
}

// submitted sends the answers, with whatever it takes.
function submitted(form, button) {
  // Enter in a text box presses the form's first button; in the middle of the
  // form it means "go on".
  if (button && "default" in button.dataset && !session.steer.isLast()) {
    session.steer.next();
    return;
  }
  later(
    (part) => part.submit(),
    () => {
      const box = session.form.querySelector("[data-problem]");
      box.textContent = session.form.dataset.failed;
      box.hidden = false;
      box.focus();
    },
  );
}

// popped follows a move in the history. On others' phones its entries name no
// screens, so that it goes back by as many.
function popped(to) {
  const { depth, later: part, steer } = session;
  session.depth = to.depth;
  if (part && part.isOver()) return;
  if (steer.has(to.screen)) steer.show(to.screen);
  else for (let n = depth - to.depth; n > 0; n--) steer.before();
}

// Pages inside other apps lose what they keep, and on Apple's phones they have
// no worker.
const agent = navigator.userAgent;
const isApple = () => /iP(hone|ad|od)/.test(agent);
const isInApp = () =>
  /FBAN|FBAV|Instagram|\bLine\/|Snapchat|TikTok|musical_ly|; wv\)/i.test(agent) ||
  (isApple() && (/GSA\//.test(agent) || (isSecureContext && !navigator.serviceWorker)));

// mayHold tells whether this browser keeps something of the survey.
function mayHold() {
  try {
    return Boolean((navigator.serviceWorker && navigator.serviceWorker.controller) || localStorage.getItem(mark));
  } catch (err) {
    if (!(err instanceof DOMException)) throw err;
    return false; // storage is refused
  }
}

takeOver({ start, submitted, popped });
