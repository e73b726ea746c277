package worker

import (
	"encoding/json"
	"net/http"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"
)

// NewMonitor makes the pages that show the queues and their tasks to whoever
// is let in under root, a path like /manage/queues/monitor. They change nothing,
// and last as long as the client.
func NewMonitor(client redis.UniversalClient, root string) http.Handler {
	pages := http.NewServeMux()
	pages.Handle("/", asynqmon.New(asynqmon.Options{
		RootPath: root, RedisConnOpt: sameClient{client}, ReadOnly: true,
		PayloadFormatter: asynqmon.PayloadFormatterFunc(idsOnly),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "" }),
	}))
	// The server that the queues lie on is no business of whoever looks at them,
	// and how many keys it holds tells of people who post.
	pages.Handle(root+"/api/redis_info", http.NotFoundHandler())
	pages.Handle(root+"/api/metrics", http.NotFoundHandler())
	return pages
}

// sameClient has asynqmon work with a client that is there already.
type sameClient struct{ redis.UniversalClient }

// MakeRedisClient is part of asynq.RedisConnOpt.
func (c sameClient) MakeRedisClient() any { return c.UniversalClient }

// idsOnly shows of a payload the ids that our own tasks carry, and nothing of
// what somebody else may have put there.
func idsOnly(_ string, raw []byte) string {
	var p payload
	if json.Unmarshal(raw, &p) != nil {
		return "(not shown)"
	}
	shown, err := json.Marshal(p)
	if err != nil {
		return "(not shown)"
	}
	return string(shown)
}
