package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// appendWait measures Append, appendedTogether its rounds, and appendRefused
// counts what it does not take on.
var (
	appendedTogether = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "portal_append_round_responses", Help: "How many survey responses were committed together.",
		Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256},
	})
	appendWait = promauto.NewHistogram(prometheus.HistogramOpts{
		Name: "portal_append_wait_seconds", Help: "How long a survey response waited, from lining up until it was committed or refused, in seconds.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
	appendRefused = promauto.NewCounter(prometheus.CounterOpts{
		Name: "portal_append_refused_total", Help: "How many survey responses were sent back for a moment, because too many others were waiting to be committed.",
	})
)

// measureAppend is deferred by Append with when it began and its error.
func measureAppend(begun time.Time, err *error) {
	if errors.Is(*err, ErrOverloaded) {
		appendRefused.Inc()
		return
	}
	appendWait.Observe(time.Since(begun).Seconds())
}

// What the collector tells at each scrape.
var (
	waitingResponses = prometheus.NewDesc("portal_append_waiting_responses", "Survey responses in this process that wait to be committed.", nil, nil)
	waitingBytes     = prometheus.NewDesc("portal_append_waiting_bytes", "What the survey responses weigh in this process that wait to be committed, in bytes.", nil, nil)

	ledgerUp          = prometheus.NewDesc("portal_postgres_up", "Whether PostgreSQL told this process within 2 seconds what is due: 1 if so, 0 if not.", nil, nil)
	inboxResponses    = prometheus.NewDesc("portal_inbox_responses", "Survey responses that wait to be released, in whole tens of each wave.", nil, nil)
	indexLag          = prometheus.NewDesc("portal_index_lag_responses", "Released survey responses that are in no stored chunk of the index of results.", nil, nil)
	unroutedReferrals = prometheus.NewDesc("portal_referrals_unrouted", "Referrals that no worker has given to a team yet.", nil, nil)
	oldestUnrouted    = prometheus.NewDesc("portal_referrals_oldest_unrouted_seconds", "How long the oldest referral without a team has waited, in seconds; 0 if there is none.", nil, nil)
	unroutedAmended   = prometheus.NewDesc("portal_amendments_unrouted", "Later additions to referrals that no worker has looked at yet.", nil, nil)
	emailsOwed        = prometheus.NewDesc("portal_emails_owed", "Emails that teams are owed and that are not sent yet.", nil, nil)
	emailsFailed      = prometheus.NewDesc("portal_emails_failed", "Emails that teams are owed and that could not be sent so far, at least once.", nil, nil)

	ledgerMetrics = []*prometheus.Desc{waitingResponses, waitingBytes, ledgerUp, inboxResponses, indexLag,
		unroutedReferrals, oldestUnrouted, unroutedAmended, emailsOwed, emailsFailed}
)

const (
	// backlogPatience bounds the statements of one scrape.
	backlogPatience = 2 * time.Second
	// backlogMemory is how long what they told is told again, so that many
	// who scrape cost no more than one.
	backlogMemory = 5 * time.Second
)

// collector tells Prometheus what waits in this process, and what the ledger
// shows as due.
type collector struct {
	store *Store
	now   func() time.Time

	mu     sync.Mutex
	last   *Backlog // nil if the ledger did not tell
	lastAt time.Time
}

// Collector tells Prometheus what waits to be committed by this Store, and
// what the ledger shows as due. A scrape never takes longer than 2 seconds.
func (s *Store) Collector(now func() time.Time) prometheus.Collector {
	return &collector{store: s, now: now}
}

// Describe is part of prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range ledgerMetrics {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	tell := func(what *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(what, prometheus.GaugeValue, value)
	}
	responses, bytes := c.store.rounds.size()
	tell(waitingResponses, float64(responses))
	tell(waitingBytes, float64(bytes))
	b := c.backlog()
	if b == nil {
		tell(ledgerUp, 0)
		return
	}
	tell(ledgerUp, 1)
	tell(inboxResponses, float64(b.Inbox))
	tell(indexLag, float64(b.Unindexed))
	tell(unroutedReferrals, float64(b.Unrouted))
	oldest := 0.
	if b.UnroutedSince != nil {
		// Another machine's clock may be ahead.
		oldest = max(0, c.now().Sub(*b.UnroutedSince).Seconds())
	}
	tell(oldestUnrouted, oldest)
	tell(unroutedAmended, float64(b.Amendments))
	tell(emailsOwed, float64(b.EmailsOwed))
	tell(emailsFailed, float64(b.FailedEmails))
}

// backlog asks the ledger, unless it has told lately; nil if it does not tell.
func (c *collector) backlog() *Backlog {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); c.lastAt.IsZero() || now.Sub(c.lastAt) >= backlogMemory {
		// A scrape is nobody's request.
		ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
		defer cancel()
		// What is wrong is in the log of whoever needs the ledger for more.
		c.last, _ = c.store.Backlog(ctx)
		c.lastAt = now
	}
	return c.last
}

// size is how much waits for a round or is in one.
func (r *rounds) size() (responses, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken, r.bytes
}
