// What is kept on the device where the phone is somebody's own: the draft, what
// waits to be sent, and a copy of the survey, which the worker has.
import { beganNow, isExpired } from "./age.js";
import { attempt } from "./attempt.js";
import { dropWorker, keepCopy, scope } from "./copy.js";
import { alone, channelName, sendEntry, syncTag } from "./sender.js";
import { mark } from "./mark.js";
import { pace } from "./pace.js";
import { isFull, openStore, refused } from "./store.js";

// How often this page waits for somebody else who is sending, before it sends
// too: a tab that the phone has put to sleep may hold the lock. It does no
// harm, as the key is the same.
const mostTurns = 40;

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
  let inHand = null; // what is to be sent, whatever the device does
  let sending = false;
  let turns = 0;
  let tries = 0;
  let timer = 0;

  const isOurs = (r) => r && r.key === key;

  // change edits this draft's record and gives it. Where the device refuses, or
  // another tab has put another draft in its place, the page is told and it
  // gives undefined.
  async function change(edit, durability) {
    if (!store || !key) return undefined;
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

  // now is the record as it is, with what other tabs have written; undefined
  // where there is none.
  async function now() {
    try {
      return store ? await store.get(slug) : undefined;
    } catch (err) {
      if (!refused(err)) throw err;
      page.trouble("not_saved");
      return undefined;
    }
  }

  // found is what was kept before. What was finished waits for as long as it
  // takes; what was begun, or refused by the portal, goes after its time.
  async function found() {
    const record = await now();
    if (!record) return {};
    const { begun, entry } = record;
    const isOld = isExpired((entry && entry.refused && entry.refused.at) || begun, today);
    if (entry && !(isOld && entry.refused)) {
      takeInHand(record);
      return { record };
    }
    if (isOld) {
      await write(() => undefined);
      return { expired: true };
    }
    // A draft begun without a connection learns the server's date late.
    if (today && !begun.day) await write((r) => r && { ...r, begun: { ...r.begun, day: today } });
    return Object.keys(record.answers).length ? { record } : {};
  }

  function takeInHand(record) {
    key = record.key;
    inHand = record.entry || null;
  }

  // send tries, and again later if it has to. Only a try that somebody sees
  // says that it is under way: the others would talk into what they read.
  async function send(seen) {
    clearTimeout(timer);
    timer = 0;
    if (sending) return;
    sending = true;
    if (seen) page.state("sending");
    const outcome = await tryToSend();
    if (stopSending.signal.aborted) return;
    if (!outcome) {
      timer = setTimeout(send, pace.turn); // another tab or the worker is at it
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

  // tryToSend gives what sendEntry does, or undefined while somebody else is at
  // it. Where the device has nothing any more, another tab has sent it or the
  // browser has cleared it away: only the portal knows, and takes it once.
  async function tryToSend() {
    const once = () => sendEntry(store, slug, pace.patience, stopSending.signal);
    try {
      const outcome = await (turns > mostTurns ? once() : alone(once));
      turns = outcome ? 0 : turns + 1;
      if (!outcome || outcome.state !== "gone" || !inHand) return outcome;
    } catch (err) {
      if (!refused(err)) throw err;
    } finally {
      sending = false;
    }
    return sendFromHand();
  }

  async function sendFromHand() {
    if (!inHand || stopSending.signal.aborted) return { state: "later", status: 0, after: 0 };
    sending = true;
    const outcome = await attempt(`/survey/${slug}`, inHand.body, pace.patience, stopSending.signal);
    sending = false;
    if (outcome.state === "received") await forget();
    return { ...outcome, duplicate: false };
  }

  // forget drops this draft's record, which has been received.
  const forget = () => write((r) => (isOurs(r) ? undefined : r));

  // tidy takes away the copy of the survey too, unless another one needs it.
  async function tidy() {
    try {
      if (!(await store.all()).length) await wipeAll();
    } catch (err) {
      if (!refused(err)) throw err;
    }
  }

  async function wipeAll() {
    if (store) await store.wipe();
    await dropWorker();
  }

  function sendAgain() {
    if (timer && !sending && !stopSending.signal.aborted) send(false);
  }

  if (channel) {
    channel.addEventListener("message", ({ data }) => {
      if (data.slug !== slug) return;
      if (data.say === "hello") say("here");
      if (data.say === "hello" || data.say === "here") page.otherTab();
      // Another tab, or the worker on behalf of this one.
      if (data.say === "received" && key && !sending) {
        clearTimeout(timer);
        timer = 0;
        inHand = null;
        page.received();
      }
      if (data.say === "wiped" && key) page.wiped();
    });
  }
  // Without a channel all that is heard is that nothing is kept any more.
  window.addEventListener("storage", (event) => {
    if (channel || !key || event.key !== mark || event.newValue) return;
    inHand = null;
    location.reload();
  });
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
      const { invitation, collector } = draft.hidden;
      const came = (r) => (invitation || collector ? draft.hidden : { ...draft.hidden, ...r.hidden });
      const fresh = { answers: {}, ...draft, begun: beganNow(today) };
      const record = await write((r) => (isEmpty(r) ? { ...r, ...fresh, ...(r && { key: r.key, hidden: came(r) }) } : r));
      if (record) takeInHand(record);
      return record;
    },
    // adopt takes up another tab's draft in the place of this one's.
    adopt: takeInHand,
    // carryOn takes up the draft that was found.
    carryOn(record) {
      key = record.key;
      say("hello");
    },
    save: (field, answer) => change((r) => ({ ...r, answers: { ...r.answers, [field]: answer } })),
    note: (facts) => change((r) => ({ ...r, ...facts })),
    now,
    // startAgain drops the draft, unless another tab has finished it meanwhile.
    startAgain: () => write((r) => (r && r.entry ? r : undefined)),
    // finish puts what is to be sent into the queue, in the transaction that
    // ends the draft; false if the device refuses.
    async finish(entry) {
      const record = await change((r) => ({ ...r, entry: { key, ...entry } }), "strict");
      if (!record || !record.entry) {
        // It may come to pass after all, and is put right then.
        if (store && key) store.change(slug, (r) => (isOurs(r) ? { ...r, entry: null } : r)).catch(() => {});
        return false;
      }
      takeInHand(record);
      return true;
    },
    send,
    // sent is for answers that the page has sent by itself.
    async sent() {
      if (!key) return;
      await forget();
      say("received");
      await tidy();
    },
    reopen() {
      inHand = null;
      return change((r) => ({ ...r, begun: beganNow(today), entry: null }));
    },
    // letGo leaves the record as it is, to another visit.
    letGo() {
      key = "";
      inHand = null;
    },
    async wipe() {
      stopSending.abort();
      clearTimeout(timer);
      timer = 0;
      key = "";
      inHand = null;
      say("wiped");
      await wipeAll();
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
