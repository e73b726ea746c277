// The caches of the worker. Each name is the prefix, the worker's build, the
// survey and a stamp, parted by spaces.
export const cachePrefix = "portal-survey ";

// dropCaches deletes those whose name passes; none but ours are on this
// address, so that what an older release called them does not matter.
export async function dropCaches(drop = () => true) {
  if (!self.caches) return;
  for (const name of await caches.keys()) {
    if (drop(name)) await caches.delete(name);
  }
}
