package handlers

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/brotli"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"intake/internal/embedded"
	"intake/internal/store"
)

// examplePath is an address of the route; of things that are there, as far as
// they are.
func (app *testApp) examplePath(route, reference string) string {
	return strings.NewReplacer(":slug", app.cfg.Survey.ID, ":reference", reference, ":code", "code",
		"*file", "refer.js").Replace(route)
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.Mailbox = noMail{} })
	app.openWave("spring")
	reference := app.refer(concern("maldon")).Reference
	admin := app.signIn("Ada Root", store.Admin)
	lead := app.signIn("Lena Lead", store.SafeguardingLead)
	check := func(name string, p *page) {
		t.Helper()
		if p.Status >= 500 {
			t.Errorf("%s answers %d", name, p.Status)
		}
		for header, want := range map[string]string{
			"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := p.Header.Get(header); got != want {
				t.Errorf("%s has %s: %q", name, header, got)
			}
		}
		for _, header := range []string{"Server", "X-Powered-By", "Strict-Transport-Security", "Access-Control-Allow-Origin"} {
			if got := p.Header.Get(header); got != "" {
				t.Errorf("%s tells %s: %q", name, header, got)
			}
		}
		if private := !strings.Contains(name, "/static/") && p.Header.Get("Cache-Control") != "no-store"; private &&
			!strings.Contains(name, "/survey/sw.js") && // a script, asked for anew each time
			regexp.MustCompile(` /(survey|refer|manage|api)\b`).MatchString(name) {
			t.Errorf("%s may be cached: %q", name, p.Header.Get("Cache-Control"))
		}
	}
	routes := routesOf(app.cfg)
	if len(routes) < 35 {
		t.Fatalf("only %d routes were found", len(routes))
	}
	for _, route := range routes {
		path := app.examplePath(route.Path, reference)
		for _, b := range []*browser{app.browser(), admin, lead} {
			if strings.HasSuffix(path, "/sign-out") && b != admin && b != lead {
				continue
			} else if strings.HasSuffix(path, "/sign-out") {
				continue // the next routes would be seen signed out
			}
			if route.Method == http.MethodPost {
				check(route.Method+" "+path, b.post(path, nil))
			} else {
				check(route.Method+" "+path, b.send(route.Method, path, nil, nil))
			}
		}
	}
	// A style sheet needs no policy for pages, only that it is taken for nothing else.
	asset := app.browser().get(app.browser().get("/").Find(`link[rel="stylesheet"]`).AttrOr("href", "")).want(http.StatusOK)
	if got := asset.Header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("an asset has X-Content-Type-Options: %q", got)
	}
	check("sign-out", admin.post("/manage/sign-out", nil))
	check("no route", app.browser().get("/nowhere"))
	check("no method", app.browser().send(http.MethodDelete, "/refer", nil, nil))
	check("slash too many", app.browser().get("/refer/"))
	check("another site", app.browser().send(http.MethodPost, "/manage/sign-in", nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}))
}

func TestTLSIsKept(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.BaseURL = "https://portal.example.org" })
	if got := app.browser().get("/privacy").Header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=63072000") {
		t.Errorf("browsers are told %q", got)
	}
}

