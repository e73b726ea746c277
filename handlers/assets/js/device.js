// What is kept on the device where the phone is somebody's own: the draft, what
// waits to be sent, and a copy of the survey, which the worker has.
import { beganNow, isExpired } from "./age.js";
import { dropCaches } from "./caches.js";
import { alone, channelName, sendEntry, syncTag } from "./sender.js";
import { pace } from "./pace.js";
import { isFull, openStore, refused } from "./store.js";

const scope = "/survey/";

// openDevice gives what the page may do with the device. today is the server's
// date, "" if it is not known. The page hears of
//   state(name, facts)  sending, on_phone {busy}, received {duplicate}, refused
//   trouble(word)       not_saved or storage_full
//   received() by somebody else: the worker, or another tab
//   otherTab(), wiped()
export async function openDevice(slug, today, page) {
  const store = await openStore();
  const channel = window.BroadcastChannel ? new BroadcastChannel(channelName) : null;
  const say = (what) => channel && channel.postMessage({ slug, say: what });
  const stopSending = new AbortController();
  let key = "";
  let sending = false;
  let tries = 0;
  let timer = 0;

  // change edits this draft's record and gives it. Where the device refuses, or
  // another tab has put another draft in its place, the page is told and it
  // gives undefined.
  async function change(edit, durability) {
    if (!store || !key) return undefined;
    const isOurs = (r) => r && r.key === key;
    const record = await write((r) => (isOurs(r) ? edit(r) : r), durability);
    if (isOurs(record)) return record;
    if (record !== null) page.trouble("not_saved");
    return undefined;
  }

  // write gives what store.change does, or null where the device refuses.
  async function write(edit, durability) {
    try {
      return await store.change(slug, edit, durability);
    } catch (err) {
      if (!refused(err)) throw err;
      page.trouble(isFull(err) ? "storage_full" : "not_saved");
      return null;
    }
  }

  async function found() {
    const record = store && (await store.get(slug));
    if (!record) return {};
    if (record.entry) {
      key = record.key;
      return { record };
    }
    if (isExpired(record.begun, today)) {
      await store.change(slug, () => undefined);
      return { expired: true };
    }
    return Object.keys(record.answers).length ? { record } : {};
  }

  // send tries, and again later if it has to. Only a try that somebody sees
  // says that it is under way: the others would talk into what they read.
  async function send(seen) {
    clearTimeout(timer);
    timer = 0;
    if (sending) return;
    sending = true;
    if (seen) page.state("sending");
    const outcome = await alone(() => sendEntry(store, slug, pace.patience, stopSending.signal));
    sending = false;
    if (stopSending.signal.aborted) return;
    if (!outcome) {
      timer = setTimeout(send, 1000); // another tab or the worker is at it
      return;
    }
    if (outcome.state === "later") {
      if (!tries) askWorker();
      tries += 1;
      const pause = outcome.after * 1000 || Math.min(pace.longestPause, pace.firstPause * 2 ** (tries - 1));
      timer = setTimeout(send, pause * (1 + Math.random() / 2)); // not all phones at once
      page.state("on_phone", { busy: [429, 503].includes(outcome.status) });
      return;
    }
    tries = 0;
    if (outcome.state === "received") {
      say("received");
      await tidy();
    }
    if (outcome.state === "gone") page.received();
    else page.state(outcome.state, outcome);
  }

  // tidy takes away the copy of the survey too, unless another one needs it.
  async function tidy() {
    if ((await store.all()).length) return;
    await wipeAll();
  }

  async function wipeAll() {
    if (store) await store.wipe();
    await dropWorker();
  }

  function sendAgain() {
    if (timer && !sending) send(false);
  }

  if (channel) {
    channel.addEventListener("message", ({ data }) => {
      if (data.slug !== slug) return;
      if (data.say === "hello") say("here");
      if (data.say === "hello" || data.say === "here") page.otherTab();
      // Another tab, or the worker on behalf of this one.
      if (data.say === "received" && key && !sending) page.received();
      if (data.say === "wiped" && key) page.wiped();
    });
  }
  window.addEventListener("online", sendAgain);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") sendAgain();
  });
  if (!store) page.trouble("not_saved");

  return {
    keeps: Boolean(store),
    isKeeping: () => Boolean(key),
    found: await found(),
    // begin starts a draft, or takes up the one that another tab has begun;
    // it gives the record that there is now, null if there can be none.
    async begin(draft) {
      say("hello");
      if (!store) return null;
      const isEmpty = (r) => !r || !Object.keys(r.answers).length;
      const fresh = { answers: {}, ...draft, begun: beganNow(today) };
      const record = await write((r) => (isEmpty(r) ? { ...r, ...fresh, key: r ? r.key : draft.key } : r));
      if (record) key = record.key;
      return record;
    },
    // adopt takes up another tab's draft in the place of this one's.
    adopt(record) {
      key = record.key;
    },
    // carryOn takes up the draft that was found.
    carryOn(record) {
      key = record.key;
      say("hello");
      // A draft begun without a connection learns the server's date late.
      if (today && !record.begun.day) change((r) => ({ ...r, begun: beganNow(today) }));
    },
    save: (field, answer) => change((r) => ({ ...r, answers: { ...r.answers, [field]: answer } })),
    note: (facts) => change((r) => ({ ...r, ...facts })),
    // now is the record as it is, with what other tabs have written; undefined
    // where there is none.
    now: () => (store ? store.get(slug) : undefined),
    async startAgain() {
      await store.change(slug, () => undefined);
    },
    // finish puts what is to be sent into the queue, in the transaction that
    // ends the draft; false if the device refuses.
    async finish(entry) {
      const record = await change((r) => ({ ...r, entry: { key, ...entry } }), "strict");
      return Boolean(record && record.entry);
    },
    send,
    reopen: () => change((r) => ({ ...r, entry: null })),
    async wipe() {
      stopSending.abort();
      clearTimeout(timer);
      await wipeAll();
      say("wiped");
      if (channel) channel.close();
    },
    keepCopy,
    dropWorker,
  };
}

// askWorker has the browser wake the worker once there is a connection, where
// it can; where it may not, the page tries by itself.
async function askWorker() {
  const worker = navigator.serviceWorker && (await navigator.serviceWorker.getRegistration(scope));
  if (worker && worker.sync) await worker.sync.register(syncTag).catch(() => {});
}

let copying = Promise.resolve(false);

// keepCopy has the worker keep the survey at that address; it tells whether it
// is kept now and was not before.
function keepCopy(address) {
  copying = copy(address).catch((err) => {
    if (!refused(err)) throw err; // a private window, or no connection
    return false;
  });
  return copying;
}

async function copy(address) {
  if (!("serviceWorker" in navigator)) return false;
  const before = Boolean(navigator.serviceWorker.controller);
  const registration = await navigator.serviceWorker.register(`${scope}sw.js`, { scope });
  if (registration.active) await registration.update();
  // This page is of the newest release, so the newest worker may serve it.
  const fresh = registration.installing || registration.waiting;
  if (registration.active && fresh) await succeed(fresh);
  const { active } = await navigator.serviceWorker.ready;
  const { port1, port2 } = new MessageChannel();
  const kept = await new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data.kept);
    active.postMessage({ keep: address }, [port2]);
  });
  return kept && !before;
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
async function dropWorker() {
  await Promise.race([copying, new Promise((resolve) => setTimeout(resolve, 3000))]);
  if ("serviceWorker" in navigator) {
    const registration = await navigator.serviceWorker.getRegistration(scope);
    if (registration) await registration.unregister();
  }
  await dropCaches();
}
