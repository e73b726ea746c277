package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Queue nudges workers. A nudge never blocks and never fails: nudges that
// mean the same are sent once, and what Redis does not take the sweep finds.
type Queue struct {
	client *asynq.Client
	log    *slog.Logger

	mu      sync.Mutex
	pending map[nudge]struct{}
	wake    chan struct{}
	stopped chan struct{}
	stop    context.CancelFunc
}

type nudge struct {
	name    string
	payload payload
}

// Pauses between two rounds of sending. A referral waits for none; responses
// come by the thousand and one nudge a moment is enough for all of them.
const surveyPause = 250 * time.Millisecond

// enqueueTimeout bounds one try to reach Redis.
const enqueueTimeout = 2 * time.Second

// NewQueue starts a queue on the client. Close it to send what is pending.
func NewQueue(client redis.UniversalClient, log *slog.Logger) *Queue {
	ctx, stop := context.WithCancel(context.Background())
	q := &Queue{
		client: asynq.NewClientFromRedisClient(client), log: log,
		pending: map[nudge]struct{}{}, wake: make(chan struct{}, 1),
		stopped: make(chan struct{}), stop: stop,
	}
	go q.loop(ctx)
	return q
}

// ReferralReceived says that the referral, or an amendment to it, waits to be routed.
func (q *Queue) ReferralReceived(id uuid.UUID) { q.nudge(jobRoute, payload{Referral: id}) }

// TeamOwedNews says that a team is owed an email about the referral.
func (q *Queue) TeamOwedNews(id uuid.UUID) { q.nudge(jobTell, payload{Referral: id}) }

// ResponseReceived says that the wave's inbox has grown.
func (q *Queue) ResponseReceived(wave int64) { q.nudge(jobRelease, payload{Wave: wave}) }

// ExportAsked says that a file waits to be made.
func (q *Queue) ExportAsked(id uuid.UUID) { q.nudge(jobExport, payload{Export: id}) }

func (q *Queue) nudge(j job, p payload) {
	n := nudge{j.name, p}
	q.mu.Lock()
	_, already := q.pending[n]
	q.pending[n] = struct{}{}
	q.mu.Unlock()
	if already {
		return // it is about to go
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Queue) loop(ctx context.Context) {
	defer close(q.stopped)
	lastSurvey := time.Time{}
	var later <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			q.send(true)
			return
		case <-q.wake:
		case <-later:
		}
		surveyToo := time.Since(lastSurvey) >= surveyPause
		if held := q.send(surveyToo); held {
			later = time.After(surveyPause - time.Since(lastSurvey))
		} else if surveyToo {
			lastSurvey, later = time.Now(), nil
		}
	}
}

// send enqueues what is pending and reports whether it held survey nudges back.
func (q *Queue) send(surveyToo bool) (held bool) {
	q.mu.Lock()
	var batch []nudge
	for n := range q.pending {
		if n.name == jobRelease.name && !surveyToo {
			held = true
			continue
		}
		batch = append(batch, n)
		delete(q.pending, n)
	}
	q.mu.Unlock()
	for i, n := range batch {
		if err := q.enqueue(context.Background(), n); err != nil {
			// Redis is away: the others would only wait for it one by one.
			q.log.Warn("nudges not sent; the sweep will find them", "nudges", len(batch)-i, "error", err)
			break
		}
	}
	return held
}

func (q *Queue) enqueue(ctx context.Context, n nudge) error {
	ctx, cancel := context.WithTimeout(ctx, enqueueTimeout)
	defer cancel()
	_, err := q.client.EnqueueContext(ctx, n.job().task(n.payload))
	return err
}

// job is what the nudge asks for. A nudge holds the name alone, so that equal
// nudges are equal keys.
func (n nudge) job() job {
	for _, j := range jobs {
		if j.name == n.name {
			return j
		}
	}
	panic("worker: nudge for an unknown job " + n.name)
}

// Close sends what is pending and stops.
func (q *Queue) Close() {
	q.stop()
	<-q.stopped
}
