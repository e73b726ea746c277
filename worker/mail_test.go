package worker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestATeamIsToldLaterIfTheMailServerWasAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	address := closedAddress(t)
	b.mailTo("smtp://" + address)
	b.run()
	receipt := b.refer(uuid.New(), b.Now(), "no")
	b.Queue.ReferralReceived(receipt.ReferralID)
	failed := func() int {
		due, err := b.Store.Due(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return due.FailedEmails
	}
	b.within(10*time.Second, "the first try failed", func() bool { return failed() == 1 })
	if !b.routed(receipt.ReferralID) {
		t.Error("a mail server that is away holds up the routing")
	}
	if strings.Contains(b.log.String(), "ERROR") {
		t.Errorf("a mail server that is away is logged as our own fault: %s", b.log)
	}
	relay(t, address, b.mail.Addr())
	time.Sleep(time.Second)
	if told := b.told(receipt.Reference); len(told) != 0 {
		t.Errorf("tried again without a pause: %q", told)
	}
	b.forward.Store(int64(time.Minute))
	b.within(10*time.Second, "told after the pause", func() bool { return len(b.told(receipt.Reference)) == 1 })
	b.within(5*time.Second, "recorded", func() bool { return b.events(store.EventTeamTold) == 1 && failed() == 0 })
	// A second look finds nothing owed.
	b.Queue.TeamOwedNews(receipt.ReferralID)
	time.Sleep(time.Second)
	if told := b.told(receipt.Reference); len(told) != 1 || b.events(store.EventTeamTold) != 1 {
		t.Errorf("told %q, recorded %d times", told, b.events(store.EventTeamTold))
	}
}

func TestDangerOutOfHoursIsToldToTheDutyTeam(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	sunday := time.Date(2026, time.June, 14, 23, 0, 0, 0, routing.London)
	for name, c := range map[string]struct {
		at     time.Time
		danger string
		want   []string
	}{
		"danger at night":   {sunday, "yes", []string{"edt@example.org", "triage-central@example.org"}}, // the rules give it to them
		"no danger":         {sunday, "no", []string{"mid@example.org"}},
		"danger by day":     {time.Date(2026, time.June, 10, 11, 0, 0, 0, routing.London), "yes", []string{"mid@example.org"}},
		"danger on Friday ": {time.Date(2026, time.June, 12, 16, 30, 0, 0, routing.London), "yes", []string{"edt@example.org", "triage-central@example.org"}},
	} {
		receipt := b.refer(uuid.New(), c.at, c.danger)
		b.work(receipt.ReferralID)
		if told := b.told(receipt.Reference); !slices.Equal(told, c.want) {
			t.Errorf("%s: told %q, want %q", name, told, c.want)
		}
	}

	// Rules that do not know of the duty team cannot keep the news from it,
	// and it may read what it is told of.
	rules, err := routing.Load([]byte("version: 2\neffective: 2026-01-01\ndefault: {queue: mid}\nrules: []\n"+
		"tests:\n- {name: all, given: {}, expect: mid}\n"), council.RoutingNames())
	if err != nil {
		t.Fatal(err)
	}
	b.Rules = rules
	receipt := b.refer(uuid.New(), sunday, "yes")
	b.work(receipt.ReferralID)
	told := b.told(receipt.Reference)
	if slices.Sort(told); !slices.Equal(told, []string{"edt@example.org", "mid@example.org"}) {
		t.Errorf("told %q", told)
	}
	duty := &store.User{Role: store.Triage, Teams: []string{"edt"}}
	if _, team, err := b.Store.LocateReferral(t.Context(), duty, receipt.Reference); err != nil || team != "mid" {
		t.Errorf("the duty team looks for what it was told of: %q, %v", team, err)
	}

	// More about something calm that turns out to be a danger at night.
	key := uuid.New()
	calm := b.refer(key, time.Date(2026, time.June, 10, 11, 0, 0, 0, routing.London), "no")
	b.work(calm.ReferralID)
	b.refer(key, sunday, "yes")
	b.work(calm.ReferralID)
	told = b.told(calm.Reference)
	if slices.Sort(told[1:]); !slices.Equal(told, []string{"mid@example.org", "edt@example.org", "mid@example.org"}) {
		t.Errorf("told of the amendment: %q", told)
	}

	// An organisation without such a team still gets its referrals routed.
	b.DutyTeam = ""
	receipt = b.refer(uuid.New(), sunday, "yes")
	b.work(receipt.ReferralID)
	if told := b.told(receipt.Reference); !slices.Equal(told, []string{"mid@example.org"}) {
		t.Errorf("without a duty team: told %q", told)
	}
}

