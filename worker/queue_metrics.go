package worker

import (
	"context"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

// What the queue collector tells at each scrape.
var (
	queueUp     = prometheus.NewDesc("portal_redis_up", "Whether Redis answered this process within a second: 1 if so, 0 if not.", nil, nil)
	queueTasks  = prometheus.NewDesc("portal_queue_tasks", "Tasks in the queue, by state. Archived ones failed, and the sweep has taken up their work.", []string{"queue", "state"}, nil)
	queueOldest = prometheus.NewDesc("portal_queue_oldest_pending_seconds", "How long the oldest task has been waiting for a worker, in seconds; 0 if none waits.", []string{"queue"}, nil)
)

const (
	// redisPatience bounds the first question to Redis, and queuePatience all
	// the others of a scrape.
	redisPatience = time.Second
	queuePatience = 2 * time.Second
)

// queueCollector tells Prometheus how full the queues are.
type queueCollector struct {
	redis     redis.UniversalClient
	inspector *asynq.Inspector
	looks     singleflight.Group
}

// NewQueueCollector tells Prometheus how full the queues are. A scrape never
// takes longer than 3 seconds, and without Redis tells only that it is away.
func NewQueueCollector(client redis.UniversalClient) prometheus.Collector {
	return &queueCollector{redis: client, inspector: asynq.NewInspectorFromRedisClient(client)}
}

// Describe is part of prometheus.Collector.
func (c *queueCollector) Describe(out chan<- *prometheus.Desc) {
	out <- queueUp
	out <- queueTasks
	out <- queueOldest
}

// Collect is part of prometheus.Collector.
func (c *queueCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), redisPatience)
	defer cancel()
	if c.redis.Ping(ctx).Err() != nil {
		out <- prometheus.MustNewConstMetric(queueUp, prometheus.GaugeValue, 0)
		return
	}
	out <- prometheus.MustNewConstMetric(queueUp, prometheus.GaugeValue, 1)
	// The inspector takes no time limit. One that hangs is waited for by all
	// who scrape, rather than joined by another one each time.
	select {
	case look := <-c.looks.DoChan("", func() (any, error) { return c.look() }):
		if look.Err != nil {
			return
		}
		for _, q := range look.Val.([]*asynq.QueueInfo) {
			tellQueue(out, q)
		}
	case <-time.After(queuePatience):
	}
}

// look asks for each queue that a worker serves; one that no task has ever
// been in is empty.
func (c *queueCollector) look() ([]*asynq.QueueInfo, error) {
	known, err := c.inspector.Queues()
	if err != nil {
		return nil, err
	}
	used := make(map[string]bool, len(known))
	for _, name := range known {
		used[name] = true
	}
	infos := make([]*asynq.QueueInfo, len(servers))
	for i, s := range servers {
		infos[i] = &asynq.QueueInfo{Queue: s.queue}
		if !used[s.queue] {
			continue
		}
		if infos[i], err = c.inspector.GetQueueInfo(s.queue); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

func tellQueue(out chan<- prometheus.Metric, q *asynq.QueueInfo) {
	for state, n := range map[string]int{
		"pending": q.Pending, "active": q.Active, "scheduled": q.Scheduled, "retry": q.Retry, "archived": q.Archived, "completed": q.Completed,
	} {
		out <- prometheus.MustNewConstMetric(queueTasks, prometheus.GaugeValue, float64(n), q.Queue, state)
	}
	out <- prometheus.MustNewConstMetric(queueOldest, prometheus.GaugeValue, q.Latency.Seconds(), q.Queue)
}
