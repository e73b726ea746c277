package handlers

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/sealed"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// testApp is the whole portal but its worker, on a database and a Redis of its
// own, served over HTTP. Its time stands still until a test moves it.
type testApp struct {
	t     *testing.T
	db    *testenv.DB
	store *store.Store
	cfg   Config
	url   string
	jobs  *recordedJobs
	log   *lockedBuffer

	mu  sync.Mutex
	now time.Time
}

// newTestApp starts the portal on the demo organisation, on a Tuesday at 10:00
// in London. Options change the configuration before it starts.
func newTestApp(t *testing.T, options ...func(*Config)) *testApp {
	t.Helper()
	app := &testApp{
		t: t, db: testenv.Open(t), jobs: &recordedJobs{}, log: &lockedBuffer{},
		now: time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC),
	}
	app.store = app.db.Store
	org := organisation.Demo()
	for _, team := range org.Teams {
		app.must(app.store.PutTeam(t.Context(), store.Team{Slug: team.Slug, Name: team.Name, Email: team.Email}))
	}
	rules, err := routing.Load(routing.BuiltIn(), org.RoutingNames())
	app.must(err)
	redisOptions, err := redis.ParseURL(testenv.Redis(t))
	app.must(err)
	client := redis.NewClient(redisOptions)
	t.Cleanup(func() { app.must(client.Close()) })

	app.cfg = Config{
		Store: app.store, Keys: app.db.Keys, Redis: client, Jobs: app.jobs,
		Organisation: org, Calendar: org.Calendar(), Rules: rules,
		Survey: builtIn(t, org, "care-worker-survey"), Referral: builtIn(t, org, "safeguarding-referral"),
		Log: slog.New(slog.NewTextHandler(app.log, nil)), Now: app.clock,
	}
	server := httptest.NewUnstartedServer(nil)
	app.url = "http://" + server.Listener.Addr().String()
	app.cfg.BaseURL = app.url
	for _, option := range options {
		option(&app.cfg)
	}
	for _, f := range []*forms.Form{app.cfg.Survey, app.cfg.Referral} {
		source, _ := forms.BuiltIn(f.ID)
		app.must(app.store.PublishForm(t.Context(), f, source))
	}
	server.Config.Handler, err = New(app.cfg)
	app.must(err)
	server.Start()
	t.Cleanup(server.Close)
	return app
}

func builtIn(t *testing.T, org *organisation.Organisation, id string) *forms.Form {
	t.Helper()
	source, ok := forms.BuiltIn(id)
	if !ok {
		t.Fatalf("there is no built-in definition %q", id)
	}
	var districts []forms.Option
	for _, d := range org.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	f, err := forms.Load(source, forms.Lists{"districts": districts})
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	return f
}

func (app *testApp) must(err error) {
	app.t.Helper()
	if err != nil {
		app.t.Fatal(err)
	}
}

func (app *testApp) clock() time.Time {
	app.mu.Lock()
	defer app.mu.Unlock()
	return app.now
}

// pass moves the portal's time on.
func (app *testApp) pass(d time.Duration) {
	app.mu.Lock()
	defer app.mu.Unlock()
	app.now = app.now.Add(d)
}

// recordedJobs remembers the nudges that handlers gave.
type recordedJobs struct {
	mu        sync.Mutex
	referrals []uuid.UUID
	news      []uuid.UUID
	waves     []int64
}

func (j *recordedJobs) ReferralReceived(id uuid.UUID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.referrals = append(j.referrals, id)
}

func (j *recordedJobs) TeamOwedNews(id uuid.UUID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.news = append(j.news, id)
}

func (j *recordedJobs) ResponseReceived(wave int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waves = append(j.waves, wave)
}

// lockedBuffer takes the log of many requests at once.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// browser is one person's: it keeps cookies, and does not follow redirects by
// itself, so that a test sees them.
type browser struct {
	app    *testApp
	client *http.Client
}

func (app *testApp) browser() *browser {
	jar, err := cookiejar.New(nil)
	app.must(err)
	return &browser{app: app, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer, read whole.
type page struct {
	*goquery.Document
	Status int
	Header http.Header
	Body   string
	t      *testing.T
}

func (b *browser) get(path string) *page {
	b.app.t.Helper()
	return b.send(http.MethodGet, path, nil, nil)
}

func (b *browser) post(path string, values url.Values) *page {
	b.app.t.Helper()
	return b.send(http.MethodPost, path, strings.NewReader(values.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (b *browser) send(method, path string, body io.Reader, header http.Header) *page {
	b.app.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.app.url + path
	}
	request, err := http.NewRequestWithContext(b.app.t.Context(), method, path, body)
	b.app.must(err)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := b.client.Do(request)
	b.app.must(err)
	defer response.Body.Close() //nolint:errcheck // read whole below
	raw, err := io.ReadAll(response.Body)
	b.app.must(err)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(raw))
	b.app.must(err)
	return &page{Document: doc, Status: response.StatusCode, Header: response.Header, Body: string(raw), t: b.app.t}
}

// want checks the status and returns the page.
func (p *page) want(status int) *page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("got status %d, want %d: %s", p.Status, status, p.text("main"))
	}
	return p
}

// redirects checks that the answer leads on with 303, and returns where.
func (p *page) redirects() string {
	p.t.Helper()
	p.want(http.StatusSeeOther)
	return p.Header.Get("Location")
}

// text is the words of what the selector finds, with white space made single.
func (p *page) text(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).Text()), " ")
}

