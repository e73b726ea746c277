// Package worker does what need not happen before an answer is given: it
// routes referrals, tells teams, and releases survey responses. It is the
// only package that knows asynq. Tasks are nudges that carry ids: what is due
// is read from the ledger, every job may run twice, and the sweep finds what
// no nudge told of.
package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
)

// The queues. Each has a server of its own, so that neither a storm of survey
// responses nor a slow mail server delays a referral.
const (
	queueReferrals = "referrals"
	queueMail      = "mail"
	queueSurvey    = "survey"
	queueIndex     = "index"
	queueExports   = "exports"
)

// server is an asynq server that a worker runs.
type server struct {
	queue       string
	concurrency int
	// poll is how long an idle server waits before it looks again.
	poll time.Duration
}

var servers = []server{
	{queueReferrals, 4, 100 * time.Millisecond},
	{queueMail, 2, 100 * time.Millisecond},
	{queueSurvey, 1, 500 * time.Millisecond},
	{queueIndex, 1, time.Second},
	{queueExports, 1, time.Second},
}

// job is one kind of task. No name may begin with another: asynq's mux
// matches prefixes.
type job struct {
	name  string
	queue string
	run   func(*Worker, context.Context, payload) error
	// timeout is how long it may take; 0 is jobTimeout.
	timeout time.Duration
}

const jobTimeout = 30 * time.Second

// payload carries ids only.
type payload struct {
	Referral uuid.UUID `json:"referral,omitzero"`
	Wave     int64     `json:"wave,omitempty"`
	Export   uuid.UUID `json:"export,omitzero"`
}

// The jobs: THE list. What finds their work when no nudge did is sweep.
var (
	jobRoute   = job{name: "referral:route", queue: queueReferrals, run: (*Worker).route}
	jobTell    = job{name: "referral:tell", queue: queueMail, run: (*Worker).tell}
	jobRelease = job{name: "survey:release", queue: queueSurvey, run: (*Worker).release}
	jobIndex   = job{name: "survey:index", queue: queueIndex, run: (*Worker).index}
	jobExport  = job{name: "export:build", queue: queueExports, run: (*Worker).export, timeout: exportTimeout}

	jobs = []job{jobRoute, jobTell, jobRelease, jobIndex, jobExport}
)

// task makes the asynq task of a nudge. It is tried again only once: the
// sweep is the better memory.
func (j job) task(p payload) *asynq.Task {
	raw, err := json.Marshal(p)
	if err != nil {
		panic("worker: a payload is always encodable: " + err.Error())
	}
	return asynq.NewTask(j.name, raw, asynq.Queue(j.queue), asynq.MaxRetry(1), asynq.Timeout(cmp.Or(j.timeout, jobTimeout)))
}

// handler makes the asynq side of the jobs of one queue.
func (w *Worker) handler(queue string) asynq.Handler {
	mux := asynq.NewServeMux()
	for _, j := range jobs {
		if j.queue != queue {
			continue
		}
		mux.HandleFunc(j.name, func(ctx context.Context, task *asynq.Task) error {
			var p payload
			if err := json.Unmarshal(task.Payload(), &p); err != nil {
				return fmt.Errorf("read payload of %s: %w: %w", j.name, err, asynq.SkipRetry)
			}
			return w.runJob(ctx, j, p)
		})
	}
	return mux
}
