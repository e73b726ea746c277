package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"intake/forms"
)

// Whoever connects does so from an address that nothing else on the machine
// uses, and says through a trusted proxy that it is another.
const (
	clientAddress    = "127.77.66.55"
	forwardedAddress = "203.0.113.77"
)

// TestNoWordIsInTheClear sends marked words by every way in which people can
// write something, and then looks for the marks wherever they could have been
// left: every table, Redis, emails, logs and metrics.
func TestNoWordIsInTheClear(t *testing.T) {
	s := newStack(t, "PORTAL_TRUSTED_PROXIES=127.0.0.0/8", "PORTAL_RATE_LIMIT=5000")
	s.run("", "wave", "open", "spring")
	lead := s.addManager("lead@example.org", "safeguarding_lead")
	var m marks
	form := referralForm(t)

	// Referrals of each path, one amended, one saved as a draft on the way.
	professional, fields := m.markOpen(form, with(byProfessional, "adult_deceased", "no", "police_told", "yes", "police_told_on.unknown", "yes", "adult_agrees", "no",
		"no_consent_reason", "coercion"))
	anonymous, more := m.markOpen(form, byNobody)
	if fields < 35 || more < 10 {
		t.Fatalf("only %d and %d fields are open", fields, more)
	}
	b := newMarkedClient(t, s, &m)
	reference := sendReferral(b, professional).receiveReference()
	amended, _ := m.markOpen(form, professional)
	amend := b.do(http.MethodPost, "/refer/received", url.Values{"action": {"amend"}}).want(http.StatusOK)
	amend.form("submission_key").fill(amended).press("check").want(http.StatusOK).form("submission_key").press("send").follow().says("We have added this")
	b.do(http.MethodPost, "/refer/received", url.Values{"action": {"receipt"}}).want(http.StatusOK)
	draft, _ := m.markOpen(form, anonymous)
	saved := newMarkedClient(t, s, &m).get("/refer").form("submission_key").fill(draft).press("save").want(http.StatusOK)
	phrase := strings.Fields(saved.Find(".phrase").Text())
	if len(phrase) != 4 {
		t.Fatalf("the draft's phrase is %q", phrase)
	}
	m.also(strings.Join(phrase, " "), strings.Join(phrase, "-"), strings.Join(phrase, "+"), strings.Join(phrase, ""))
	sendReferral(newMarkedClient(t, s, &m), anonymous)

	// What people write by mistake: bad input, other addresses, the sign-in.
	bad, _ := m.markOpen(form, byNobody)
	newMarkedClient(t, s, &m).get("/refer").form("submission_key").fill(with(bad, "immediate_danger", "no", "what_happened", "")).press("check").want(http.StatusUnprocessableEntity)
	lost := newMarkedClient(t, s, &m)
	lost.get("/" + m.word() + "?q=" + m.word()).want(http.StatusNotFound)
	lost.get("/survey/" + m.word()).want(http.StatusNotFound)
	lost.do(http.MethodPost, "/refer", url.Values{"action": {m.word()}, m.word(): {m.word()}}).want(http.StatusUnprocessableEntity)
	lost.do(http.MethodPost, "/refer", url.Values{"adult_name": {m.word() + "\x00"}}).want(http.StatusBadRequest)
	lost.get("/manage/sign-in").form("password").fill(answersOf("email", m.word()+"@example.org", "password", m.word())).press("").want(http.StatusUnprocessableEntity)
	lost.do(http.MethodPost, "/refer/resume", url.Values{"phrase": {m.word() + " " + m.word()}}).want(http.StatusUnprocessableEntity)

	// The survey: the free text is the one thing that is stored as it is.
	var surveyMarks marks
	for range 12 {
		answers := with(responses[0], "one_change", "Less "+surveyMarks.word())
		sendSurvey(newMarkedClient(t, s, &m), answers)
	}

	// The desk. First that the marks do come back where they should: a test
	// that looked for the wrong words would find none.
	desk := newMarkedClient(t, s, &m).signIn(lead)
	page := "/manage/referrals/" + reference
	eventually(t, recoveredWithin, "the referral is routed", func() bool {
		return strings.Contains(desk.get(page).words(), "Rule set")
	})
	shown := desk.get(page).Find("main").Text()
	for _, answers := range []forms.Answers{professional, amended} {
		for name, values := range answers {
			if form.Question(strings.TrimPrefix(strings.TrimPrefix(name, "allegations.0."), "sources.0.")) == nil {
				continue
			}
			for _, line := range strings.Split(values[0], "\n") {
				if strings.ContainsAny(line, " @") && !strings.Contains(strings.ToLower(shown), strings.ToLower(strings.TrimSpace(line))) {
					t.Errorf("the manager's page does not show %s: %q", name, line)
				}
			}
		}
	}
	act := func(field string, answers map[string][]string) {
		desk.get(page).form(field).fill(answers).press("").want(http.StatusSeeOther)
	}
	act("note", map[string][]string{"note": {"Note " + m.word()}})
	desk.do(http.MethodPost, page+"/screen", url.Values{"version": {version(desk.get(page))}}).want(http.StatusSeeOther)
	act("outcome", map[string][]string{
		"has_needs": {"yes"}, "has_needs_reason": {m.word()}, "at_risk": {"yes"}, "at_risk_reason": {m.word()},
		"cannot_protect": {"no"}, "cannot_protect_reason": {m.word()}, "outcome": {"advice"}, "outcome_reason": {m.word()},
	})
	act("reason", map[string][]string{"team": {"west"}, "reason": {"Moved " + m.word()}})
	desk.get("/manage/referrals?reference=" + m.word()).want(http.StatusUnprocessableEntity)
	desk.get("/manage/referrals/" + m.word()).want(http.StatusNotFound)
	eventually(t, recoveredWithin, "every team is told", func() bool { return s.count(`SELECT count(*) FROM notifications WHERE sent_at IS NULL`) == 0 })
	eventually(t, recoveredWithin, "the responses are released", func() bool { return s.count(`SELECT count(*) FROM responses`) >= 10 })

	m.also(clientAddress, forwardedAddress)
	places := s.places()
	for place, text := range places {
		text = strings.ToLower(text)
		for _, word := range m.words {
			if i := strings.Index(text, word); i >= 0 {
				t.Errorf("%s holds %q: …%s…", place, word, text[max(0, i-60):min(len(text), i+60)])
			}
		}
		for _, word := range surveyMarks.words {
			if place != "table responses" && !strings.HasPrefix(place, "table inbox") && strings.Contains(text, word) {
				t.Errorf("%s holds what somebody wrote in the survey", place)
			}
		}
	}
	if !strings.Contains(places["table inbox"]+places["table responses"], surveyMarks.words[0]) {
		t.Error("the dump of the tables does not hold what is stored as it is: does it dump anything?")
	}
	for _, place := range []string{"table referrals", "table events", "table drafts", "table decisions", "table amendments", "redis", "mails", "logs", "metrics", "log of PostgreSQL"} {
		if len(places[place]) < 40 {
			t.Errorf("there is nothing of %s to look at: %q", place, places[place])
		}
	}
}

