package store_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// columns is the whole schema. A column more is a decision about privacy: what
// it may hold has to be thought through before it is added here.
var columns = map[string]string{
	"submission_keys": "submission_key",
	"inbox":           "submission_key wave_id form_version answers collector_id",
	"inbox_even":      "submission_key wave_id form_version answers collector_id",
	"inbox_odd":       "submission_key wave_id form_version answers collector_id",
	"responses":       "wave_id ordinal release form_version answers",
	"releases":        "wave_id number size released_at",
	"editions":        "wave_id size",
	"result_chunks":   "wave_id number size bits",
	"actions":         "id survey question wave_id said did done public version written_by written_at ended_at",
	"exports":         "id asked_by wave_id kind state fault attempt rows_total rows_done size asked_at touched_at nudged_at made_at expires_at",
	"export_parts":    "export_id attempt number bytes",
	"texts":           "id wave_id question ordinal state version words themes decided_by decided_at",
	"waves":           "id survey code versions opens_at closes_at demo released releases by_invitation published shuffles",
	// No time, no key: an invitation is known to whoever has the sheet, so
	// nothing here may lead on to answers.
	"collectors":    "id wave_id code name kind issued reissued returned held_back closed_at",
	"invitations":   "collector_id number code_index code_sealed spent shuffled",
	"form_versions": "form version hash source published_at",
	"endings":       "form page day n",

	"referrals": "id reference submission_key form_version received_at demo facts reporter_sealed rest_sealed nhs_number_index " +
		"status priority team cc excluded owner_id routed_at rule_set_hash trace open_by screen_by decide_by feedback_by opened_at version receipt_taken_at",
	"amendments":    "id seq referral_id received_at form_version facts reporter_sealed rest_sealed routed_at rule_set_hash trace",
	"events":        "seq id at referral_id actor_id kind detail sealed",
	"decisions":     "id referral_id decided_at decided_by has_needs at_risk cannot_protect outcome reasons_sealed",
	"notifications": "id referral_id team reason subject_id due_at attempts sent_at",
	"drafts":        "id form_version sealed expires_at",

	"teams":            "slug name email",
	"users":            "id email name role password_hash session_epoch demo disabled_at created_at",
	"user_teams":       "user_id team",
	"setup_codes":      "code_hash user_id expires_at",
	"sessions":         "token_hash data expires_at",
	"sign_in_failures": "key at",
	"api_keys":         "key_hash name rights created_at revoked_at",
	"goose_db_version": "id version_id is_applied tstamp",
}

// plainFacts are the keys of a referral's facts: all that is known of it
// without the sealing keys.
var plainFacts = strings.Fields(`kind path immediate_danger priority adult_age_band adult_district place_district types sources
	locations support_reason adult_ethnicity_group adult_gender concern_flags whole_service position_of_trust deceased
	still_in_contact children_at_risk police_told out_of_hours open_case_team received_at`)

