// How long one try to send may take, the pauses after tries that failed, and the
// one while somebody else is sending, in milliseconds. Tests that wait for many
// failures put a quicker pace on the window before the page loads.
export const pace = { patience: 30000, firstPause: 2000, longestPause: 300000, turn: 1000, ...window.portalPace };
