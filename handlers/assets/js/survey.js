// How the survey begins: whose phone it is comes first, and everything after
// that answer is in later.js, so that the first question weighs little.
import { open } from "./screens.js";
import { own, part, session, words } from "./session.js";
import { mark } from "./mark.js";

// conduct takes over the page's survey. put(page) puts a document that was
// fetched in the place of the one shown and returns its content.
export async function conduct(root, put) {
  Object.assign(session, { put, prepare });
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

let loading = null;

// later loads the rest of the script and has it do something; it gives false
// where there is no connection, or hardly any. A tag can be tried again, which
// an import that failed cannot in every browser.
export async function later(act = () => {}, otherwise = () => {}) {
  if (!session.later) {
    loading =
      loading ||
      new Promise((resolve) => {
        const script = document.createElement("script");
        script.src = session.form.dataset.later;
        script.onload = script.onerror = resolve;
        setTimeout(resolve, 10000);
        document.head.append(script);
      });
    await loading;
    loading = null;
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
  if (session.later) session.later.shown(screen, n);
  else if (session.phone) later((part) => part.phoneIs(), tellNotSaved);
}

// tellNotSaved says so where the rest of the script, which would keep the
// answers, could not be had; each screen asks for it again.
function tellNotSaved() {
  part("note").hidden = !own();
  part("note").textContent = words().not_saved;
}

// submit sends the answers, with whatever it takes.
export function submit() {
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

// popped follows a move in the history.
export function popped(to) {
  if (session.later) session.later.popped(to);
  else if (session.steer.has(to.screen)) session.steer.show(to.screen);
  else session.steer.before();
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
