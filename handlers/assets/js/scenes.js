// What the survey shows besides its questions: screens in their place, and
// lines said in passing.
import { part, session } from "./session.js";

// note says something in passing; the next screen takes it away.
export function note(text) {
  const line = part("note");
  line.dataset.on = session.steer.current().id;
  line.hidden = !text;
  line.textContent = text;
}

// whisper says what comes up by itself, at the end of the page: nothing that
// people are about to press moves.
export function whisper(text) {
  part("device").querySelector("[data-whisper]").textContent = text;
}

// aside shows a screen that is no part of the form's path in its place, and
// gives its heading.
export function aside(name) {
  const { root, form, steer } = session;
  const heading = part(name).querySelector("h2");
  for (const other of root.querySelectorAll("[data-intro], [data-control=progress], [data-control=back]")) other.hidden = true;
  root.classList.remove("first-screen");
  part(name).hidden = false;
  part("device").hidden = !session.phone;
  form.hidden = true;
  steer.entitle(heading.textContent);
  return heading;
}

// inQuestions tells whether the page shows the questions, and not an aside.
export const inQuestions = () => !session.form.hidden;

export function endAside() {
  session.form.hidden = false;
  for (const name of ["carry_on", "status"]) part(name).hidden = true;
}

// focusOn takes the focus to a heading that has just come up.
export function focusOn(heading) {
  window.scrollTo(0, 0);
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// fetchPage gets a page that holds such an element; null where there is no
// connection or something else came.
export async function fetchPage(url, holds) {
  const limit = new AbortController();
  setTimeout(() => limit.abort(), 10000);
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: limit.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return answer.ok && page.querySelector(`#content ${holds}`) ? page : null;
  } catch (err) {
    if (!(err instanceof TypeError || err.name === "AbortError")) throw err;
    return null;
  }
}
