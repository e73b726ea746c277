// The survey in another language, or in another version: the document is
// fetched, and the answers are put into it.
import { answerOf, putAnswer } from "./answers.js";
import { keepCopy } from "./keeping.js";
import { fetchPage, note } from "./scenes.js";
import { own, session, words } from "./session.js";

const fetchSurvey = (lang) => fetchPage(addressIn(lang), "form[data-form]");

// addressIn is where this wave's survey is in a language, without the
// invitation or the collector by which somebody came.
export function addressIn(lang) {
  const { wave } = session.form.elements;
  return `${session.form.getAttribute("action")}?${new URLSearchParams({ wave: wave.value, lang })}`;
}

// speak goes on in another language on the same screen.
export async function speak(code) {
  const page = await fetchSurvey(code);
  if (!page) {
    session.form.elements.lang.value = document.documentElement.lang;
    note(words().language_offline);
    return;
  }
  replace(page, session.steer.current().id);
  if (session.phone !== "no") document.cookie = `lang=${code}; Path=/; SameSite=Lax`;
  remember();
  if (own() && session.device) keepCopy();
}

// remember keeps a language that was chosen for a year where the phone is
// theirs, otherwise until the browser is closed.
export function remember() {
  const [, code] = /(?:^|; )lang=(\w[\w-]*)/.exec(document.cookie) || [];
  if (own() && code) document.cookie = `lang=${code}; Path=/; SameSite=Lax; Max-Age=31536000`;
}

export function forgetLanguage() {
  document.cookie = "lang=; Path=/; Max-Age=0";
}

// renewed puts the answers into the survey as it is now; false where it cannot
// be fetched.
export async function renewed() {
  const page = await fetchSurvey(session.form.elements.lang.value);
  if (page) replace(page, "check");
  return Boolean(page);
}

function replace(page, screen) {
  const root = session.put(page);
  const { form, steer, prepare } = session;
  const answers = new Map(steer.fields.map((field) => [field.name, answerOf(field)]));
  prepare(root);
  for (const name of ["submission_key", "wave", "collector", "invitation"]) {
    session.form.elements[name].value = form.elements[name].value;
  }
  for (const field of session.steer.fields) putAnswer(field, answers.get(field.name));
  session.later.tellPhone();
  session.form.dataset.ready = "";
  session.steer.begin(false, screen);
}
