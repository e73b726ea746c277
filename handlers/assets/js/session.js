// The survey that the page shows. There is one on a page, and its document
// changes when the language does. It hangs on the window because two scripts
// share it: the first, which is small, and the one that is loaded later.
export const session = (window.portalSurvey = window.portalSurvey || {
  root: null,
  form: null,
  steer: null, // what screens.js gives
  phone: "", // "yes" or "no", once somebody has said whether it is theirs
  followed: "", // what of that has been acted upon
  depth: 0, // of the history's entry that is shown
  later: null, // what later.js can do, once it is there
  device: null, // what device.js gives, where something may be kept
  ended: false, // the answers wait to be sent, or have been received
  thanked: false, // the page shows the thanks
  put: null, // puts a page in the place of the one shown, gives its content
  prepare: null, // takes over the survey in that content
});

export const own = () => session.phone === "yes";
export const words = () => session.steer.words;

// part is an element that the document holds for the script alone.
export const part = (name) => session.root.querySelector(`[data-part="${name}"]`);
