// The results page shows new figures by itself when responses are released.
// Nothing is asked for in between: the server tells (server-sent events).

const live = document.querySelector("[data-live]");
const news = document.querySelector("[data-news]");

// Fetches the page anew and puts its figures in the place of those shown, if
// they differ: responses may have been released of which nothing is shown yet.
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
  if (!fresh || fresh.innerHTML === live.innerHTML) return; // nothing that may be shown has changed
  // Whoever reads or types in there is not thrown out.
  const at = live.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : "";
  live.replaceChildren(...fresh.childNodes);
  if (at) document.getElementById(at)?.querySelector("a, button, input")?.focus();
  const time = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  news.textContent = `New responses were released. These figures are from ${time}.`;
}

if (live?.dataset.live && "EventSource" in window) {
  const stream = new EventSource(live.dataset.live);
  stream.addEventListener("released", () => renew().catch(() => {}));
  stream.addEventListener("end", () => {
    stream.close();
    news.textContent = "These figures do not refresh by themselves any more. Load the page again for new ones.";
  });
}
