// What is kept on the device: one record for each survey, in IndexedDB or, in
// its place, in localStorage. The page and the worker share it. A record:
//
//   slug     the survey, and the record's key
//   key      the submission key of the draft, the same in every tab
//   answers  by question, each a list of values by wire name
//   place    the screen where the person is
//   begun    {day, clock}: when the draft began, by the server's date ("" if
//            it was not known) and by the phone's clock in milliseconds
//   hidden   the address's collector and invitation
//   version  of the definition that the answers were given to
//   entry    what was finished and waits to be sent, if anything:
//            {key, body, lang, version, tried, refused}; refused is the portal's
//            answer and, as at, when that came, like begun
//
// Fields that this release does not know stay as they are: a newer or older
// one may have written them. A change of this shape raises `shape` and is made
// in upgrade, so that no release loses what another has kept.
import { deleteDB, openDB } from "idb";
import { mark } from "./mark.js";

const database = "portal-survey";
const shape = 1;
const table = "surveys";

// openStore gives what the device lets us use, or null. get reads a record;
// change replaces it by what a function makes of it, in one transaction, so
// that tabs never overwrite each other: undefined removes it.
export async function openStore() {
  const isMarked = hasMark();
  // Where something is kept already, a second try is worth the wait.
  const indexed = (await openIndexed()) || (isMarked && (await openIndexed()));
  if (!indexed) return openLocal();
  await asFarAsItGoes(takeOver(indexed));
  return indexed;
}

// takeOver moves what was kept in localStorage while IndexedDB did not answer.
async function takeOver(indexed) {
  for (const name of localNames()) {
    const { slug, ...record } = JSON.parse(self.localStorage.getItem(name));
    await indexed.change(slug, (r) => r || record);
    self.localStorage.removeItem(name);
  }
}

// openIndexed gives null where IndexedDB is refused.
export async function openIndexed() {
  let db = null;
  let isWiped = false;

  async function connect() {
    if (isWiped) throw new DOMException("wiped", "AbortError");
    const opening = openDB(database, shape, {
      upgrade(fresh, from) {
        if (from < 1) fresh.createObjectStore(table, { keyPath: "slug" });
      },
      blocking: (from, to, event) => event.target.close(), // another tab wipes or upgrades it
    });
    try {
      db = await inTime(opening);
    } catch (err) {
      opening.then((late) => late.close()).catch(() => {});
      throw err;
    }
  }

  // run has a connection do something, and a new one where the browser has
  // closed it.
  async function run(task) {
    try {
      return await inTime(task());
    } catch (err) {
      if (err.name !== "InvalidStateError") throw err;
      await connect();
      return inTime(task());
    }
  }

  try {
    await connect();
  } catch (err) {
    if (!refused(err)) throw err;
    return null;
  }
  return {
    get: (slug) => run(() => db.get(table, slug)),
    all: () => run(() => db.getAll(table)),
    change: (slug, edit, durability = "relaxed") =>
      run(async () => {
        const tx = db.transaction(table, "readwrite", { durability });
        const before = await tx.store.get(slug);
        const after = edit(before);
        if (after && after !== before) await tx.store.put({ ...after, slug });
        if (!after && before) await tx.store.delete(slug);
        await tx.done;
        if (after) leaveMark();
        return after;
      }),
    // wipe empties it first: to delete it takes that no tab has it open.
    async wipe() {
      await asFarAsItGoes(run(() => db.clear(table)));
      isWiped = true;
      db.close();
      await erase();
    },
  };
}

// How long the device may take, in milliseconds. Browsers have bugs by which
// IndexedDB never answers, and people must not wait for it.
const patience = 3000;

const asFarAsItGoes = (promise) =>
  promise.catch((err) => {
    if (!refused(err)) throw err;
  });

function inTime(promise) {
  let timer = 0;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new DOMException("the device does not answer", "TimeoutError")), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// openLocal keeps each record as one text. Reading and writing it is one step,
// so that it needs no transaction.
function openLocal() {
  try {
    const storage = window.localStorage;
    storage.setItem(mark, "kept");
    const place = (slug) => `${mark}:${slug}`;
    const get = async (slug) => JSON.parse(storage.getItem(place(slug))) || undefined;
    return {
      get,
      all: () => Promise.all(localNames().map((name) => get(name.slice(mark.length + 1)))),
      async change(slug, edit) {
        const after = edit(JSON.parse(storage.getItem(place(slug))) || undefined);
        if (after) storage.setItem(place(slug), JSON.stringify({ ...after, slug }));
        else storage.removeItem(place(slug));
        return after;
      },
      wipe: erase,
    };
  } catch (err) {
    if (!refused(err)) throw err;
    return null;
  }
}

// Browsers refuse storage in their own ways, always with a DOMException but
// where there is no such thing at all.
export const refused = (err) => err instanceof DOMException || err instanceof TypeError || err instanceof ReferenceError;

// isFull tells a refusal for want of room.
export const isFull = (err) => err instanceof DOMException && /quota|file/i.test(err.name);

function hasMark() {
  try {
    return Boolean(window.localStorage.getItem(mark));
  } catch (err) {
    if (!refused(err)) throw err;
    return false;
  }
}

function leaveMark() {
  try {
    self.localStorage.setItem(mark, "kept");
  } catch (err) {
    if (!refused(err)) throw err; // a worker has none, and a browser may refuse it
  }
}

// localNames are those of the records in localStorage.
function localNames() {
  try {
    return Object.keys(self.localStorage).filter((name) => name.startsWith(`${mark}:`));
  } catch (err) {
    if (!refused(err)) throw err;
    return [];
  }
}

// erase takes away all that is kept, wherever it is.
async function erase() {
  for (const name of localNames()) self.localStorage.removeItem(name);
  try {
    self.localStorage.removeItem(mark);
  } catch (err) {
    if (!refused(err)) throw err;
  }
  try {
    await inTime(deleteDB(database));
  } catch (err) {
    if (!refused(err)) throw err;
  }
}
