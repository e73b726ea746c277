// Package routing decides which team a referral goes to and by when each step
// is due. Here belong the plain facts that a rule may name, rule sets and
// their prover, the calendar of office hours and the clocks. It is pure: no
// database, no queue, and no time but the one it is given.
package routing
