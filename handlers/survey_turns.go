package handlers

import (
	"context"
	"runtime"
	"sync"

	"github.com/gin-gonic/gin"
)

// turns bound how many of the survey's requests are worked on at once. In a
// storm the others wait here, rather than in the processor's queue before a
// referral. Waiting for a body, or for the ledger, needs no turn.
type turns chan struct{}

func newTurns() turns { return make(turns, 2*runtime.GOMAXPROCS(0)) }

// take waits for a turn. end may be called more than once.
func (t turns) take(ctx context.Context) (end func(), err error) {
	select {
	case t <- struct{}{}:
		return sync.OnceFunc(func() { <-t }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// whileItTakesMore refuses programs, which try again by themselves, before their
// answers are read, while more waits than the ledger takes on. Who sends a plain
// form has to get the answers back.
func (a *app) whileItTakesMore(c *gin.Context) {
	if wantsJSON(c) && a.Store.Overloaded() {
		a.answer(c, errBusy)
		c.Abort()
		return
	}
	c.Next()
}
