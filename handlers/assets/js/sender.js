// Sends what was finished, from the page or from the worker: the same code and
// the same key, so that it does not matter which of them gets through.
import { beganNow } from "./age.js";
import { attempt } from "./attempt.js";

// sendEntry tries once to send what the survey's record holds. It gives what
// attempt does, or {state: "gone"} where nothing waits any more: another tab,
// or the worker, has sent it.
export async function sendEntry(store, slug, patience, signal) {
  const record = await store.get(slug);
  const entry = record && record.entry;
  if (!entry) return { state: "gone" };
  if (entry.refused) return entry.refused;
  const sameEntry = (r) => r && r.entry && r.entry.key === entry.key;
  const edit = (facts) => store.change(slug, (r) => (sameEntry(r) ? { ...r, entry: { ...r.entry, ...facts } } : r));
  if (!entry.tried) await edit({ tried: true });
  const outcome = await attempt(`/survey/${slug}`, entry.body, patience, signal);
  // What had arrived already came by an earlier try of ours, of which nobody
  // heard.
  if (entry.tried) outcome.duplicate = false;
  if (outcome.state === "received") {
    await store.change(slug, (r) => (sameEntry(r) ? undefined : r));
  } else if (outcome.state === "refused") {
    await edit({ refused: { ...outcome, at: beganNow("") } });
  }
  return outcome;
}

// alone runs a task unless another tab or the worker is at it; then it gives
// undefined. Browsers without locks run it: sending twice does no harm.
export function alone(task) {
  if (!navigator.locks) return task();
  return navigator.locks.request("portal-survey-send", { ifAvailable: true }, (lock) => (lock ? task() : undefined));
}

export const syncTag = "portal-survey-send";
export const channelName = "portal-survey";
