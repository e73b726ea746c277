// mark stands in localStorage for all that is kept in IndexedDB: the page's
// small first script must know at once whether there may be anything.
export const mark = "portal-survey";
