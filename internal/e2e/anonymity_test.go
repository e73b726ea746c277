package e2e

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	releases    = 4
	releaseSize = 100
	// unlikely is how far, in standard deviations, chance may take a figure:
	// further than that once in ten million runs.
	unlikely = 5.4
)

// TestReleasedResponsesHaveNoOrder sends responses in a known order and looks,
// after each release, for anything in the ledger that follows it: the order of
// rows on disk, by number or by transaction, neighbours, and the keys.
func TestReleasedResponsesHaveNoOrder(t *testing.T) {
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	var keys []string // by the order in which they were sent
	for release := range releases {
		// While no worker runs, responses wait in the inbox.
		if err := s.worker.stop(stopPatience); err != nil {
			t.Fatal(err)
		}
		for range releaseSize {
			keys = append(keys, uuid.NewString())
			s.respond(keys[len(keys)-1], len(keys)-1)
		}
		s.startWorker()
		eventually(t, recoveredWithin, "the responses are released", func() bool { return s.count(`SELECT count(*) FROM inbox`) == 0 })
		if n := s.count(`SELECT count(*) FROM releases`); n != release+1 {
			t.Fatalf("there are %d releases, want %d", n, release+1)
		}
	}

	// Each order that the ledger can give, against the order of sending.
	for name, order := range map[string]string{
		"number": "ordinal", "place on disk": "ctid", "transaction": "xmin::text::bigint, cmin::text::bigint, ctid",
	} {
		var correlation, neighbours float64
		for release := 1; release <= releases; release++ {
			places := s.sentPlaces(`SELECT answers->'one_change'->>0 FROM responses WHERE release = $1 ORDER BY `+order, release)
			if len(places) != releaseSize {
				t.Fatalf("release %d has %d responses, want %d", release, len(places), releaseSize)
			}
			correlation += spearman(places) * math.Sqrt(releaseSize-1)
			for i := 1; i < len(places); i++ {
				if d := places[i] - places[i-1]; d == 1 || d == -1 {
					neighbours++
				}
			}
		}
		// Both are about normal if the order is random: the one around 0, the
		// other, a count of rare events, around 2 for each release.
		if z := correlation / math.Sqrt(releases); math.Abs(z) > unlikely {
			t.Errorf("the order by %s follows the order of sending: %.1f standard deviations", name, z)
		}
		if z := (neighbours - 2*releases) / math.Sqrt(2*releases); z > 2*unlikely {
			t.Errorf("by %s, %v neighbours were sent one after the other, %d would be chance", name, neighbours, 2*releases)
		}
	}

	// The spent keys lead to no response: neither by their order nor by any
	// column.
	var kept []int
	for _, key := range s.texts(`SELECT submission_key::text FROM submission_keys ORDER BY submission_key`) {
		kept = append(kept, slices.Index(keys, key))
	}
	byNumber := s.sentPlaces(`SELECT answers->'one_change'->>0 FROM responses ORDER BY release, ordinal`)
	if len(kept) != len(byNumber) || len(kept) != len(keys) {
		t.Fatalf("%d keys are kept of %d responses, %d were sent", len(kept), len(byNumber), len(keys))
	}
	same := 0
	for i := range kept {
		if kept[i] == byNumber[i] {
			same++
		}
	}
	if same > 15 { // chance: 1
		t.Errorf("%d keys are in the place of their response", same)
	}
	for table, want := range map[string]string{
		"submission_keys": "submission_key uuid",
		"responses":       "answers jsonb, form_version integer, ordinal integer, release integer, wave_id bigint",
		"releases":        "number integer, released_at timestamp with time zone, size integer, wave_id bigint",
	} {
		got := strings.Join(s.texts(`SELECT column_name || ' ' || data_type FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = $1 ORDER BY column_name`, table), ", ")
		if got != want {
			t.Errorf("the table %s has the columns %s, want %s: may a new one tie a response to its key or time?", table, got, want)
		}
	}
	for _, key := range keys[:20] {
		for _, table := range []string{"responses", "releases", "waves", "events"} {
			if n := s.count(fmt.Sprintf(`SELECT count(*) FROM %s t WHERE row_to_json(t)::text LIKE '%%' || $1 || '%%'`, table), key); n > 0 {
				t.Errorf("the table %s holds a key", table)
			}
		}
	}
	if strings.Contains(s.wholeLog(), keys[0]) {
		t.Error("the log holds a key")
	}
}

