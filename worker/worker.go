package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"intake/internal/counting"
	"intake/internal/routing"
	"intake/internal/store"
)

// Worker runs the jobs. Any number of workers may run at once.
type Worker struct {
	Store *store.Store
	// Referrals is the ledger for referrals, and for the sweep that looks for
	// them, with connections that nothing else uses.
	Referrals *store.Store
	Redis     redis.UniversalClient
	Queue     *Queue
	Rules     *routing.RuleSet
	Calendar  *routing.Calendar
	Mailer    *Mailer
	Counter   counting.Counter
	// DutyTeam is told of every P1 that arrives out of hours, and may read it,
	// whatever the rules say; "" if there is none.
	DutyTeam string
	Log      *slog.Logger
	Now      func() time.Time

	forgetting forgetting
}

// Run works until ctx is done, then finishes the tasks at hand.
func (w *Worker) Run(ctx context.Context) {
	startMetrics()
	w.forgetting.owe(store.Inboxes...) // of whoever worked before
	var running sync.WaitGroup
	for _, s := range servers {
		running.Go(func() { w.serve(ctx, s) })
	}
	running.Go(func() { w.sweepUntil(ctx) })
	running.Wait()
}

// serve runs one asynq server until ctx is done. Redis may come later than
// the worker, and go and come back: asynq keeps asking for it, and the sweep
// works without it meanwhile.
func (w *Worker) serve(ctx context.Context, s server) {
	running := asynq.NewServerFromRedisClient(w.Redis, asynq.Config{
		Concurrency:       s.concurrency,
		Queues:            map[string]int{s.queue: 1},
		TaskCheckInterval: s.poll,
		// A nudge that failed is soon tried again; the sweep does the rest.
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return time.Second },
		DelayedTaskCheckInterval: time.Second,
		Logger:                   asynqLog{w.Log},
		LogLevel:                 asynq.WarnLevel,
		BaseContext:              func() context.Context { return context.WithoutCancel(ctx) },
	})
	if err := running.Start(w.handler(s.queue)); err != nil {
		w.Log.Error("queue not served; the sweep does its work", "queue", s.queue, "error", err)
		return
	}
	<-ctx.Done()
	running.Shutdown()
}

// runJob runs a job, measures it, and logs how it went, once and without ids of
// people's matters.
func (w *Worker) runJob(ctx context.Context, j job, p payload) error {
	begun := time.Now()
	err := j.run(w, ctx, p)
	took, outcome := time.Since(begun), outcomeOf(err)
	jobSeconds.WithLabelValues(j.name, outcome).Observe(took.Seconds())
	switch outcome {
	case outcomeFailed:
		w.Log.Error("job failed", "job", j.name, "outcome", outcome, "ms", took.Milliseconds(), "error", err)
	case outcomeGone:
		err = fmt.Errorf("%s: %w: %w", j.name, err, asynq.SkipRetry)
		fallthrough
	default:
		w.Log.Info("job", "job", j.name, "outcome", outcome, "ms", took.Milliseconds())
	}
	return err
}

// asynqLog passes asynq's own messages on. They are formatted already and
// name queues and task ids only.
type asynqLog struct{ log *slog.Logger }

func (l asynqLog) Debug(args ...any) { l.log.Debug("asynq", "message", fmt.Sprint(args...)) }
func (l asynqLog) Info(args ...any)  { l.log.Info("asynq", "message", fmt.Sprint(args...)) }
func (l asynqLog) Warn(args ...any)  { l.log.Warn("asynq", "message", fmt.Sprint(args...)) }
func (l asynqLog) Error(args ...any) { l.log.Error("asynq", "message", fmt.Sprint(args...)) }
func (l asynqLog) Fatal(args ...any) { l.log.Error("asynq", "message", fmt.Sprint(args...)) }