// A policy that forbids inline script and style is kept only by pages that
// have none, or they break.
func TestNoPageHasInlineScriptOrStyle(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) {
		cfg.Demo, cfg.Mailbox, cfg.Stopping = true, caughtMails{{Subject: "x", Body: "y"}}, stopped()
	})
	wave, _ := app.fillWave("spring", 60)
	reference := app.refer(concern("maldon")).Reference
	public := app.browser()
	pages := map[string]*page{
		"survey errors":   public.post(surveyPath, posted(uuid.NewString(), nil)),
		"survey thanks":   public.get(surveyPath + "/thanks"),
		"referral errors": public.post("/refer", posted(uuid.NewString(), nil)),
		"referral check":  public.fill(public.get("/refer")).setAll(professionalAnswers).press("check"),
		"referral saved":  public.fill(public.get("/refer")).setAll(individualAnswers).press("save"),
		"under 18":        public.post("/refer", posted(uuid.NewString(), with(individualAnswers, "adult_age", "child"))),
		"received":        public.sendReferral(individualAnswers),
		"receipt":         public.fill(public.get("/refer/received")).press("receipt"),
		"wrong words":     public.post("/refer/resume", url.Values{"phrase": {"a b c d"}}),
		"wrong password":  public.post("/manage/sign-in", url.Values{"email": {"a@example.org"}}),
		"not found":       public.get("/nowhere"),
		"too large":       public.post("/refer", url.Values{"x": {strings.Repeat("x", referralBodyLimit+1)}}),
	}
	for name, b := range map[string]*browser{
		"stranger": public, "admin": app.signIn("Ada Root", store.Admin), "lead": app.signIn("Lena Lead", store.SafeguardingLead),
		"triage": app.signIn("Tess Reid", store.Triage, "mid"), "survey manager": app.signIn("Sara Mann", store.SurveyManager),
	} {
		for _, route := range routesOf(app.cfg) {
			if route.Method == http.MethodGet && !strings.HasPrefix(route.Path, "/static") {
				pages[name+" "+route.Path] = b.get(app.examplePath(route.Path, reference))
			}
		}
	}
	app.closeWave(wave)
	pages["survey closed"] = public.get(surveyPath)
	pages["survey closed meanwhile"] = public.post(surveyPath, posted(uuid.NewString(), homeCarer))
	seen := 0
	for name, p := range pages {
		if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") || p.Status == http.StatusSeeOther {
			continue
		}
		seen++
		p.Find("*").Each(func(_ int, element *goquery.Selection) {
			for _, attribute := range element.Get(0).Attr {
				value := strings.ToLower(strings.TrimSpace(attribute.Val))
				if attribute.Key == "style" || strings.HasPrefix(attribute.Key, "on") || strings.HasPrefix(value, "javascript:") {
					t.Errorf("%s: <%s %s=%q>", name, element.Get(0).Data, attribute.Key, attribute.Val)
				}
			}
			_, hasSource := element.Attr("src")
			if element.Is("style") || element.Is("script") && (!hasSource || strings.TrimSpace(element.Text()) != "") {
				t.Errorf("%s has an inline %s", name, element.Get(0).Data)
			}
			for _, attribute := range []string{"src", "href", "action", "formaction"} {
				if target := element.AttrOr(attribute, ""); strings.HasPrefix(target, "http") && !element.Is("a") {
					t.Errorf("%s loads or sends to another site: %s", name, target)
				}
			}
		})
		if title := p.text("title"); title == "" || p.Find("h1").Length() != 1 || p.Find("html[lang]").Length() != 1 {
			t.Errorf("%s has the title %q and %d main headings", name, title, p.Find("h1").Length())
		}
	}
	if seen < 40 {
		t.Errorf("only %d pages were looked at", seen)
	}
}

