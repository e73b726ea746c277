// The part of the survey's script that is loaded once somebody has said whose
// phone it is, or where this browser has kept something before. The first part
// calls it by these names.
import { fillCheck } from "./check.js";
import { carryOn, flush, keep, keepNothing, lookIn, resume, takeUp, tellSaving, wait } from "./keeping.js";
import { forgetLanguage, speak } from "./languages.js";
import { lookAgain, lookAtAll } from "./notice.js";
import { inQuestions, note, whisper } from "./scenes.js";
import { look } from "./look.js";
import { submit, tell, toAnswers } from "./sending.js";
import { own, part, session, words } from "./session.js";

const acts = {
  async copy() {
    const address = location.href;
    note((await copyText(address)) ? words().link_copied : address);
  },
  leave: () => (own() ? askToWipe(true) : leave()),
  wipe: () => leave(),
  keep: () => askToWipe(false),
  carry_on: () => carryOn(),
  async start_again() {
    await session.device.startAgain();
    location.reload();
  },
  send_now: () => session.device.send(true),
  to_answers: () => toAnswers(),
};

session.later = {
  act: (name) => acts[name](),
  typed: (target) => keep(target, false),
  changed: (target) => keep(target, true),
  hold: (screen) => lookAgain(screen, words()),
  phoneIs,
  isOver,
  resume,
  shown,
  speak,
  submit,
  tellPhone,
  wait,
};

window.portalLook = look; // for the test of what it finds

window.addEventListener("pagehide", () => {
  if (own()) flush();
  else session.form.reset(); // nothing for Back to bring up
});
window.addEventListener("pageshow", ({ persisted }) => persisted && !own() && location.reload());
window.addEventListener("online", () => whisper(""));
window.addEventListener("offline", () => own() && !session.ended && whisper(words().offline_now));
document.addEventListener("visibilitychange", () => (document.hidden ? flush() : lookIn()));

// copyText also works where an app gives its pages no clipboard, if anything
// does; it tells whether.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (err) {
    if (!(err instanceof DOMException || err instanceof TypeError)) throw err;
    const field = document.createElement("input");
    field.value = text;
    part("note").before(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    return isCopied;
  }
}

let following = Promise.resolve();

// phoneIs follows what somebody said last: to keep what is answered, or
// nothing. One change is over before the next begins.
function phoneIs() {
  const said = session.phone;
  tellPhone();
  if (said !== session.followed) {
    session.followed = said;
    following = following
      .catch(() => {})
      .then(() => {
        if (said !== session.phone) return undefined; // they have said something else since
        return said === "yes" ? takeUp() : keepNothing();
      });
  }
  shown(session.steer.current(), 1);
  return following;
}

function tellPhone() {
  const device = part("device");
  device.hidden = !session.phone;
  device.querySelector("[data-kept]").hidden = !own();
  device.querySelector("[data-not-kept]").hidden = own();
  tellSaving();
}

function shown(screen, n) {
  if (part("note").dataset.on !== screen.id) note("");
  tell("");
  part("device").hidden = !session.phone || screen.id === "own_phone";
  part("device").querySelector("[data-what]").hidden = n > 2;
  askToWipe(false, false);
  if (screen.id === "check") {
    const answered = session.steer.answered();
    fillCheck(screen.el, answered, words(), session.steer.change);
    lookAtAll(screen.el.querySelector("[data-found]"), answered.screens.flatMap((s) => s.fields), words());
  }
  if (own() && session.device) session.device.note({ place: screen.id });
}

function askToWipe(ask, focus = true) {
  const box = part("device").querySelector("[data-wipe]");
  const button = part("device").querySelector("[data-do=leave]");
  box.hidden = !ask;
  button.hidden = ask;
  if (focus) (ask ? box.querySelector("p") : button).focus();
}

async function leave() {
  session.phone = session.followed = "no"; // whatever happens now, nothing is kept any more
  session.form.reset();
  forgetLanguage();
  try {
    await following.catch(() => {});
    if (session.device) await session.device.wipe();
  } finally {
    location.replace("/");
  }
}

// isOver tells that there is nothing in the form to go back to.
function isOver() {
  if (session.thanked) location.reload(); // what was sent is not offered again
  return session.thanked || session.ended || !inQuestions();
}