// TestNothingOfARequestIsKept answers by invitation from a browser whose
// headers, cookies and address are marked, and looks for the marks, for the
// invitations, the keys and the moments of sending wherever they could have
// been left, before the release and after it.
func TestNothingOfARequestIsKept(t *testing.T) {
	s := newStack(t, "PORTAL_TRUSTED_PROXIES=127.0.0.0/8", "PORTAL_RATE_LIMIT=5000")
	s.run("", "wave", "open", "spring", "--by-invitation")
	invitations, err := csv.NewReader(strings.NewReader(s.run("", "collector", "invite", "spring", "Home care", "12", "--csv", "-"))).ReadAll()
	must(t, err)
	if len(invitations) != 13 {
		t.Fatalf("the file has %d lines, want a heading and 12 invitations", len(invitations))
	}
	if err := s.worker.stop(stopPatience); err != nil {
		t.Fatal(err)
	}

	var m, words marks
	var keys []string
	m.also(clientAddress, forwardedAddress)
	time.Sleep(time.Millisecond) // what was set up before is older than from
	from := time.Now()
	for _, invitation := range invitations[1:] {
		code, link := invitation[1], invitation[2]
		m.also(code, strings.ReplaceAll(code, "-", ""))
		b := newMarkedClient(t, s, &m)
		language := m.word()[:8] // as long as a part of its name may be
		m.also(language)
		b.header.Set("Accept-Language", "en-GB, x-"+language+";q=0.5")
		b.header.Set("Cookie", "seen="+m.word())
		form := b.get(strings.TrimPrefix(link, s.base)).follow().want(http.StatusOK).form("submission_key")
		form.fill(with(responses[0], "one_change", "Less "+words.word()))
		keys = append(keys, form.values.Get("submission_key"))
		form.press("send").follow().says("Your answers have arrived")
		// Nor does anything of what is refused: the invitation again, and one
		// that is none.
		form.values.Set("submission_key", uuid.NewString())
		form.press("send").want(http.StatusConflict)
		form.values.Set("invitation", m.word())
		form.press("send").want(http.StatusConflict)
	}
	to := time.Now()

	look := func(when string, holdsKeys, holdsWords []string) {
		t.Helper()
		places := s.places()
		found := map[string]bool{}
		for place, text := range places {
			if strings.HasPrefix(place, "table ") {
				for _, at := range timesIn(text) {
					if !at.Before(from) && !at.After(to) {
						t.Errorf("%s %s holds a moment of sending: %v", when, place, at)
					}
				}
			}
			place = strings.TrimSuffix(strings.TrimSuffix(place, "_even"), "_odd") // parts of the inbox
			text = strings.ToLower(text)
			for _, mark := range m.words {
				if strings.Contains(text, mark) {
					t.Errorf("%s %s holds %q of a request", when, place, mark)
				}
			}
			if slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(text, key) }) {
				found["key in "+place] = true
			}
			if slices.ContainsFunc(words.words, func(word string) bool { return strings.Contains(text, word) }) {
				found["words in "+place] = true
			}
		}
		want := map[string]bool{}
		for _, table := range holdsKeys {
			want["key in table "+table] = true
		}
		for _, table := range holdsWords {
			want["words in table "+table] = true
		}
		if !maps.Equal(found, want) {
			t.Errorf("%s there are %v, want %v", when, found, want)
		}
		for _, place := range []string{"redis", "logs", "metrics", "log of PostgreSQL", "table collectors"} {
			if len(places[place]) < 40 {
				t.Errorf("%s there is nothing of %s to look at: %q", when, place, places[place])
			}
		}
	}
	look("before the release", []string{"inbox", "submission_keys"}, []string{"inbox"})
	s.startWorker()
	eventually(t, recoveredWithin, "the responses are released", func() bool { return s.count(`SELECT count(*) FROM responses`) == 12 })
	look("after the release", []string{"submission_keys"}, []string{"responses"})
	eventually(t, 30*time.Second, "the worker has emptied the inbox's file", func() bool {
		return s.count(`SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relname IN ('inbox', 'inbox_even', 'inbox_odd')`) == 0
	})
}

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)

// timesIn are the points in time that rows of a table hold, as JSON.
func timesIn(rows string) (times []time.Time) {
	for _, text := range timestamp.FindAllString(rows, -1) {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			times = append(times, at)
		}
	}
	return times
}

// respond sends one response whose text says which it is.
func (s *stack) respond(key string, place int) {
	s.t.Helper()
	body := apiBody(key, answersOf("care_role", "paid_provider", "one_change", strconv.Itoa(place)))
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/api/v1/surveys/care-worker-survey/responses", strings.NewReader(body))
	must(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	must(s.t, err)
	must(s.t, answer.Body.Close())
	if answer.StatusCode != http.StatusCreated {
		s.t.Fatalf("a response was answered with status %d", answer.StatusCode)
	}
}

// sentPlaces reads when each response was sent, in the order of the query.
func (s *stack) sentPlaces(query string, args ...any) (places []int) {
	s.t.Helper()
	for _, text := range s.texts(query, args...) {
		place, err := strconv.Atoi(text)
		must(s.t, err)
		places = append(places, place)
	}
	return places
}

// spearman is the rank correlation of different numbers with their order.
func spearman(values []int) float64 {
	ranked := slices.Sorted(slices.Values(values))
	n := float64(len(values))
	sum := 0.0
	for i, value := range values {
		rank, _ := slices.BinarySearch(ranked, value)
		sum += float64((rank - i) * (rank - i))
	}
	return 1 - 6*sum/(n*(n*n-1))
}