// work does the jobs of one referral here and now.
func (b *bench) work(id uuid.UUID) {
	b.t.Helper()
	for _, job := range []job{jobRoute, jobTell} {
		if err := b.runJob(b.t.Context(), job, payload{Referral: id}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestTheEmailSaysWhatItMayAndNoMore(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	at := time.Date(2026, time.June, 10, 11, 0, 0, 0, routing.London)
	receipt := b.refer(uuid.New(), at, "yes")
	b.work(receipt.ReferralID)
	message := b.mail.Messages()[0]
	if message.Subject != "P1 "+receipt.Reference || message.From != "portal@example.org" || !slices.Equal(message.To, []string{"mid@example.org"}) {
		t.Errorf("from %s to %q: %s", message.From, message.To, message.Subject)
	}
	want := fmt.Sprintf(`A new referral is waiting for %s.

Reference: %s
Priority: P1
Open by: 11:30 on Wednesday 10 June 2026
Screen by: 17:30 on Wednesday 10 June 2026

Sign in to read it: https://portal.example.org/manage/referrals/%[2]s

This email holds no personal details on purpose. Please do not reply to it.
`, council.Team("mid").Name, receipt.Reference)
	if got := strings.ReplaceAll(message.Body, "\r\n", "\n"); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("body:\n%s\nwant:\n%s", got, want)
	}
	for _, word := range []string{words, "maldon", "Maldon", "neglect", "safeguarding"} {
		if strings.Contains(message.Raw, word) {
			t.Errorf("the email says %q", word)
		}
	}
}

func TestEveryReasonAndDemoDataHaveTheirWords(t *testing.T) {
	t.Parallel()
	b := newBench(t, "redis://"+closedAddress(t))
	for reason := range reasonWords {
		err := b.Mailer.Send(t.Context(), store.Notice{
			Reference: "SG-0000-0000", Reason: reason, Priority: "P3", TeamName: "100% Team", TeamEmail: "team@example.org", Demo: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		message := b.mail.Messages()[0]
		if !strings.HasPrefix(message.Subject, "[demo] ") || !strings.Contains(message.Body, "100% Team.") || strings.Contains(message.Body, "%!") || strings.Contains(message.Body, "Open by") {
			t.Errorf("%s: %s\n%s", reason, message.Subject, message.Body)
		}
	}
	for _, reason := range []string{"routed", "rerouted", "amended"} {
		if reasonWords[reason] == "" {
			t.Errorf("no words for the reason %q", reason)
		}
	}
}

func TestSMTPAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"smtp://127.0.0.1:2525": true, "smtp://localhost": true, "smtps://user:secret@mail.example.org": true,
		"smtp://user:secret@mail.example.org:587": true, "": false, "mail.example.org": false, "http://mail.example.org": false, "smtp://": false,
		"smtps://user:sec%ret@mail.example.org": false,
	} {
		_, err := NewMailer(address, "portal@example.org", "https://portal.example.org", routing.London)
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: the message quotes the password: %v", address, err)
		}
	}
}

// A mail server elsewhere must speak TLS before anything is sent.
func TestNoMailWithoutTLSExceptToThisMachine(t *testing.T) {
	t.Parallel()
	b := newBench(t, "redis://"+closedAddress(t))
	_, port, _ := strings.Cut(b.mail.Addr(), ":")
	// The catcher, under an address that is not known to be this machine's.
	b.mailTo("smtp://0.0.0.0:" + port)
	if err := b.Mailer.Send(t.Context(), store.Notice{Reason: "routed", TeamEmail: "team@example.org"}); err == nil {
		t.Error("sent without TLS")
	}
	if got := b.mail.Messages(); len(got) != 0 {
		t.Errorf("caught: %+v", got)
	}
}