func TestPublicPostsAreLimited(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.RateLimit = 3 })
	app.openWave("spring")
	b := app.browser()
	send := func(header ...string) *page {
		values := posted(uuid.NewString(), answersOf("care_role", "no"))
		headers := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		for i := 0; i < len(header); i += 2 {
			headers.Set(header[i], header[i+1])
		}
		return b.send(http.MethodPost, surveyPath, strings.NewReader(values.Encode()), headers)
	}
	for range 3 {
		send().redirects()
	}
	held := send().want(http.StatusTooManyRequests).says("Too many answers", "wait a minute", "still here")
	if got := held.value("care_role"); got != "no" {
		t.Errorf("the page gives back %q", got)
	}
	if held.Header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	// Nobody is believed about where they come from, and no way in counts anew.
	send("X-Forwarded-For", "192.0.2.7").want(http.StatusTooManyRequests)
	send("X-Real-IP", "192.0.2.7").want(http.StatusTooManyRequests)
	problem := app.api(responsesPath, submission(t, uuid.NewString(), homeCarer)).want(http.StatusTooManyRequests)
	if problem.Header.Get("Retry-After") == "" {
		t.Error("a program is not told when to try again")
	}
	b.get(surveyPath).want(http.StatusOK)
	// A referral is never refused for its address.
	for range 8 {
		b.post("/refer", posted(uuid.NewString(), individualAnswers)).redirects()
	}
	if got := len(app.inbox()); got != 3 {
		t.Errorf("%d responses were taken, want 3", got)
	}
	keys, err := app.cfg.Redis.Keys(t.Context(), "*").Result()
	app.must(err)
	for _, key := range keys {
		if strings.Contains(key, "127.0.0.1") {
			t.Errorf("Redis holds an address: %s", key)
		}
	}
}

func TestClientsBehindATrustedProxyAreCountedApart(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.RateLimit, cfg.TrustedProxies = 1, []string{"127.0.0.0/8"} })
	app.openWave("spring")
	b := app.browser()
	send := func(forwarded string) int {
		return b.send(http.MethodPost, surveyPath, strings.NewReader(posted(uuid.NewString(), answersOf("care_role", "no")).Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Forwarded-For": {forwarded}}).Status
	}
	for _, step := range []struct {
		forwarded string
		want      int
	}{
		{"192.0.2.7", 303}, {"192.0.2.7", 429}, {"192.0.2.8", 303},
		// What a client writes before the proxy's own entry does not count.
		{"192.0.2.99, 192.0.2.8", 429}, {"2001:db8::1", 303},
	} {
		if got := send(step.forwarded); got != step.want {
			t.Errorf("%s got %d, want %d", step.forwarded, got, step.want)
		}
	}
}

func TestWithoutRedisSubmissionsGoOn(t *testing.T) {
	t.Parallel()
	server, err := embedded.StartRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled = true // as the portal's own client
	app := newTestApp(t, func(cfg *Config) {
		cfg.RateLimit, cfg.Redis = 2, redis.NewClient(options)
		t.Cleanup(func() { _ = cfg.Redis.Close() })
	})
	app.openWave("spring")
	b := app.browser()
	quickly := func(what string, do func()) {
		t.Helper()
		begun := time.Now()
		do()
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%s took %s", what, took)
		}
	}
	goesOn := func() {
		for range 3 { // over the limit, which nobody can count now
			quickly("a response", func() { b.post(surveyPath, posted(uuid.NewString(), homeCarer)).redirects() })
			quickly("a referral", func() { b.post("/refer", posted(uuid.NewString(), individualAnswers)).redirects() })
		}
	}
	b.post(surveyPath, posted(uuid.NewString(), homeCarer)).redirects()
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	goesOn()
	if p := b.get("/readyz").want(http.StatusOK); !strings.HasPrefix(p.Body, `{"postgres":"ok","redis":"away","schema":"ok","detail":["Redis does not answer`) {
		t.Errorf("readyz says %s", p.Body)
	}
	if !strings.Contains(app.log.String(), "rate limit not available") {
		t.Error("nobody is told that the limit does not hold")
	}
}

func TestOnlyManagersPagesAskWhereARequestComesFrom(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	form := func(path string, values url.Values, name, value string) *page {
		return b.send(http.MethodPost, path, strings.NewReader(values.Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, name: {value}})
	}
	signIn := credentials("a@example.org", "x")
	form("/manage/sign-in", signIn, "Sec-Fetch-Site", "cross-site").want(http.StatusForbidden)
	form("/manage/sign-in", signIn, "Sec-Fetch-Site", "same-site").want(http.StatusForbidden)
	form("/manage/sign-in", signIn, "Origin", "https://evil.example").want(http.StatusForbidden)
	form("/manage/sign-in", signIn, "Origin", "null").want(http.StatusForbidden)
	form("/manage/sign-in", signIn, "Sec-Fetch-Site", "same-origin").want(http.StatusUnprocessableEntity)
	form("/manage/sign-in", signIn, "Origin", app.url).want(http.StatusUnprocessableEntity)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"} {
		form(surveyPath, posted(uuid.NewString(), homeCarer), name, value).redirects()
		form("/refer", posted(uuid.NewString(), individualAnswers), name, value).redirects()
	}
}

