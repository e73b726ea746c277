// The script of the survey and the referral form. Without it the document is
// one long form that posts as forms do; with it one screen is shown at a time,
// and what is sent goes by fetch, so that a lost connection or a busy server
// leaves the answers where they are: on the page. Of a referral nothing is
// ever kept on the device.
import { holds } from "./conditions.js";
import { open } from "./screens.js";
import { session } from "./session.js";
import { conduct, popped, submit } from "./survey.js";

window.portalConditions = { holds }; // for the test that runs the shared cases

let shown = null; // {root, path, steer}: what the page shows
let kept = null; // the form that led to what is shown, for the browser's Back
let sending = false;
let pressed = null;

// How long an answer may take, in milliseconds: longer than the portal works
// on one, shorter than people wait.
const patience = 30000;

const rootNow = () => document.getElementById("content");

function take(root, quiet) {
  const steer = root.querySelector("form[data-form]") ? open(root) : null;
  shown = { root, path: location.pathname, steer };
  for (const button of root.querySelectorAll("[data-print]")) button.hidden = false;
  const language = steer && root.querySelector("select[name=lang]");
  if (language) language.addEventListener("change", () => exchange(steer.form, root.querySelector("[data-control=language]")));
  if (steer) {
    steer.begin(quiet);
    return;
  }
  const target = root.querySelector(".govuk-error-summary") || root.querySelector("h1");
  if (!quiet && target) {
    target.tabIndex = -1;
    target.focus();
    window.scrollTo(0, 0);
  }
}

function put(root) {
  rootNow().replaceWith(root);
}

// putPage puts a page in the place of the one shown, in its own language.
function putPage(page) {
  const root = document.adoptNode(page.getElementById("content"));
  const { lang, dir } = page.documentElement;
  Object.assign(document.documentElement, { lang, dir });
  for (const frame of ["body > a", "header", "footer"]) {
    document.querySelector(frame).replaceWith(document.adoptNode(page.querySelector(frame)));
  }
  document.title = page.title;
  put(root);
  return root;
}

// exchange sends the form by the button that was pressed and puts the page
// that comes back in the place of the one shown.
async function exchange(form, button) {
  if (sending) return;
  sending = true;
  form.setAttribute("aria-busy", "true");
  tell(form, "");
  try {
    const body = shown.steer ? shown.steer.body() : new URLSearchParams(new FormData(form));
    if (button && button.name) body.append(button.name, button.value);
    const url = (button && button.getAttribute("formaction")) || form.getAttribute("action");
    const limit = new AbortController();
    setTimeout(() => limit.abort(), patience);
    const answer = await fetch(url, { method: "POST", body, headers: { Accept: "text/html" }, signal: limit.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const root = page.getElementById("content");
    // A page that holds the form again has its own words on what was wrong.
    if (!root || !(answer.ok || root.querySelector("form[data-form]"))) {
      tell(form, sentences(root) || form.dataset.failed);
      return;
    }
    if (answer.redirected) {
      kept = null;
      history.pushState({}, "", answer.url);
    } else if (root.querySelector("form[data-form]")) {
      kept = null;
    } else {
      if (shown.steer) {
        kept = shown;
        kept.steer.settle();
      }
      history.pushState({ depth: 1 }, "");
    }
    take(putPage(page), false);
  } catch (err) {
    // fetch fails with a TypeError when the network does
    if (!(err instanceof TypeError || err.name === "AbortError")) throw err;
    tell(form, form.dataset.failed);
  } finally {
    sending = false;
    form.removeAttribute("aria-busy");
  }
}

// sentences are what a page of refusal says, to be said beside the answers.
function sentences(root) {
  const notice = root && root.querySelector("[data-notice]");
  if (notice) return notice.textContent.trim();
  const texts = root ? [...root.querySelectorAll("h1, main p")].slice(0, 3) : [];
  return texts.map((el) => el.textContent.trim().replace(/([^.!?])$/, "$1.")).join(" ");
}

function tell(form, text) {
  const box = form.querySelector("[data-problem]");
  box.textContent = text;
  box.hidden = !text;
  if (text) box.focus();
}

async function start() {
  document.addEventListener("click", (event) => {
    pressed = event.target.closest("button");
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("exchange" in form.dataset)) return;
    event.preventDefault();
    const isSurvey = form === session.form;
    const { steer } = isSurvey ? session : shown;
    const button = event.submitter || (form.contains(pressed) ? pressed : null);
    // Enter in a text box presses the form's first button; in the middle of
    // the form it means "go on".
    if (button && "default" in button.dataset && !steer.isLast()) steer.next();
    else if (isSurvey) submit();
    else exchange(form, button);
  });
  window.addEventListener("popstate", ({ state }) => {
    if (!state) return;
    if (session.form) {
      popped(state);
    } else if (location.pathname !== shown.path) {
      location.reload();
    } else if (shown.steer && shown.steer.has(state.screen)) {
      shown.steer.show(state.screen);
    } else if (kept && kept.steer.has(state.screen)) {
      shown = kept;
      kept = null;
      put(shown.root);
      shown.steer.show(state.screen);
    }
  });
  if (rootNow().querySelector("form[data-later]")) await conduct(rootNow(), putPage);
  else take(rootNow(), true);
}

document.documentElement.classList.add("js"); // before anything is painted
document.addEventListener("DOMContentLoaded", () => {
  start().catch((err) => {
    document.documentElement.classList.remove("js"); // the long form still works
    throw err;
  });
});
