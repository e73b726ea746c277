// Sending the survey, and what is said about it.
import { attempt } from "./attempt.js";
import { make } from "./check.js";
import { facts } from "./keeping.js";
import { renewed } from "./languages.js";
import { pace } from "./pace.js";
import { aside, endAside, fetchPage, focusOn, note, whisper } from "./scenes.js";
import { own, part, session, words } from "./session.js";

let busy = false;
let again = false; // nothing is kept, so the page itself tries once it is online
let refusal = null;

window.addEventListener("online", () => again && session.steer.current().id === "check" && submit());

// submit sends the answers: by way of the device where it keeps them, else
// from the page, where they stay until they have arrived.
export async function submit() {
  const { steer, device, form } = session;
  if (busy || steer.firstWrong()) return;
  busy = true;
  again = false;
  form.setAttribute("aria-busy", "true");
  try {
    const body = steer.body().toString();
    const entry = { body, lang: form.elements.lang.value, version: form.elements.version.value };
    if (own() && device && device.keeps && (await device.finish(entry))) {
      session.ended = true;
      device.send(true);
    } else {
      tell("");
      taken(await attempt(form.getAttribute("action"), body, pace.patience));
    }
  } finally {
    busy = false;
    form.removeAttribute("aria-busy");
  }
}

// taken follows one try from the page itself.
function taken(outcome) {
  if (outcome.state === "received") {
    session.ended = true;
    session.form.reset();
    if (session.device) session.device.sent();
    thank(outcome.duplicate);
  } else if (outcome.state === "refused") {
    if (outcome.reason === "version") renew();
    else explain(outcome);
  } else {
    again = true;
    const said = { 429: words().too_many_posts, 503: words().busy };
    tell(said[outcome.status] || session.form.dataset.failed);
  }
}

// tell says beside the answers what came of sending them; the next screen takes
// it away.
export function tell(text) {
  const box = session.form.querySelector("[data-problem]");
  box.textContent = text;
  box.hidden = !text;
  if (text) box.focus();
}

// explain says on the answers to check, or at the questions, why the portal did
// not take them.
function explain({ detail, reason = "", errors }) {
  if (session.steer.blame(errors)) return;
  tell(detail);
  if (reason.startsWith("invitation_")) askCode();
}

// askCode lets somebody send the same answers by another invitation.
function askCode() {
  const { form } = session;
  const label = make("label", "govuk-label", words().invitation);
  const input = make("input", "govuk-input");
  Object.assign(input, { id: "another_invitation", dir: "ltr", maxLength: 40, spellcheck: false });
  label.htmlFor = input.id;
  input.addEventListener("input", () => (form.elements.invitation.value = input.value));
  form.querySelector("[data-problem]").append(label, input);
}

// state says how far the answers are that the device keeps.
export function state(name, outcome = {}) {
  if (session.thanked) return;
  session.ended = name !== "refused";
  if (name === "sending") {
    status(words().sending_title, words().sending);
  } else if (name === "on_phone") {
    status(words().on_phone_title, outcome.busy ? words().on_phone_busy : words().on_phone, "send_now");
  } else if (name === "received") {
    session.form.reset();
    status(words().received_title, outcome.duplicate ? words().received_before : words().received);
    thank(outcome.duplicate);
  } else if (outcome.reason === "version" && session.steer.fields.length) {
    renew();
  } else {
    refusal = outcome;
    // Where the page has no questions there is nothing to go back to.
    const back = session.steer.fields.length ? "to_answers" : "";
    status(words().refused_title, `${outcome.detail} ${words().refused_kept}`, back);
  }
}

// received follows what somebody else has sent: the worker, for this page, or
// another tab.
export function received() {
  if (session.thanked) return;
  if (session.ended) {
    state("received");
    return;
  }
  session.ended = true;
  session.form.reset();
  status(words().received_title, words().received_before);
}

function status(title, text, button) {
  const el = part("status");
  const heading = el.querySelector("h2");
  const isNew = el.hidden || heading.textContent !== title;
  heading.textContent = title;
  el.querySelector("p").textContent = text;
  for (const each of el.querySelectorAll("button")) each.hidden = each.dataset.do !== button;
  aside("status");
  whisper("");
  if (title === words().received_title) part("device").hidden = true; // nothing is kept any more
  if (isNew) focusOn(heading);
}

// toAnswers leads back from a refusal: to what is to be put right, or to all.
export async function toAnswers() {
  await session.device.reopen();
  session.ended = false;
  endAside();
  session.steer.begin(false, "check");
  if (refusal) explain(refusal);
}

// renew puts the answers into the survey as it is now.
async function renew() {
  const { device } = session;
  const isKept = own() && device && device.keeps;
  if (await renewed()) {
    session.ended = false;
    if (isKept) {
      await device.reopen();
      device.note(facts());
    }
    note(words().survey_changed);
  } else if (isKept) {
    refusal = null;
    status(words().refused_title, words().refused_kept, "to_answers");
  } else {
    tell(session.form.dataset.failed);
  }
}

// thank shows the page of thanks; where it cannot be fetched, the words do.
async function thank(already) {
  const { form } = session;
  const address = `${form.getAttribute("action")}/thanks`;
  const query = `?lang=${form.elements.lang.value}${already ? "&already=yes" : ""}`;
  const page = await fetchPage(address + query, "h1");
  if (!page) {
    status(words().received_title, already ? words().received_before : words().thanks_arrived);
    return;
  }
  session.thanked = true;
  if (own()) history.pushState({ depth: 1 }, "", address);
  focusOn(session.put(page).querySelector("h1"));
  if (!own()) document.title = form.dataset.title; // the history of others' phones tells no more
}