// says checks that the words are on the page.
func (p *page) says(words ...string) *page {
	p.t.Helper()
	text := p.text("body")
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not say %q: %s", w, text)
		}
	}
	return p
}

// value is what the field of that name is filled in with.
func (p *page) value(name string) string {
	p.t.Helper()
	field := p.Find(`[name="` + name + `"]`)
	if field.Length() == 0 {
		p.t.Fatalf("there is no field %q on the page: %s", name, p.text("main"))
	}
	switch {
	case field.First().Is("textarea"):
		return strings.TrimPrefix(field.First().Text(), "\n")
	case field.First().Is("select"):
		return field.Find("option[selected]").AttrOr("value", "")
	case field.First().Is("[type=radio], [type=checkbox]"):
		return field.Filter("[checked]").AttrOr("value", "")
	}
	return field.First().AttrOr("value", "")
}

// linksLeadToFields checks that each line of the error summary leads to an
// element of the page.
func (p *page) linksLeadToFields() {
	p.t.Helper()
	links := p.Find(".govuk-error-summary a")
	if links.Length() == 0 {
		p.t.Errorf("the page has no error summary: %s", p.text("main"))
	}
	links.Each(func(_ int, link *goquery.Selection) {
		href := link.AttrOr("href", "")
		if p.Find(`[id="`+strings.TrimPrefix(href, "#")+`"]`).Length() != 1 {
			p.t.Errorf("the error %q leads to %q, which is not on the page once", link.Text(), href)
		}
	})
}

const testPassword = "correct horse battery"

var testPasswordHash = sync.OnceValues(func() (string, error) {
	return sealed.HashPassword(context.Background(), testPassword)
})

// addUser adds a user of that role with testPassword.
func (app *testApp) addUser(name string, role store.Role, teams ...string) *store.User {
	app.t.Helper()
	hash, err := testPasswordHash()
	app.must(err)
	email := strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.org"
	_, err = app.store.AddUser(app.t.Context(), store.NewUser{Email: email, Name: name, Role: role, PasswordHash: &hash, Teams: teams})
	app.must(err)
	user, err := app.store.UserByEmail(app.t.Context(), email)
	app.must(err)
	return user
}

// signIn gives the browser of a new user who has signed in.
func (app *testApp) signIn(name string, role store.Role, teams ...string) *browser {
	app.t.Helper()
	user := app.addUser(name, role, teams...)
	b := app.browser()
	b.post("/manage/sign-in", url.Values{"email": {user.Email}, "password": {testPassword}}).redirects()
	return b
}

// concern is a valid safeguarding referral by a professional about an adult
// who lives in the district. change sets or, with "", drops answers.
func concern(district string, change ...string) forms.Answers {
	a := forms.Answers{}
	set := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			delete(a, pairs[i])
			if pairs[i+1] != "" {
				a[pairs[i]] = strings.Split(pairs[i+1], "|")
			}
		}
	}
	set(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding", "referrer_role", "professional",
		"reporter_name", "Rosa Ferris", "reporter_phone", "01632 960123", "reporter_relationship", "District nurse",
		"reporter_organisation", "Demo Health", "reporter_job_title", "Nurse", "reporter_organisation_type", "health",
		"adult_name", "Ada Marsh", "adult_dob.day", "3", "adult_dob.month", "4", "adult_dob.year", "1941",
		"adult_gender", "woman", "adult_address", "1 Mill Lane", "adult_postcode", "ZZ99 3VZ",
		"adult_location_now", "At home", "adult_district", district,
		"allegations.0.types", "neglect|financial", "allegations.0.location", "own_home",
		"allegations.0.place_district", district, "allegations.0.source", "known",
		"what_happened", "Her money is gone and there is no food in the house.",
		"ongoing", "yes", "sources.0.kind", "person", "sources.0.name", "A. Neighbour",
		"sources.0.relationship", "Neighbour", "sources.0.still_in_contact", "no",
		"reporter_contact_channels", "call", "adult_contact_channels", "none",
	)
	set(change...)
	return a
}

// refer submits a referral and routes it as the worker would.
func (app *testApp) refer(answers forms.Answers) store.Receipt {
	app.t.Helper()
	return app.referUnder(uuid.New(), answers)
}

// referUnder does so under a submission key: one that was used before amends
// that referral.
func (app *testApp) referUnder(key uuid.UUID, answers forms.Answers) store.Receipt {
	app.t.Helper()
	now := app.clock()
	receipt, err := app.store.Submit(app.t.Context(), store.Submission{
		Key: key, Form: app.cfg.Referral, Answers: answers,
		Facts: routing.FactsOf(answers, now, app.cfg.Calendar), ReceivedAt: now,
	})
	app.must(err)
	app.route(receipt.ReferralID)
	return receipt
}

// route does what the worker does with a referral.
func (app *testApp) route(id uuid.UUID) {
	app.t.Helper()
	_, err := app.store.Route(app.t.Context(), id, app.clock(), func(facts routing.Facts) store.Routing {
		decision := app.cfg.Rules.Decide(facts, app.cfg.Calendar)
		return store.Routing{Decision: decision, Tell: []string{decision.Team}}
	})
	app.must(err)
}
