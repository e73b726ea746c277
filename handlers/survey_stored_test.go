package handlers

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

// holdNothingOfResponses are the tables that the page leaves out, and why.
// A table that is neither here nor on the page fails the test.
var holdNothingOfResponses = map[string]string{
	"waves":         "settings of a round, and the sums of what the releases hold",
	"form_versions": "the questions, not answers to them",
	"actions":       "what managers do about the results, in their own words",
	"endings":       "how many left a form early in a day, of everybody together",

	"referrals":     "the other form; a referral knows of no response",
	"amendments":    "the other form",
	"events":        "what was done with referrals, and what managers did",
	"decisions":     "the other form",
	"notifications": "emails to teams about referrals",
	"drafts":        "the other form: the survey saves nothing on the server",

	"exports": "which manager asked for a file about which round",

	"teams": "managers", "users": "managers", "user_teams": "managers", "setup_codes": "managers", "sessions": "managers who have signed in",
	"sign_in_failures": "managers", "api_keys": "partner organisations", "goose_db_version": "the schema's own version",
}

// asListed names the inbox for each of the two tables that are the inbox.
var asListed = strings.NewReplacer("inbox_even", "inbox", "inbox_odd", "inbox")

// ledgerRows is every row of every table, as JSON, by table.
func (app *testApp) ledgerRows() map[string][]string {
	app.t.Helper()
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer func() { app.must(db.Close()) }()
	read := func(query string, args ...any) (out []string) {
		rows, err := db.QueryContext(app.t.Context(), query, args...)
		app.must(err)
		defer func() { app.must(rows.Close()) }()
		for rows.Next() {
			var text string
			app.must(rows.Scan(&text))
			out = append(out, text)
		}
		app.must(rows.Err())
		return out
	}
	all := map[string][]string{}
	for _, table := range read(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`) {
		all[table] = read(`SELECT row_to_json(t)::text FROM "` + table + `" t`)
	}
	return all
}

// filledColumns are the columns, like "inbox.answers", that are not null in
// rows that are there after and were not before.
func (app *testApp) filledColumns(before, after map[string][]string) map[string]bool {
	app.t.Helper()
	filled := map[string]bool{}
	for table, rows := range after {
		for _, row := range rows {
			if slices.Contains(before[table], row) {
				continue
			}
			var columns map[string]any
			app.must(json.Unmarshal([]byte(row), &columns))
			for column, value := range columns {
				if value != nil {
					filled[asListed.Replace(table)+"."+column] = true
				}
			}
		}
	}
	return filled
}

// namesOnPage are the columns that the page lists, each by its words.
func (app *testApp) namesOnPage() map[string]string {
	app.t.Helper()
	p := app.browser().get(surveyPath + "/stored").want(http.StatusOK)
	listed := map[string]string{}
	for _, item := range p.Find("main li:has(.database-names)").EachIter() {
		names := item.Find(".database-names").Text()
		words := strings.TrimSpace(strings.ReplaceAll(item.Text(), names, ""))
		for _, name := range strings.Split(strings.Trim(names, "() "), ", ") {
			if _, twice := listed[name]; twice || len(words) < 10 {
				app.t.Errorf("the page lists %q twice or says %q of it", name, words)
			}
			listed[name] = words
		}
	}
	return listed
}

func TestWhatWeStoreIsTheSchema(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer func() { app.must(db.Close()) }()
	rows, err := db.QueryContext(t.Context(), `SELECT c.table_name, c.column_name FROM information_schema.columns c
		JOIN information_schema.tables USING (table_schema, table_name) WHERE c.table_schema = 'public'`)
	app.must(err)
	defer func() { app.must(rows.Close()) }()
	listed := app.namesOnPage()
	missing := maps.Clone(listed)
	for rows.Next() {
		var table, column string
		app.must(rows.Scan(&table, &column))
		name := asListed.Replace(table) + "." + column
		delete(missing, name)
		if holdNothingOfResponses[table] == "" && listed[name] == "" {
			t.Errorf("the ledger has %s, of which the page says nothing", name)
		} else if holdNothingOfResponses[table] != "" && listed[name] != "" {
			t.Errorf("%s is on the page and said to hold nothing about responses", name)
		}
	}
	app.must(rows.Err())
	for name := range missing {
		t.Errorf("the page lists %s, which the ledger does not have", name)
	}
}

// What sending answers leaves in the ledger, and what a release makes of it, is
// on the page, whatever table it is in.
func TestWhatWeStoreIsWhatAResponseLeaves(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	collector, err := app.store.AddClosedCollector(t.Context(), app.deed(), wave.ID, "Home care", 12)
	app.must(err)
	var codes []string
	app.must(app.store.Invitations(t.Context(), collector.ID, 1, 0, func(i store.Invitation) error {
		codes = append(codes, i.Code)
		return nil
	}))
	listed := app.namesOnPage()

	opened := app.ledgerRows()
	app.pass(7*time.Minute + 13*time.Second + 123456*time.Microsecond)
	b := app.browser()
	form := b.fill(b.get(surveyPath + "?invitation=" + codes[0]).want(http.StatusOK)).setAll(homeCarer)
	form.press("send").redirects()
	key := form.values.Get("submission_key")
	sent := app.ledgerRows()
	left := app.filledColumns(opened, sent)
	for name := range left {
		if listed[name] == "" {
			t.Errorf("sending answers leaves %s, of which the page says nothing", name)
		}
	}
	for _, name := range []string{"inbox.answers", "inbox.collector_id", "submission_keys.submission_key", "invitations.spent"} {
		if !left[name] {
			t.Errorf("sending answers leaves nothing in %s", name)
		}
	}
	// The moment of sending is nowhere, neither in words nor as a number.
	atSending := regexp.MustCompile(`\b10:07:13|\b` + strconv.FormatInt(app.clock().Unix(), 10))
	for table, rows := range sent {
		if at := atSending.FindString(strings.Join(rows, "\n")); at != "" {
			t.Errorf("the table %s holds the time of sending: %s", table, at)
		}
	}

	for _, code := range codes[1:10] {
		_, err := app.store.Append(t.Context(), store.Response{
			Key: uuid.New(), WaveID: wave.ID, FormVersion: 1, Answers: answersOf("care_role", "paid_provider"), Invitation: code,
		}, app.clock())
		app.must(err)
	}
	app.pass(time.Hour)
	app.release(wave)
	released := app.ledgerRows()
	left = app.filledColumns(sent, released)
	for name := range left {
		table, _, _ := strings.Cut(name, ".")
		if listed[name] == "" && table != "waves" {
			t.Errorf("a release leaves %s, of which the page says nothing", name)
		}
	}
	for _, name := range []string{"responses.answers", "releases.released_at", "invitations.shuffled", "collectors.returned"} {
		if !left[name] {
			t.Errorf("a release leaves nothing in %s", name)
		}
	}
	if n := len(released["responses"]); n != 10 || len(released["inbox"]) != 0 {
		t.Errorf("%d responses were released, and %d wait", n, len(released["inbox"]))
	}
	for table, rows := range released {
		text := strings.Join(rows, "\n")
		if table != "submission_keys" && strings.Contains(text, key) {
			t.Errorf("after the release the table %s holds the key", table)
		}
		if strings.Contains(text, codes[0]) || strings.Contains(text, store.FormatInvitation(codes[0])) || atSending.MatchString(text) {
			t.Errorf("after the release the table %s holds the invitation or the time of sending", table)
		}
	}
	if log := app.log.String(); strings.Contains(log, key) || strings.Contains(log, codes[0]) || strings.Contains(log, "Wombat") {
		t.Errorf("the log holds a key, an invitation or words: %s", log)
	}
}