func version(p *plainPage) string {
	return p.Find(`input[name="version"]`).First().AttrOr("value", "")
}

func referralForm(t testing.TB) *forms.Form {
	t.Helper()
	source, _ := forms.BuiltIn("safeguarding-referral")
	form, err := forms.Load(source, demoLists())
	must(t, err)
	return form
}

// newMarkedClient is a browser at the marked address, which sends marked
// headers too.
func newMarkedClient(t testing.TB, s *stack, m *marks) *plain {
	t.Helper()
	b := newPlain(t, s.base)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddress)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	b.client.Transport = transport
	b.header.Set("X-Forwarded-For", forwardedAddress)
	b.header.Set("User-Agent", "Browser "+m.word())
	b.header.Set("Referer", s.base+"/"+m.word())
	return b
}

// places is everything that the portal has left anywhere, by place.
func (s *stack) places() map[string]string {
	s.t.Helper()
	p := map[string]string{}
	for _, table := range s.texts(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`) {
		// Bytes both as they are written out and as they are.
		rows := s.texts(fmt.Sprintf(`SELECT row_to_json(t)::text FROM %q t`, table))
		for _, column := range s.texts(`SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND data_type = 'bytea'`, table) {
			rows = append(rows, s.texts(fmt.Sprintf(`SELECT encode(%q, 'escape') FROM %q WHERE %q IS NOT NULL`, column, table, column))...)
		}
		p["table "+table] = strings.Join(rows, "\n")
	}
	for _, mail := range s.mail.Messages() {
		p["mails"] += mail.Raw + "\n" + mail.Subject + "\n" + mail.Body
	}
	server, err := sharedPostgres()
	must(s.t, err)
	p["log of PostgreSQL"] = server.log.String()
	p["redis"] = s.redisHolds()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.admin+"/metrics", nil)
	must(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer answer.Body.Close() //nolint:errcheck // it has been read
	metrics, err := io.ReadAll(answer.Body)
	must(s.t, err)
	p["metrics"] = string(metrics)
	p["logs"] = s.wholeLog() // last, as it takes a moment and what is in Redis expires
	return p
}

// redisHolds is every key with its value.
func (s *stack) redisHolds() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	client := s.queue.client()
	var out strings.Builder
	for keys := client.Scan(ctx, 0, "*", 100).Iterator(); keys.Next(ctx); {
		key := keys.Val()
		kind, err := client.Type(ctx, key).Result()
		must(s.t, err)
		var value any
		switch kind {
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "list":
			value, err = client.LRange(ctx, key, 0, -1).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "none":
			continue // it has just expired
		default:
			s.t.Fatalf("a value of type %s is not looked into", kind)
		}
		must(s.t, err)
		fmt.Fprintf(&out, "%s = %v\n", key, value)
	}
	return out.String()
}
