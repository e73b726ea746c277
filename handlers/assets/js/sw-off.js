// What the portal serves in the place of its worker when an operator switches
// it off: it takes the worker and its copies away. Drafts, and answers that
// wait to be sent, stay: the page sends them.
import { dropCaches } from "./caches.js";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil(dropCaches().then(() => self.registration.unregister()));
});
