package handlers

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-redis/redis_rate/v10"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"
	"github.com/unrolled/secure"

	"intake/forms"
)

// What the body of a request may weigh. A full survey is about 3 kB, a long
// referral about 60 kB.
const (
	surveyBodyLimit   = 128 << 10
	referralBodyLimit = 1 << 20
	manageBodyLimit   = 256 << 10
)

const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secured sets the headers that every answer carries. None of them depends on
// the request, so the library is asked once.
func (a *app) secured(next http.Handler) (http.Handler, error) {
	base, err := url.Parse(a.BaseURL)
	overTLS := err == nil && base.Scheme == "https"
	options := secure.Options{
		FrameDeny: true, ContentTypeNosniff: true,
		ContentSecurityPolicy:   contentPolicy,
		ReferrerPolicy:          "same-origin",
		CrossOriginOpenerPolicy: "same-origin",
		PermissionsPolicy:       "camera=(), geolocation=(), microphone=(), browsing-topics=()",
	}
	if overTLS {
		options.STSSeconds, options.STSIncludeSubdomains, options.ForceSTSHeader = 63072000, true, true
	}
	headers, _, err := secure.New(options).ProcessNoModifyRequest(nil, &http.Request{URL: &url.URL{}})
	if err != nil {
		return nil, fmt.Errorf("headers of every answer: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		next.ServeHTTP(w, r)
	}), nil
}

// requests measures by route pattern: never by path, which may name a referral.
var requests = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "portal_request_seconds", Help: "How long requests took, in seconds.",
	Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
}, []string{"method", "route", "status"})

// logged logs the route's pattern, never the path: a path may hold a
// reference, a query a search.
func (a *app) logged(c *gin.Context) {
	start := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "(none)"
	}
	method := c.Request.Method
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, method) {
		method = "other" // a stranger may write anything there
	}
	took := time.Since(start)
	requests.WithLabelValues(method, route, strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
	ctx := c.Request.Context()
	a.Log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("method", method), slog.String("route", route),
		slog.Int("status", c.Writer.Status()), slog.Int64("ms", took.Milliseconds()), slog.String("request", requestID(ctx)))
}

// limitBody refuses bodies over the limit, early where the length is told.
func (a *app) limitBody(limit int64) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.ContentLength > limit {
			// The rest of the body is not read: the answer ends the connection.
			c.Header("Connection", "close")
			a.answer(c, errTooLarge)
			c.Abort()
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		c.Next()
	}
}

// requireForm refuses a body that is not a form, and reads it.
func requireForm(c *gin.Context) (url.Values, error) {
	posted, err := requirePosted(c)
	if err != nil {
		return nil, err
	}
	c.Request.PostForm = posted.Values()
	return c.Request.PostForm, nil
}

// requirePosted is requireForm for a form that is read once: of PostForm only
// what chooses the language is there for others to read.
func requirePosted(c *gin.Context) (posted forms.Posted, err error) {
	const plain, multipart = "application/x-www-form-urlencoded", "multipart/form-data"
	if err := requireType(c, plain, multipart); err != nil {
		return nil, err
	}
	if c.ContentType() == plain {
		if posted, err = parsePlain(c.Request); err == nil {
			c.Request.PostForm = url.Values{"lang": {posted.Get("lang")}}
		}
	} else if err = requireWhole(c.Request); err == nil {
		err = c.Request.ParseMultipartForm(referralBodyLimit)
		posted = forms.PostedOf(c.Request.PostForm)
	}
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, unreadable(err, malformed)
	}
	return posted, nil
}

// parsePlain reads a plain form.
func parsePlain(r *http.Request) (forms.Posted, error) {
	body := bodies.Get().(*bytes.Buffer) //nolint:forcetypeassert // it holds nothing else
	defer func() {
		if body.Cap() <= bodyRoom {
			clear(body.Bytes()) // somebody's words
			body.Reset()
			bodies.Put(body)
		}
	}()
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	return parseForm(body.String())
}

// bodies are where forms are read, one after the other. Larger ones than
// bodyRoom are not kept.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const bodyRoom = 16 << 10

// parseForm reads what url.ParseQuery reads, in its order and without a map,
// which is a good part of what a response to the survey would cost.
func parseForm(body string) (forms.Posted, error) {
	pairs := strings.Count(body, "&") + 1
	if pairs > mostPairs { // not a form of ours
		values, err := url.ParseQuery(body)
		return forms.PostedOf(values), err
	}
	if strings.IndexByte(body, ';') >= 0 {
		return nil, errSemicolon
	}
	posted := make(forms.Posted, 0, pairs)
	for body != "" {
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.IndexByte(pair, '%') >= 0 || strings.IndexByte(pair, '+') >= 0 {
			var err error
			if name, err = url.QueryUnescape(name); err != nil {
				return nil, err
			}
			if value, err = url.QueryUnescape(value); err != nil {
				return nil, err
			}
		}
		posted = append(posted, forms.PostedValue{Name: name, Value: value})
	}
	return posted, nil
}

const mostPairs = 1000

var errSemicolon = errors.New("a form separates its values by &, not by ;")

// requireWhole refuses a multipart body without its end. The library takes one
// that stops inside a part's header for complete, and answers would be lost.
func requireWhole(r *http.Request) error {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/form-data" || parameters["boundary"] == "" {
		return nil // no multipart, or ParseMultipartForm says what is wrong
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if !bytes.Contains(body, []byte("--"+parameters["boundary"]+"--")) {
		return io.ErrUnexpectedEOF
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// unreadable tells why a body could not be read whole: it was too large, it
// came too slowly, or else what otherwise says. None of them is our fault.
func unreadable(err error, otherwise func(error) *problem) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	}
	return otherwise(err)
}

func requireType(c *gin.Context, types ...string) error {
	got, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || !slices.Contains(types, got) {
		return errWrongType
	}
	return nil
}

// limiter bounds what one client posts. The client is known by a keyed hash
// of its address only.
type limiter struct {
	redis *redis_rate.Limiter
	cfg   Config
}

func newLimiter(cfg Config) *limiter {
	return &limiter{redis: redis_rate.NewLimiter(cfg.Redis), cfg: cfg}
}

// limiterPatience is how long a post waits for the limiter before it is let
// through: a slow Redis must not slow people down.
const limiterPatience = 150 * time.Millisecond

// allow counts one use of what by the client. It is open when Redis is away.
func (l *limiter) allow(c *gin.Context, what string, perMinute int) bool {
	if perMinute <= 0 {
		return true
	}
	client := hex.EncodeToString(l.cfg.Keys.BlindIndex("client_address", c.ClientIP())[:16])
	ctx, cancel := context.WithTimeout(c.Request.Context(), limiterPatience)
	defer cancel()
	result, err := l.redis.Allow(ctx, "limit:"+what+":"+client, redis_rate.PerMinute(perMinute))
	if err != nil {
		if !errors.Is(err, redis.Nil) {
			l.cfg.Log.Warn("rate limit not available; letting through", "what", what, "request", requestID(c.Request.Context()))
		}
		return true
	}
	return result.Allowed > 0
}

// limited refuses clients that post more than the limit of strangers.
func (a *app) limited(what string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !a.limiter.allow(c, what, a.RateLimit) {
			a.answer(c, errTooMany)
			c.Abort()
			return
		}
		c.Next()
	}
}

// noStore keeps a page out of every cache.
func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Next()
}
