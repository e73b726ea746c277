// How a script takes over a document, whichever form is in it.

export const rootNow = () => document.getElementById("content");

export const put = (root) => rootNow().replaceWith(root);

// putPage puts a page in the place of the one shown, in its own language, and
// gives its content.
export function putPage(page) {
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

// takeOver begins once the document is there. submitted hears of a form that is
// to be sent and of the button that was pressed, if any; popped of a move in
// the history and its state.
export function takeOver({ start, submitted, popped }) {
  let pressed = null;
  document.documentElement.classList.add("js"); // before anything is painted
  document.addEventListener("click", (event) => {
    pressed = event.target.closest("button");
    if (event.target.closest("[data-print]")) window.print();
    // Its address would be an entry of its own in the history.
    if (event.target.closest(".govuk-skip-link")) {
      event.preventDefault();
      document.getElementById("main-content").focus();
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("exchange" in form.dataset)) return;
    event.preventDefault();
    submitted(form, event.submitter || (form.contains(pressed) ? pressed : null));
  });
  window.addEventListener("popstate", ({ state }) => state && popped(state));
  document.addEventListener("DOMContentLoaded", async () => {
    try {
      await start();
    } catch (err) {
      document.documentElement.classList.remove("js"); // the long form still works
      throw err;
    }
  });
}
