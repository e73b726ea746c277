// The script of the referral form. Without it the document is one long form
// that posts as forms do; with it one screen is shown at a time, and what is
// sent goes by fetch, so that a lost connection or a busy server leaves the
// answers where they are: on the page. Nothing is ever kept on the device.
import { holds } from "./conditions.js";
import { put, putPage, rootNow, takeOver } from "./page.js";
import { open } from "./screens.js";

window.portalConditions = { holds }; // for the test that runs the shared cases

let shown = null; // {root, path, steer}: what the page shows
let kept = null; // the form that led to what is shown, for the browser's Back
let sending = false;

// How long an answer may take, in milliseconds: longer than the portal works
// on one, shorter than people wait.
const patience = 30000;

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

function submitted(form, button) {
  // Enter in a text box presses the form's first button; in the middle of the
  // form it means "go on".
  if (button && "default" in button.dataset && !shown.steer.isLast()) shown.steer.next();
  else exchange(form, button);
}

function popped({ screen }) {
  if (location.pathname !== shown.path) {
    location.reload();
  } else if (shown.steer && shown.steer.has(screen)) {
    shown.steer.show(screen);
  } else if (kept && kept.steer.has(screen)) {
    shown = kept;
    kept = null;
    put(shown.root);
    shown.steer.show(screen);
  }
}

takeOver({ start: () => take(rootNow(), true), submitted, popped });
