//go:build race

package worker

// Under the race detector memory says nothing.
const raceDetector = true
