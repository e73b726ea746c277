package worker

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"intake/internal/store"
)

// What workers tell of themselves. No label names a wave, a referral or a person.
var (
	jobSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "portal_job_seconds", Help: "How long jobs took, in seconds. The outcome is done, failed, or gone: there was nothing to do it to any more.",
		Buckets: []float64{.005, .02, .1, .5, 2, 10, 30, 300, 1800},
	}, []string{"job", "outcome"})
	sweepFound = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "portal_sweep_found_total", Help: "How much work the sweep found in the ledger and asked for again, by job.",
	}, []string{"job"})
	sweepSeconds = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "portal_sweep_seconds", Help: "How long sweeps took, in seconds.",
		Buckets: []float64{.005, .02, .1, .5, 1, 2, 5, 10, 15},
	})
	sweepLeads = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "portal_sweep_leader", Help: "Whether this process leads the sweep, 1, or another does, or nobody can, 0.",
	})
	sweepDone = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "portal_sweep_last_success_timestamp_seconds", Help: "When this process last finished a sweep without a fault, in seconds since 1970; 0 if never.",
	})
	inboxWait = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "portal_inbox_wait_seconds", Help: "For how long, by what this process has seen, enough responses of a wave have waited for their release, in seconds: the longest of all waves; 0 if none do.",
	})
)

// The outcomes of a job.
const (
	outcomeDone   = "done"
	outcomeFailed = "failed"
	outcomeGone   = "gone"
)

// startMetrics makes the counts of a worker begin at 0 rather than at their
// first event, which nobody would see as a change.
func startMetrics() {
	for _, j := range jobs {
		sweepFound.WithLabelValues(j.name)
		for _, outcome := range []string{outcomeDone, outcomeFailed, outcomeGone} {
			jobSeconds.WithLabelValues(j.name, outcome)
		}
	}
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomeDone
	case errors.Is(err, store.ErrNotFound):
		return outcomeGone
	}
	return outcomeFailed
}

// ready is a wave that the sweep found with enough for a release: since when,
// and how many releases it had then.
type ready struct {
	since time.Time
	mark  store.ReleaseMark
}

// inboxWaited is for how long enough has waited for a release, in the wave where
// that is longest. The inbox keeps no times, on purpose, so it is what this
// worker has seen: a wave that has had a release since begins anew, however much
// has come in meanwhile.
func (w *Worker) inboxWaited(ctx context.Context, waves []int64, seen map[int64]ready, now time.Time) (time.Duration, error) {
	var marks map[int64]store.ReleaseMark
	if len(waves) > 0 {
		var err error
		if marks, err = w.Store.ReleaseMarks(ctx); err != nil {
			return 0, err
		}
	}
	before := maps.Clone(seen)
	clear(seen)
	longest := time.Duration(0)
	for _, id := range waves {
		r, known := before[id]
		if !known || r.mark != marks[id] {
			r = ready{now, marks[id]}
		}
		seen[id] = r
		longest = max(longest, now.Sub(r.since))
	}
	return longest, nil
}
