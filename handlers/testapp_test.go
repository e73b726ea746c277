package handlers

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
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
	demo := demoOf(t)
	for _, team := range demo.council.Teams {
		app.must(app.store.PutTeam(t.Context(), store.Team{Slug: team.Slug, Name: team.Name, Email: team.Email}))
	}
	redisOptions, err := redis.ParseURL(testenv.Redis(t))
	app.must(err)
	client := redis.NewClient(redisOptions)
	t.Cleanup(func() { app.must(client.Close()) })

	app.cfg = Config{
		Store: app.store, Referrals: app.store, Keys: app.db.Keys, Redis: client, Jobs: app.jobs,
		Organisation: demo.council, Calendar: demo.council.Calendar(), Rules: demo.rules,
		Survey: demo.survey, Referral: demo.referral, Lists: listsOf(demo.council),
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

// stopped is Stopping of an app that is about to end, whose streams end at once.
func stopped() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// demo is what every test app is set up with.
type demo struct {
	council          *organisation.Organisation
	rules            *routing.RuleSet
	survey, referral *forms.Form
}

var sharedDemo struct {
	once sync.Once
	*demo
}

// demoOf reads it once for all tests: as in a portal that runs, nothing
// changes it.
func demoOf(t *testing.T) *demo {
	t.Helper()
	sharedDemo.once.Do(func() {
		council := organisation.Demo()
		rules, err := routing.Load(routing.BuiltIn(), council.RoutingNames())
		if err != nil {
			t.Fatal(err)
		}
		sharedDemo.demo = &demo{council, rules, builtIn(t, council, "care-worker-survey"), builtIn(t, council, "safeguarding-referral")}
	})
	if sharedDemo.demo == nil {
		t.Fatal("The demo that all tests share could not be read: see the first one that failed.")
	}
	return sharedDemo.demo
}

func builtIn(t *testing.T, org *organisation.Organisation, id string) *forms.Form {
	t.Helper()
	source, ok := forms.BuiltIn(id)
	if !ok {
		t.Fatalf("there is no built-in definition %q", id)
	}
	f, err := forms.Load(source, listsOf(org))
	if err != nil {
		t.Fatalf("load %s: %v", id, err)
	}
	return f
}

func listsOf(org *organisation.Organisation) forms.Lists {
	var districts []forms.Option
	for _, d := range org.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	return forms.Lists{"districts": districts}
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
	exports   []uuid.UUID
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

func (j *recordedJobs) ExportAsked(id uuid.UUID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.exports = append(j.exports, id)
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

const testPassword = "correct horse battery"

var testPasswordHash = sync.OnceValues(func() (string, error) {
	return sealed.HashPassword(context.Background(), testPassword)
})

// quickPasswordHash is of testPassword, too, and costs next to nothing to
// compare with: the cost is part of a hash.
var quickPasswordHash = sync.OnceValues(func() (string, error) {
	return argon2id.CreateHash(testPassword, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
})

// addUser adds a user of that role with testPassword, hashed as the portal
// does it.
func (app *testApp) addUser(name string, role store.Role, teams ...string) *store.User {
	app.t.Helper()
	return app.addUserWith(testPasswordHash, name, role, teams...)
}

func (app *testApp) addUserWith(hashed func() (string, error), name string, role store.Role, teams ...string) *store.User {
	app.t.Helper()
	hash, err := hashed()
	app.must(err)
	email := strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.org"
	_, err = app.store.AddUser(app.t.Context(), store.NewUser{Email: email, Name: name, Role: role, PasswordHash: &hash, Teams: teams})
	app.must(err)
	user, err := app.store.UserByEmail(app.t.Context(), email)
	app.must(err)
	return user
}

// signIn gives the browser of a new user who has signed in, with little work
// at their password: how signing in itself goes, other tests look at.
func (app *testApp) signIn(name string, role store.Role, teams ...string) *browser {
	app.t.Helper()
	user := app.addUserWith(quickPasswordHash, name, role, teams...)
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
		"reporter_name", "Rosa Ferris", "reporter_phone", "01632960123", "reporter_relationship", "District nurse",
		"reporter_organisation", "Demo Health", "reporter_job_title", "Nurse", "reporter_organisation_type", "health",
		"adult_name", "Ada Marsh", "adult_dob.day", "3", "adult_dob.month", "4", "adult_dob.year", "1941",
		"adult_gender", "woman", "adult_address", "1 Mill Lane", "adult_postcode", "ZZ99 3VZ",
		"adult_location_now", "At home", "adult_district", district, "adult_deceased", "no",
		"adult_needs", "She needs help to wash and cook", "adult_support_reason", "physical", "adult_ethnicity", "white",
		"adult_language", "English", "adult_interpreter", "no", "adult_communication.unknown", "yes",
		"allegations.0.types", "neglect|financial", "allegations.0.location", "own_home",
		"allegations.0.place_district", district, "allegations.0.source", "known",
		"what_happened", "Her money is gone and there is no food in the house.",
		"ongoing", "yes", "when_happened", "Since last month", "happened_before", "unknown", "injuries", "None that I saw",
		"adult_told", "yes", "adult_agrees", "yes", "desired_outcomes", "To have her money back",
		"capacity_concern", "no", "capacity_assessed", "no", "advocate", "no", "others_at_risk", "no", "children_at_risk", "no",
		"police_told", "no", "others_told", "Nobody", "action_taken", "I brought food",
		"sources.0.kind", "person", "sources.0.name", "A. Neighbour",
		"sources.0.relationship", "Neighbour", "sources.0.still_in_contact", "no",
		"sources.0.employer.unknown", "yes", "sources.0.lives_with", "no", "sources.0.main_carer", "no", "sources.0.aware", "no",
		"sources.0.at_risk_too", "unknown", "sources.0.works_with_people", "no",
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
	receipt, err := app.store.Submit(app.t.Context(), app.submission(key, answers))
	app.must(err)
	app.route(receipt.ReferralID)
	return receipt
}

func (app *testApp) submission(key uuid.UUID, answers forms.Answers) store.Submission {
	now := app.clock()
	return store.Submission{
		Key: key, Form: app.cfg.Referral, Answers: answers,
		Facts: routing.FactsOf(answers, now, app.cfg.Calendar), ReceivedAt: now,
	}
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

// deed is what whoever runs the portal's commands does now.
func (app *testApp) deed() store.Deed { return store.Deed{At: app.clock()} }

// openWave opens a wave of the survey.
func (app *testApp) openWave(code string) *store.Wave {
	app.t.Helper()
	survey := app.cfg.Survey
	app.must(app.store.OpenWave(app.t.Context(), app.deed(), store.NewWave{
		Survey: survey.ID, Code: code, Versions: []int64{int64(survey.Version)}, OpensAt: app.clock(),
	}))
	wave, err := app.store.WaveByCode(app.t.Context(), survey.ID, code)
	app.must(err)
	return wave
}

// respond puts a response into the inbox of the current wave.
func (app *testApp) respond(answers forms.Answers) {
	app.t.Helper()
	wave, err := app.store.CurrentWave(app.t.Context(), app.cfg.Survey.ID, app.clock())
	app.must(err)
	app.respondTo(wave.Code, answers)
}

// respondTo puts a response into the inbox of a wave.
func (app *testApp) respondTo(code string, answers forms.Answers) {
	app.t.Helper()
	wave, err := app.store.WaveByCode(app.t.Context(), app.cfg.Survey.ID, code)
	app.must(err)
	_, err = app.store.Append(app.t.Context(), store.Response{
		Key: uuid.New(), WaveID: wave.ID, FormVersion: app.cfg.Survey.Version, Answers: answers,
	}, app.clock())
	app.must(err)
}

// release does what the worker does with the inbox, and returns the wave.
func (app *testApp) release(wave *store.Wave) *store.Wave {
	app.t.Helper()
	_, err := app.store.Release(app.t.Context(), wave.ID, app.clock())
	app.must(err)
	wave, err = app.store.WaveByCode(app.t.Context(), wave.Survey, wave.Code)
	app.must(err)
	return wave
}
