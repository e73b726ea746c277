// The copy of the survey that the worker keeps, so that it opens without a
// connection.
import { dropCaches } from "./caches.js";
import { refused } from "./store.js";

export const scope = "/survey/";

let copying = Promise.resolve(false);
let dropped = 0; // how often; a copy that was begun before is not made

// keepCopy has the worker keep the survey at that address; it tells whether it
// is kept now and was not before.
export function keepCopy(address) {
  copying = copy(address).catch((err) => {
    if (!refused(err)) throw err; // a private window, or no connection
    return false;
  });
  return copying;
}

async function copy(address) {
  const before = dropped;
  if (!("serviceWorker" in navigator)) return false;
  const isNew = !navigator.serviceWorker.controller;
  const registration = await navigator.serviceWorker.register(`${scope}sw.js`, { scope });
  if (registration.active) await registration.update();
  // This page is of the newest release, so the newest worker may serve it.
  const fresh = registration.installing || registration.waiting;
  if (registration.active && fresh) await succeed(fresh);
  const { active } = await navigator.serviceWorker.ready;
  if (dropped !== before) return false;
  const { port1, port2 } = new MessageChannel();
  const kept = await new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data.kept);
    active.postMessage({ keep: address }, [port2]);
  });
  return kept && isNew && dropped === before;
}

// succeed has a new worker take the place of the old one as soon as it is
// ready; one that could not be installed is left out.
function succeed(worker) {
  return new Promise((resolve) => {
    const follow = () => {
      if (worker.state === "installed") worker.postMessage({ takeOver: true });
      if (worker.state === "activated" || worker.state === "redundant") resolve();
    };
    worker.addEventListener("statechange", follow);
    follow();
  });
}

// dropWorker takes the worker and its copies away. A copy that is being made
// is waited for, since it would be there after all.
export async function dropWorker() {
  dropped += 1;
  await Promise.race([copying, new Promise((resolve) => setTimeout(resolve, 3000))]);
  if ("serviceWorker" in navigator) {
    const registration = await navigator.serviceWorker.getRegistration(scope);
    if (registration && registration.active) registration.active.postMessage({ forget: true });
    if (registration) await registration.unregister();
  }
  await dropCaches();
}