// A proxy may pass requests on under a host name of its own.
func TestOriginOfTheBaseURLIsOurs(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.BaseURL = "https://portal.example.org" })
	app.browser().send(http.MethodPost, "/manage/sign-in", strings.NewReader(credentials("a@example.org", "x").Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://portal.example.org"},
	}).want(http.StatusUnprocessableEntity)
}

func TestLogsHoldPatternsOnly(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.TrustedProxies = []string{"127.0.0.1"} })
	app.openWave("spring")
	b := app.browser()
	marked := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {"wombat"}, "X-Forwarded-For": {"192.0.2.77"},
		"Referer": {app.url + "/wombat"}, "Cookie": {"wombat=wombat"}, "X-Request-Id": {"wombat"},
	}
	for _, target := range []string{"/survey/wombat", surveyPath + "?lang=wombat", "/refer?start=wombat", "/wombat/wombat",
		"/manage/referrals/WOMBAT", "/manage/set-password/wombat", "/static/wombat.js", "/%77ombat"} {
		b.send(http.MethodGet, target, nil, marked)
		b.send(http.MethodPost, target, strings.NewReader(posted("wombat", homeCarer).Encode()), marked)
		b.send("WOMBAT", target, nil, marked)
	}
	b.send(http.MethodPost, surveyPath, strings.NewReader(posted(uuid.NewString(), homeCarer).Encode()), marked).redirects()
	log := app.log.String()
	for _, secret := range []string{"wombat", "192.0.2.77", "127.0.0.1", "paid_provider"} {
		if strings.Contains(strings.ToLower(log), secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	for _, part := range []string{"route=/survey/:slug ", "route=/manage/referrals/:reference ", "route=(none) ", "method=other ", "request="} {
		if !strings.Contains(log, part) {
			t.Errorf("the log lacks %q", part)
		}
	}
}

func TestPagesComeInTheCodingThatTheBrowserReads(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	read := func(accept, path string) (coding, body string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.url+path, nil)
		app.must(err)
		request.Header.Set("Accept-Encoding", accept)
		response, err := http.DefaultClient.Do(request)
		app.must(err)
		defer response.Body.Close() //nolint:errcheck // read whole
		if response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: status %d, Vary: %q", accept, response.StatusCode, response.Header.Get("Vary"))
		}
		coding = response.Header.Get("Content-Encoding")
		var reader io.Reader = response.Body
		switch coding {
		case "br":
			reader = brotli.NewReader(response.Body)
		case "gzip":
			reader, err = gzip.NewReader(response.Body)
			app.must(err)
		}
		raw, err := io.ReadAll(reader)
		app.must(err)
		return coding, string(raw)
	}
	key := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	for _, path := range []string{"/privacy", surveyPath} {
		_, plain := read("identity", path)
		for accept, want := range map[string]string{
			"identity": "", "gzip": "gzip", "gzip, deflate, br": "br", "br": "br", "deflate": "", "gzip;q=1, br;q=0": "gzip", "zstd": "",
		} {
			coding, body := read(accept, path)
			if coding != want {
				t.Errorf("%s: asked for %q, got %q", path, accept, coding)
			}
			if key.ReplaceAllString(body, "KEY") != key.ReplaceAllString(plain, "KEY") {
				t.Errorf("%s: the page differs in %q", path, coding)
			}
		}
	}
}
