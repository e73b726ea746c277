// Keeping what is answered where the phone is somebody's own, and coming back
// to it.
import { answerOf, isSame, putAnswer } from "./answers.js";
import { openDevice } from "./device.js";
import { addressIn, forgetLanguage, remember } from "./languages.js";
import { aside, endAside, focusOn, inQuestions, note, whisper } from "./scenes.js";
import { received, state } from "./sending.js";
import { own, part, session, words } from "./session.js";

// wake opens what the device keeps.
async function wake() {
  const { form } = session;
  const slug = form.getAttribute("action").split("/").pop();
  // The server's date, unless the document is an older one that the worker kept.
  const today = "kept" in document.documentElement.dataset ? "" : form.elements.submission_key.dataset.today;
  session.device = await openDevice(slug, today, { state, received, trouble, otherTab, wiped });
}

// wiped follows another tab in which somebody left and wiped everything.
function wiped() {
  session.phone = session.followed = "no"; // nothing is kept any more
  session.form.reset();
  location.replace("/");
}

// resume begins where somebody left off; false if there is nothing to go on
// with.
export async function resume() {
  const { elements } = session.form;
  // A kept document knows nothing of the address that it is shown at.
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (/^(collector|invitation)$/.test(name) && elements[name] && !elements[name].value) elements[name].value = value;
  }
  await wake();
  if (session.form.dataset.worker === "off") keepCopy();
  const { record, expired } = session.device.found;
  if (!record && !expired) return false;
  if (record) session.phone = session.followed = "yes";
  session.later.tellPhone();
  if (record && record.entry) putIn(record);
  session.steer.begin(true, record && record.entry ? "check" : "");
  if (record && isByAnother(record)) await session.device.reopen();
  else if (record && record.entry) session.device.send(true);
  else if (record) focusOn(aside("carry_on"));
  else note(words().draft_expired);
  return true;
}

// isByAnother tells of answers that were refused by one invitation, where the
// page was opened by another.
const isByAnother = ({ entry, hidden }) =>
  entry && entry.refused && isNamed(addresses()) && addresses().invitation !== hidden.invitation;

// wait is for a page of the survey that has no form, because it has closed or
// asks for an invitation: what waits is sent all the same, a draft that came
// by an invitation goes on by it, and one that is too old goes.
export async function wait() {
  session.phone = session.followed = "yes";
  await wake();
  const { record } = session.device.found;
  if (!record) return;
  session.later.tellPhone();
  if (record.entry) {
    session.device.send(true);
  } else if (record.hidden.invitation && !new URLSearchParams(location.search).has("invitation")) {
    const { invitation } = record.hidden;
    location.replace(`${session.form.getAttribute("action")}?${new URLSearchParams({ invitation, lang: document.documentElement.lang })}`);
  }
}

// carryOn goes on with what the device holds now: another tab may have gone on
// with it since it was found, or ended it.
export async function carryOn() {
  const record = await session.device.now();
  if (!record || record.entry) {
    location.reload();
    return;
  }
  session.device.carryOn(record);
  putIn(record);
  endAside();
  session.steer.begin(false, record.place);
  startKeeping();
}

// takeUp begins to keep what is answered. Another tab may have begun already.
export async function takeUp() {
  if (!session.device) await wake();
  if (!own()) return;
  const { device, form } = session;
  const record = await device.begin({ key: form.elements.submission_key.value, ...facts() });
  if (!record || !own()) return;
  // What was answered before anything could be kept is newer than what is.
  for (const field of session.steer.fields) {
    if (!isOfPage(field) && Object.keys(answerOf(field)).length) unsaved.add(field.name);
  }
  if (record.entry && unsaved.size) {
    device.letGo();
    trouble("not_saved");
    return;
  }
  putIn(record);
  if (record.entry) {
    device.send(true); // another tab has finished it
    return;
  }
  unsaved.clear();
  for (const field of session.steer.fields) save(field);
  startKeeping();
}

// keepNothing is for a phone that is somebody else's. Who says so only now may
// have kept something before.
export async function keepNothing() {
  const { device } = session;
  session.device = null;
  forgetLanguage();
  if (device) await device.wipe();
}

function startKeeping() {
  saved();
  remember();
  keepCopy();
}

// keepCopy has the worker keep this survey in this language, or takes the
// worker away where the operator has switched it off.
export async function keepCopy() {
  const { form, device } = session;
  if (form.dataset.worker === "off") await device.dropWorker();
  else if ((await device.keepCopy(addressIn(form.elements.lang.value))) && own()) whisper(words().offline_ready);
}

// Whose phone it is belongs to the page, not to the answers.
const isOfPage = (field) => field.el.closest("[data-of-page]");

// addressed are the hidden fields by which the answers find their wave.
const addressed = ["wave", "collector", "invitation"];

const isNamed = (hidden) => hidden.invitation || hidden.collector;

function addresses() {
  const { elements } = session.form;
  return Object.fromEntries(addressed.map((name) => [name, elements[name].value]));
}

// facts are what a draft keeps beside the answers.
export const facts = () => ({
  place: session.steer.current().id,
  version: session.form.elements.version.value,
  hidden: addresses(),
});

const unsaved = new Set();
let pause = 0;

// keep writes an answer through: a tap at once, text when the typing rests.
export function keep(target, atOnce) {
  const el = target.closest("[data-field]");
  if (!own() || !el) return;
  unsaved.add(el.dataset.field);
  clearTimeout(pause);
  if (atOnce) flush();
  else pause = setTimeout(flush, 250);
}

export function flush() {
  for (const field of session.steer.fields) if (unsaved.delete(field.name)) save(field);
}

const kept = new Map(); // what the device holds, as far as this page knows

function save(field) {
  const { device } = session;
  const answer = answerOf(field);
  if (!own() || !device || !device.keeps || session.ended || isOfPage(field)) return;
  if (isSame(kept.get(field.name), answer)) return;
  device.save(field.name, answer).then((record) => {
    if (!record) return; // not yet, or not at all
    kept.set(field.name, answer);
    saved();
  });
}

// putIn puts in what is kept: by this page before, or by another tab.
function putIn(record) {
  const { elements } = session.form;
  elements.submission_key.value = record.key;
  elements.own_phone.value = "yes";
  // A draft that came by an invitation or a collector's link keeps to it where
  // it is opened again by the survey's plain address.
  const { hidden } = record;
  if (isNamed(hidden) && !isNamed(addresses())) {
    for (const name of addressed) elements[name].value = hidden[name];
  }
  for (const field of session.steer.fields) {
    const answer = record.answers[field.name];
    if (!answer || unsaved.has(field.name)) continue;
    kept.set(field.name, answer);
    if (!isSame(answer, answerOf(field))) putAnswer(field, answer);
  }
  session.steer.refresh();
}

// lookIn takes in what another tab has written meanwhile.
export async function lookIn() {
  const { device } = session;
  if (!own() || !device || session.ended || !inQuestions()) return;
  const record = await device.now();
  if (!record) return;
  device.adopt(record);
  putIn(record);
  if (record.entry) device.send(true);
}

const savedLine = () => part("device").querySelector("[data-saved]");
let refusal = "";

function saved() {
  if (!refusal) savedLine().textContent = words().saved;
}

// trouble says for good that nothing can be kept, and why.
function trouble(word) {
  refusal = word;
  savedLine().textContent = words()[word];
}

export function tellSaving() {
  if (refusal) trouble(refusal);
  else if (session.device && session.device.isKeeping()) saved();
}

let saidOtherTab = false;

function otherTab() {
  if (own() && !saidOtherTab) whisper(words().other_tab);
  saidOtherTab = own();
}
