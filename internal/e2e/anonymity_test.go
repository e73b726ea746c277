package e2e

import (
	"fmt"
	"math"
	"net/http"
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
		eventually(t, routedWithin, "the responses are released", func() bool { return s.count(`SELECT count(*) FROM inbox`) == 0 })
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
	if strings.Contains(s.log.String(), keys[0]) {
		t.Error("the log holds a key")
	}
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