func TestColumnsAreThoseThatWereThoughtThrough(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	for table, names := range columns {
		got := strings.Join(l.texts(`SELECT column_name FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, table), " ")
		if got != names {
			t.Errorf("columns of %s: %s\nwant: %s", table, got, names)
		}
	}
	if got := l.tables(); !slices.Equal(got, slices.Sorted(maps.Keys(columns))) {
		t.Errorf("tables: %q", got)
	}
}

func (l *ledger) tables() []string {
	l.t.Helper()
	return l.texts(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name COLLATE "C"`)
}

// dump is every row of every table as text, and the bytes of every binary
// column as they are.
func (l *ledger) dump() (text string, bytes []byte) {
	l.t.Helper()
	var rows []string
	for _, table := range l.tables() {
		if table == "form_versions" {
			continue // the definition itself
		}
		rows = append(rows, l.texts(`SELECT row_to_json(t)::text FROM "`+table+`" t`)...)
	}
	binary := regexp.MustCompile(`"\\\\x[0-9a-f]*"`)
	text = binary.ReplaceAllStringFunc(strings.Join(rows, "\n"), func(quoted string) string {
		plain, err := hex.DecodeString(strings.Trim(quoted, `"\x`))
		l.must(err)
		bytes = append(append(bytes, plain...), '\n')
		return `""`
	})
	return text, bytes
}

// marked is a complete referral from a professional that writes a mark into
// every open field; turns lists the answers that lead to further fields.
func marked(t *testing.T, name string, turns url.Values) (forms.Answers, map[string]string) {
	t.Helper()
	posted, marks := url.Values{}, map[string]string{}
	digit := 0
	write := func(field, value string) {
		posted.Set(field, value)
		marks[field] = value
	}
	for _, page := range referral.Pages {
		for _, q := range page.Questions {
			field := q.ID
			if page.Repeats != nil {
				field = page.Repeats.Group + ".0." + q.ID
			}
			digit++
			switch {
			case turns.Has(q.ID):
				posted[field] = slices.DeleteFunc(slices.Clone(turns[q.ID]), func(code string) bool { return code == "" })
			case q.Kind == forms.KindText, q.Kind == forms.KindLongText:
				write(field, "Mark"+name+"of "+field)
			case q.Kind == forms.KindEmail:
				write(field, "mark."+name+"."+field+"@example.org")
			case q.Kind == forms.KindPhone:
				write(field, fmt.Sprintf("01632 960%03d", digit))
			case q.Kind == forms.KindPostcode:
				write(field, "ZZ99 3VZ")
			case q.Kind == forms.KindNHSNumber:
				write(field, "943 476 5919")
			case q.Kind == forms.KindDate:
				posted.Set(field+".day", "27")
				posted.Set(field+".month", "3")
				write(field+".year", fmt.Sprint(1901+digit))
			case q.Kind.Closed():
				for _, o := range q.Options {
					if o.Other {
						write(field+".other", "Mark"+name+"of "+field+".other")
						posted.Set(field, o.Code)
					}
				}
				if !posted.Has(field) {
					posted.Set(field, q.Options[0].Code)
				}
			default:
				t.Fatalf("no mark for a question of kind %q", q.Kind)
			}
		}
	}
	answers, err := referral.Parse(posted)
	if err != nil {
		t.Fatal(err)
	}
	answers = referral.Strip(answers)
	for _, fault := range referral.Validate(answers, "en", tuesday) {
		t.Errorf("the marked referral %s is not valid: %s: %s", name, fault.Field, fault.Message)
	}
	maps.DeleteFunc(marks, func(field, _ string) bool { return answers.Get(field) == "" })
	return answers, marks
}

func TestNothingThatAPersonWroteIsLegibleInTheDatabase(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	base := url.Values{
		"immediate_danger": {"no"}, "adult_age": {"adult"}, "referral_kind": {"safeguarding"}, "referrer_role": {"professional"},
		"adult_deceased": {"no"}, "adult_agrees": {"no"}, "police_told": {"yes"}, "kind": {"person"},
		"reporter_contact_channels": {"call", "text"}, "adult_contact_channels": {"none"},
	}
	with := func(more url.Values) url.Values {
		turns := maps.Clone(base)
		maps.Copy(turns, more)
		return turns
	}
	all := map[string]string{}
	key := uuid.New()
	var first store.Receipt
	for i, turns := range []url.Values{
		with(nil),
		with(url.Values{"desired_outcomes": {""}}),
		with(url.Values{"adult_deceased": {"yes"}}),
		with(url.Values{"referral_kind": {"needs_assessment"}}),
	} {
		name := fmt.Sprintf("Zq%dJx", i)
		answers, marks := marked(t, name, turns)
		receipt := l.submit(submission(key, answers, tuesday))
		if i == 0 {
			first = receipt
		}
		l.submit(submission(uuid.New(), answers, tuesday))
		for field, mark := range marks {
			all[field+" of "+name] = mark
		}
	}
	// The marks reach every open field of the definition.
	for _, page := range referral.Pages {
		for _, q := range page.Questions {
			reached := slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(field string) bool {
				field, _, _ = strings.Cut(field, " ")
				return field == q.ID || strings.HasSuffix(field, "."+q.ID) || strings.HasSuffix(field, q.ID+".year")
			})
			if !q.Kind.Closed() && !reached {
				t.Errorf("no referral of this test fills %q in", q.ID)
			}
		}
	}

	// What people at the desk write is sealed too.
	for _, id := range l.texts(`SELECT id FROM referrals`) {
		l.route(uuid.MustParse(id))
	}
	lead := l.user("lead@example.org", store.SafeguardingLead)
	desk := l.actions(lead, first.Reference)
	for field, mark := range map[string]string{"note": "MarkZqNoteJx", "reroute": "MarkZqWhyJx", "decision": "MarkZqReasonJx"} {
		all[field] = mark
	}
	l.must(l.AddNote(t.Context(), desk(), all["note"]))
	l.must(l.Reroute(t.Context(), desk(), "west", all["reroute"], false))
	l.must(l.StartScreening(t.Context(), desk()))
	reason := all["decision"]
	l.must(l.Decide(t.Context(), desk(), store.NewDecision{Outcome: "no_action", Reasons: store.Reasons{HasNeeds: reason, AtRisk: reason, CannotProtect: reason, Outcome: reason}}))

	// First that a legible mark would be found.
	opened, err := l.OpenReferral(t.Context(), lead, first.Reference, tuesday)
	l.must(err)
	if got := opened.Versions[0].Answers.Get("adult_name"); got != all["adult_name of Zq0Jx"] || got == "" {
		t.Errorf("the sealed name opens as %q", got)
	}
	text, bytes := l.dump()
	if !strings.Contains(text, first.Reference) || len(bytes) < 10_000 {
		t.Fatalf("the dump is not whole: %d characters, %d bytes", len(text), len(bytes))
	}
	for field, mark := range all {
		squeezed := strings.ReplaceAll(mark, " ", "")
		quoted := regexp.MustCompile(`(?i)\b(` + regexp.QuoteMeta(mark) + `|` + regexp.QuoteMeta(squeezed) + `)\b`)
		if quoted.MatchString(text) || len(mark) > 5 && quoted.Match(bytes) {
			t.Errorf("%s is legible in the database", field)
		}
	}
	random := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|\.\d+`) // ids, hashes, fractions of seconds
	for _, fragment := range []string{"Mark", "Zq", "01632", "@example.org\\", "3VZ"} {
		if strings.Contains(random.ReplaceAllString(text, ""), fragment) {
			t.Errorf("a part of somebody's words is legible in the database: %q", fragment)
		}
	}
	for _, raw := range l.texts(`SELECT facts::text FROM referrals UNION ALL SELECT facts::text FROM amendments`) {
		var facts map[string]any
		l.must(json.Unmarshal([]byte(raw), &facts))
		if got := slices.Sorted(maps.Keys(facts)); !slices.Equal(got, slices.Sorted(slices.Values(plainFacts))) {
			t.Errorf("facts: %q", got)
		}
	}
}

// A thief who writes to the database cannot move sealed words to where they
// are shown to somebody else.
func TestSealedColumnsOpenOnlyInTheirOwnRow(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	one, two := l.refer(nil), l.refer(nil)
	for _, swap := range []string{
		`UPDATE referrals SET rest_sealed = (SELECT rest_sealed FROM referrals WHERE reference = $1) WHERE reference = $2`,
		`UPDATE referrals SET reporter_sealed = rest_sealed WHERE reference IN ($1, $2)`,
	} {
		_, err := l.raw.ExecContext(t.Context(), swap, one.Reference, two.Reference)
		l.must(err)
		if _, err := l.OpenReferral(t.Context(), lead, two.Reference, tuesday); err == nil {
			t.Errorf("what was moved by %q opens", swap)
		}
	}
}
