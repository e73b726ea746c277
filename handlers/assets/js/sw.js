// The service worker of /survey/. It keeps one document of each survey that it
// is asked for, together with the very files that this document names, and
// serves them when the network does not. It answers nothing but the survey's
// own page and /static/, so that it can never stand between people and
// anything else.
import { openIndexed } from "./store.js";
import { alone, channelName, sendEntry, syncTag } from "./sender.js";
import { cachePrefix, dropCaches } from "./caches.js";

/* global BUILD -- the hash of this script, put in when it is built */
const own = `${cachePrefix}${BUILD} `;

// How long the network may take before the kept document is shown, and how
// long one try to send may take, in milliseconds.
const networkPatience = 3000;
const sendPatience = 30000;

const slugOf = (url) => {
  const match = /^\/survey\/([a-z0-9-]+)$/.exec(url.pathname);
  return match && match[1];
};

// One at a time: each drops what was kept before it.
let keeping = Promise.resolve();
function keep(address) {
  isForgetting = false;
  keeping = keeping.catch(() => {}).then(() => keepNow(address));
  return keeping;
}

// forget drops what is kept, and what is being kept while it is asked to.
let isForgetting = false;
async function forget() {
  isForgetting = true;
  await keeping.catch(() => {});
  if (isForgetting) await dropCaches();
}

// keepNow fetches the document at the address, which names no invitation, and its
// files into a cache of their own. The document goes in last: a cache that has
// none is not whole and is never served from.
async function keepNow(address) {
  const slug = slugOf(new URL(address, self.location));
  if (!slug) throw new Error("not the address of a survey");
  const answer = await fetch(address, { cache: "no-store", redirect: "error", credentials: "same-origin" });
  const html = await answer.text();
  if (!answer.ok || !html.includes("data-form")) throw new Error("the survey could not be fetched");
  const files = [...new Set(html.match(/\/static\/[\w.-]+/g))];
  const stamp = Date.now().toString(36);
  const cache = await caches.open(`${own}${slug} ${stamp}`);
  await Promise.all(
    files.map(async (file) => {
      const kept = (await caches.match(file)) || (await fetch(file));
      if (!kept.ok) throw new Error("a file of the survey could not be fetched");
      await cache.put(file, kept);
    }),
  );
  // The page has to know that its date is of the day when it was kept.
  const body = html.replace("<html ", `<html data-kept="${address}" `);
  await cache.put("/survey", new Response(body, { headers: { "Content-Type": "text/html; charset=utf-8", ...policyOf(answer) } }));
  for (const name of await caches.keys()) {
    if (name.startsWith(`${own}${slug} `) && !name.endsWith(` ${stamp}`)) await caches.delete(name);
  }
}

// What the portal says about scripts and frames holds for its kept page too.
function policyOf(answer) {
  const headers = {};
  for (const name of ["Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "Permissions-Policy"]) {
    if (answer.headers.has(name)) headers[name] = answer.headers.get(name);
  }
  return headers;
}

// keptDocument is the newest whole one.
async function keptDocument(slug) {
  const names = (await caches.keys()).filter((name) => name.startsWith(`${own}${slug} `)).sort();
  for (const name of names.reverse()) {
    const document = await (await caches.open(name)).match("/survey");
    if (document) return document;
  }
  return undefined;
}

async function page(request, slug) {
  const kept = await keptDocument(slug);
  if (!kept) return fetch(request);
  const tired = new Promise((resolve) => setTimeout(resolve, networkPatience));
  try {
    const answer = await Promise.race([fetch(request), tired]);
    return answer && answer.status < 500 ? answer : kept;
  } catch {
    return kept; // whatever is wrong with the network, this is better
  }
}

async function file(request) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(own)) continue;
    const kept = await (await caches.open(name)).match(request, { ignoreVary: true });
    if (kept) return kept;
  }
  return fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && slugOf(url)) event.respondWith(page(request, slugOf(url)));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
});

// A new worker is installed only if it could fetch all that the one before it
// keeps; until then, and if it cannot, the old one goes on serving.
self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const addresses = new Set();
      for (const name of await caches.keys()) {
        const slug = name.startsWith(cachePrefix) && !name.startsWith(own) && name.split(" ")[2];
        const document = slug && (await (await caches.open(name)).match("/survey"));
        if (document) addresses.add((/data-kept="([^"]*)"/.exec(await document.text()) || [])[1] || `/survey/${slug}`);
      }
      await Promise.all([...addresses].map(keep));
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropCaches((name) => !name.startsWith(own)));
});

self.addEventListener("message", (event) => {
  const { keep: address, forget: isLeaving, takeOver } = event.data || {};
  if (isLeaving) event.waitUntil(forget());
  if (takeOver) self.skipWaiting();
  if (!address) return;
  const reply = (kept) => event.ports[0] && event.ports[0].postMessage({ kept });
  event.waitUntil(
    keep(address).then(
      () => reply(true),
      () => reply(false), // the network: the page asks again when it is opened
    ),
  );
});

// Background Sync, where there is one: the browser calls when the connection
// is back, even if the page has been closed.
self.addEventListener("sync", (event) => {
  if (event.tag === syncTag) event.waitUntil(sendAll());
});

async function sendAll() {
  const store = await openIndexed();
  if (!store) return;
  let left = false;
  for (const { slug, entry } of await store.all()) {
    if (!entry || entry.refused) continue;
    const outcome = await alone(() => sendEntry(store, slug, sendPatience));
    if (!outcome || outcome.state === "later") left = true;
    if (outcome && outcome.state === "received") {
      const channel = new BroadcastChannel(channelName);
      channel.postMessage({ slug, say: "received" });
      channel.close();
    }
  }
  if (left) throw new Error("not all could be sent"); // the browser calls again
  if ((await store.all()).length === 0) {
    await store.wipe();
    await dropCaches();
    await self.registration.unregister();
  }
}
