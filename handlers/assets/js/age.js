// How old a draft is. Drafts live for seven days; a phone's clock may be wrong
// by a year, and neither wipes what is young nor keeps what is old for ever.
const lifetime = 7;
const longest = 60;
const day = 24 * 60 * 60 * 1000;

// beganNow is when a draft begins. today is the server's date, or "" where the
// document came from the worker, so that its date is of an earlier day.
export const beganNow = (today) => ({ day: today, clock: Date.now() });

// isExpired compares the server's dates where both are known. Otherwise there
// is only the phone's clock: a difference that no draft can have, because it
// is negative or more than 60 days, means that the clock is wrong or was put
// right in between, and wipes nothing.
export function isExpired(began, today) {
  if (began.day && today) return (Date.parse(today) - Date.parse(began.day)) / day > lifetime;
  const days = (Date.now() - began.clock) / day;
  return days > lifetime && days <= longest;
}
