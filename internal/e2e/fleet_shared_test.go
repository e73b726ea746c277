package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// shareSessions: a session is one of all processes, from its beginning to its
// end.
func (f *fleet) shareSessions(t *testing.T) {
	t.Helper()
	all := len(f.webs)
	who := f.addManager("turn@example.org", "survey_manager")
	b := newPlain(t, f.webs[0].base).signIn(who)
	thief := newPlain(t, "")
	at, err := url.Parse(f.webs[0].base)
	must(t, err)
	thief.client.Jar.SetCookies(at, b.client.Jar.Cookies(at)) // cookies know no ports
	expect := func(when string, who *plain, want int) {
		t.Helper()
		if n := f.signedIn(who); n != want {
			t.Errorf("%s: signed in at %d of %d", when, n, all)
		}
	}
	expect("signed in at the first", thief, all)
	b.base = f.webs[2].base
	b.do(http.MethodPost, "/manage/sign-out", nil).want(http.StatusSeeOther)
	expect("signed out at the third", thief, 0)

	b.base = f.webs[1].base
	expect("signed in at the second", b.signIn(who), all)
	link, err := url.Parse(strings.TrimSpace(lastWord(f.run("", "user", "link", who.email))))
	must(t, err)
	const another = "staple battery horse"
	newPlain(t, f.webs[3].base).do(http.MethodPost, link.Path, answersOf("password", another, "again", another)).want(http.StatusSeeOther)
	expect("the password was changed at the fourth", b, 0)
	who.password = another
	b.base = f.webs[0].base
	expect("signed in with the new one", b.signIn(who), all)
	f.run("", "user", "disable", who.email)
	expect("the account was disabled", b, 0)
}

// lastWord is the last of a text.
func lastWord(text string) string {
	words := strings.Fields(text)
	return words[len(words)-1]
}

// shareLimits: what a client tries counts at whichever process it is tried.
func (f *fleet) shareLimits(t *testing.T) {
	t.Helper()
	const limit = 20 // guesses of words a minute, of each client
	b, taken := newPlain(t, ""), 0
	for n := range 3 * limit { // fewer than four times the limit, for each process would let them all through
		b.base = f.webs[n%len(f.webs)].base
		guess := b.do(http.MethodPost, "/refer/resume", answersOf("phrase", "garlic mustang velvet pebble"))
		if guess.status != http.StatusTooManyRequests {
			guess.want(http.StatusUnprocessableEntity)
			taken++
		}
	}
	if taken < limit || taken >= 2*limit { // some come free meanwhile
		t.Errorf("of %d guesses of words, spread over %d processes, %d were taken, and %d a minute may be", 3*limit, len(f.webs), taken, limit)
	}

	who := f.addManager("guessed@example.org", "survey_manager")
	signIn := func(m *member, password string) int {
		return newPlain(t, m.base).do(http.MethodPost, "/manage/sign-in", answersOf("email", who.email, "password", password)).status
	}
	for n := range 5 {
		if status := signIn(f.webs[n%len(f.webs)], "wrong"); status != http.StatusUnprocessableEntity {
			t.Errorf("a wrong password is answered with status %d", status)
		}
	}
	for _, m := range f.webs {
		if status := signIn(m, who.password); status != http.StatusTooManyRequests {
			t.Errorf("%s answers %d after wrong passwords at others", m.name, status)
		}
	}
}

// closedWithin bounds how long a process may give out a survey that was closed
// at another. It remembers waves for a quarter of a second.
const closedWithin = 2 * time.Second

// closeEverywhere: a wave that is closed at one process is closed at all.
func (f *fleet) closeEverywhere(t *testing.T, manager signIn) {
	t.Helper()
	reader := newPlain(t, "")
	for _, page := range f.everywhere(reader, surveyPath) { // which they now remember
		if page.want(http.StatusOK); strings.Contains(page.words(), "This survey has closed") {
			t.Fatal("the survey has closed before anybody closed it")
		}
	}
	newPlain(t, f.webs[0].base).signIn(manager).do(http.MethodPost, "/manage/surveys/care-worker-survey/waves/fleet/close", nil).want(http.StatusSeeOther)
	began := time.Now()
	for _, m := range f.webs {
		reader.base = m.base
		eventually(t, time.Until(began.Add(closedWithin)), m.name+" knows that the wave is closed", func() bool {
			return strings.Contains(reader.get(surveyPath).want(http.StatusOK).words(), "This survey has closed")
		})
	}
	t.Logf("a wave was closed everywhere within %s", time.Since(began).Round(time.Millisecond))
}

// figuresSeen are the figures that the web processes show.
type figuresSeen struct {
	f         *fleet
	mu        sync.Mutex
	byEdition map[int]string // the figures, by how many responses they are of
	looks     int
	browsers  []*plain
}

// watchFigures looks at the results of each web process all the time, until the
// test ends, and notes where two show other figures of the same responses.
func (f *fleet) watchFigures(manager signIn) *figuresSeen {
	seen := &figuresSeen{f: f, byEdition: map[int]string{}}
	stop := make(chan struct{})
	var watching sync.WaitGroup
	b := newPlain(f.t, f.webs[0].base).signIn(manager)
	for _, m := range f.webs {
		one := &plain{t: f.t, base: m.base, client: b.client}
		seen.browsers = append(seen.browsers, one)
		watching.Go(func() {
			for ticker := time.Tick(150 * time.Millisecond); ; {
				seen.look(one)
				select {
				case <-ticker:
				case <-stop:
					return
				}
			}
		})
	}
	f.t.Cleanup(func() { close(stop); watching.Wait() })
	return seen
}

// look reports of how many responses the figures of a process are, -1 if it
// cannot say.
func (s *figuresSeen) look(b *plain) int {
	answer, err := b.client.Get(b.base + "/api/v1/surveys/care-worker-survey/results?wave=fleet") //nolint:noctx // a loopback address
	if err != nil {
		return -1 // it was killed
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read by then
	var told struct {
		Counted   int             `json:"counted"`
		Questions json.RawMessage `json:"questions"`
	}
	if answer.StatusCode != http.StatusOK || json.NewDecoder(answer.Body).Decode(&told) != nil {
		return -1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if before, known := s.byEdition[told.Counted]; known && before != string(told.Questions) {
		s.f.t.Errorf("two processes show other figures of the same %d responses:\n%s\n%s", told.Counted, before, told.Questions)
	}
	s.byEdition[told.Counted] = string(told.Questions)
	return told.Counted
}

// agree waits until all show the newest figures that may be shown.
func (s *figuresSeen) agree() {
	s.f.t.Helper()
	eventually(s.f.t, promptly, "all web processes show the newest figures", func() bool {
		for _, b := range s.browsers {
			if newest := s.f.count(`SELECT coalesce(max(size), 0) FROM editions`); newest == 0 || s.look(b) != newest {
				return false
			}
		}
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byEdition) < 3 {
		s.f.t.Errorf("only %d editions were looked at", len(s.byEdition))
	}
	s.f.t.Logf("%d looks at the figures of %d editions, and no two processes differed", s.looks, len(s.byEdition))
}
