// Package handlers serves the portal over HTTP: one file per journey, every
// URL in routes.go. It is the only package that knows Gin. Handlers return
// errors; one adapter in errors.go answers and logs them.
package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/sealed"
	"intake/internal/store"
)

// Config is what the handlers need. All fields must be set but those marked
// optional.
type Config struct {
	Store *store.Store
	// Referrals is the ledger for whoever refers, or works on a referral, with
	// connections that nothing else uses.
	Referrals    *store.Store
	Keys         *sealed.Keyset
	Redis        redis.UniversalClient
	Jobs         Jobs
	Organisation *organisation.Organisation
	Calendar     *routing.Calendar
	Rules        *routing.RuleSet
	Survey       *forms.Form
	Referral     *forms.Form
	// Lists are the organisation's options, for older versions of the survey.
	Lists forms.Lists
	// NoOffline withdraws the script by which the survey works without a
	// connection from browsers that have it.
	NoOffline bool
	BaseURL   string
	// TrustedProxies are the addresses whose forwarded client counts; optional.
	TrustedProxies []string
	// RateLimit is public posts per client and minute; 0 is no limit.
	RateLimit int
	// WaveMemory is how old what the survey's pages know of a wave may be; 0
	// asks the ledger each time.
	WaveMemory time.Duration
	// Mailbox is the mail catcher of `portal dev`; optional.
	Mailbox Mailbox
	// QueueMonitor shows administrators the tasks in the queues, at MonitorPath;
	// optional.
	QueueMonitor http.Handler
	// Schema is the number of the newest migration that this binary needs.
	Schema int64
	// Demo says on every page that nothing here is real.
	Demo bool
	Log  *slog.Logger
	Now  func() time.Time
	// Stopping is closed when the server is about to end, so that streams end and
	// /readyz says so; optional.
	Stopping <-chan struct{}
}

// Jobs are the nudges that handlers give. None of them blocks or fails.
type Jobs interface {
	ReferralReceived(id uuid.UUID)
	TeamOwedNews(id uuid.UUID)
	ResponseReceived(wave int64)
	ExportAsked(id uuid.UUID)
}

type app struct {
	Config
	templates *templates
	static    *assetFiles
	sessions  *scs.SessionManager
	limiter   *limiter
	results   resultsCache
	releases  releaseWatch
	languages languages
	versions  *store.Versions
	waves     waveMemory
	proxies   []netip.Prefix

	surveyTurns turns

	firstPages firstPages
}

// New makes the portal's handler.
func New(cfg Config) (http.Handler, error) {
	pages, err := parseTemplates()
	if err != nil {
		return nil, err
	}
	static, err := readAssets(staticFS())
	if err != nil {
		return nil, err
	}
	a := &app{Config: cfg, templates: pages, static: static, limiter: newLimiter(cfg),
		languages: newLanguages(cfg.Organisation.Languages), versions: cfg.Store.Versions(cfg.Lists, cfg.Survey), surveyTurns: newTurns(),
		proxies: networksOf(cfg.TrustedProxies)}
	a.sessions = newSessions(cfg)
	a.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		cfg.Log.Error("session not available", "error", err, "request", requestID(r.Context()))
		a.answerPlainly(w, errBusy)
	}

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	if err := engine.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, errors.Join(errors.New("PORTAL_TRUSTED_PROXIES must list addresses or networks, like 10.0.0.0/8"), err)
	}
	a.routes(engine)

	// Sessions and the cross-origin check are for managers alone: a public
	// page neither has nor needs either. Behind a proxy that changes the host
	// the base URL is still ours.
	sameOrigin := http.NewCrossOriginProtection()
	if err := sameOrigin.AddTrustedOrigin(cfg.BaseURL); err != nil {
		return nil, fmt.Errorf("PORTAL_BASE_URL: %w", err)
	}
	sameOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.answerPlainly(w, errCrossOrigin)
	}))
	managed := a.sessions.LoadAndSave(sameOrigin.Handler(engine))
	return a.secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := a.numbered(r.Context(), w, r)
		if !isStream(r.URL.Path) {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, requestTimeout)
			defer cancel()
		}
		r = r.WithContext(ctx)
		if r.Method == http.MethodHead {
			r.Method = http.MethodGet // the server leaves the body out by itself
		}
		if hasSession(r.URL.Path) {
			managed.ServeHTTP(w, r)
			return
		}
		engine.ServeHTTP(w, r)
	}))
}

// hasSession reports whether the address is a manager's. The results are
// given to scripts, by a bearer key, and to managers alike.
func hasSession(path string) bool {
	return strings.HasPrefix(path, "/manage") ||
		strings.HasPrefix(path, "/api/v1/surveys/") && strings.HasSuffix(path, "/results")
}

// isStream reports whether the answer goes on as long as somebody reads it.
func isStream(path string) bool {
	return strings.HasPrefix(path, "/manage/") && strings.HasSuffix(path, "/results/live")
}

// requestTimeout bounds the work for one request.
const requestTimeout = 20 * time.Second
