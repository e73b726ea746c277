// Package e2e tests the built portal from outside: its processes, its pages in
// a real Chromium and without any script, what survives faults, and what must
// not be found where people's words do not belong. It holds tests alone and
// uses the portal as its users do, over HTTP and by its commands; it looks
// into the ledger only for what no page may show.
package e2e
