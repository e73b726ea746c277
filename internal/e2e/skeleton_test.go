package e2e

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// promptly bounds what people should see at once: figures that rise, a
// referral in its team's list, its email.
const promptly = 5 * time.Second

// TestPortalDevFromNothing is the first thing that a council could try: one
// command on an empty folder, both forms filled in as they are served, without
// a script, and the managers who then know.
func TestPortalDevFromNothing(t *testing.T) {
	data := filepath.Join(shared.dir, "a folder with spaces")
	d := mustStartDev(t, data)
	for _, role := range []string{"survey_manager", "triage", "safeguarding_lead", "admin"} {
		newPlain(t, d.base).signIn(d.as(t, role)).get("/manage").want(http.StatusOK)
	}

	surveyManager := newPlain(t, d.base).signIn(d.as(t, "survey_manager"))
	before := surveyManager.get("/manage").figure("Responses so far")
	const sent = 12
	for i := range sent {
		sendSurvey(newPlain(t, d.base), responses[i%len(responses)]).says("Your answers have arrived.")
	}
	eventually(t, promptly, "the live total rises by what was sent", func() bool {
		return surveyManager.get("/manage").figure("Responses so far") == before+sent
	})
	released := surveyManager.get("/manage").figure("Counted in the results")
	if released < sent {
		t.Errorf("%d responses are counted in the results, want at least the %d that were sent", released, sent)
	}

	triage := newPlain(t, d.base).signIn(d.as(t, "triage"))
	lead := newPlain(t, d.base).signIn(d.as(t, "safeguarding_lead"))
	for _, test := range []struct {
		answers        map[string][]string
		team, teamMail string
	}{
		{byProfessional, "Mid locality", "mid@example.org"},
		{byNobody, "Central triage", "triage-central@example.org"},
	} {
		reference := sendReferral(newPlain(t, d.base), test.answers).receiveReference()
		for _, manager := range []*plain{triage, lead} {
			eventually(t, promptly, reference+" is in the list with its team", func() bool {
				row := manager.get("/manage/referrals").Find("tbody tr").FilterFunction(func(_ int, row *selection) bool {
					return strings.Contains(row.Text(), reference)
				})
				return strings.Contains(row.Text(), test.team)
			})
		}
		eventually(t, promptly, "the email about "+reference, func() bool {
			mails := newPlain(t, d.base).get("/dev/mail").Find(".caught-mail").FilterFunction(func(_ int, mail *selection) bool {
				return strings.Contains(mail.Text(), reference)
			})
			return strings.Contains(mails.Text(), test.teamMail)
		})
		triage.get("/manage/referrals/" + reference).want(http.StatusOK).says(test.answers["what_happened"][0])
		other := newPlain(t, d.base).signIn(signInOf(t, d, "west@demo.example"))
		other.get("/manage/referrals/" + reference).want(http.StatusNotFound)
	}
	total := surveyManager.get("/manage").figure("Responses so far")

	stopClean(t, d)
	again := mustStartDev(t, data)
	if !slices.Equal(again.signIns, d.signIns) {
		t.Errorf("the second start prints the sign-ins %v, the first %v", again.signIns, d.signIns)
	}
	if got := newPlain(t, again.base).signIn(again.as(t, "survey_manager")).get("/manage").figure("Responses so far"); got != total {
		t.Errorf("the second start has %d responses, want %d: neither lost nor seeded again", got, total)
	}

	// A kill cannot be caught: the kernel has to end what was started.
	family := descendants(t, again.pid())
	if len(family) < 3 {
		t.Errorf("portal dev has %d processes below it; is PostgreSQL one of them?", len(family))
	}
	again.kill()
	awaitGone(t, 5*time.Second, family)
	stopClean(t, mustStartDev(t, data))
}

func mustStartDev(t *testing.T, data string) *devPortal {
	t.Helper()
	d, err := startDev(portalBinary(t), data, "--responses", "120", "--referrals", "12")
	must(t, err)
	t.Cleanup(d.kill)
	return d
}

// stopClean stops the portal as Ctrl-C does: in time, without a fault, and
// with nothing left running.
func stopClean(t *testing.T, d *devPortal) {
	t.Helper()
	family := descendants(t, d.pid())
	if err := d.stop(stopPatience); err != nil {
		t.Error(err)
	}
	awaitGone(t, time.Second, family)
}

func signInOf(t *testing.T, d *devPortal, email string) signIn {
	t.Helper()
	i := slices.IndexFunc(d.signIns, func(s signIn) bool { return s.email == email })
	if i < 0 {
		t.Fatalf("no sign-in of %s was printed", email)
	}
	return d.signIns[i]
}

// sendSurvey fills in the survey as it is served and gives the page after it.
func sendSurvey(b *plain, answers map[string][]string) *plainPage {
	b.t.Helper()
	form := b.get("/survey/care-worker-survey").want(http.StatusOK).form("submission_key")
	return form.fill(answers).press("send").follow().want(http.StatusOK)
}

// sendReferral fills in the referral as it is served, goes by way of its
// answers to check and gives the page after sending.
func sendReferral(b *plain, answers map[string][]string) *plainPage {
	b.t.Helper()
	form := b.get("/refer").want(http.StatusOK).form("submission_key")
	check := form.fill(answers).press("check").want(http.StatusOK).says("Check your answers")
	sent := check.form("submission_key").press("send").want(http.StatusSeeOther)
	if sent.at != "/refer/received" {
		b.t.Fatalf("sending leads to %q", sent.at)
	}
	return sent.follow().want(http.StatusOK)
}

// A port that is taken is the commonest fault of a first run.
func TestPortalDevSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ addr, data, says string }{
		"an address that is taken":    {takenAddr(t), t.TempDir(), "Is another portal running?"},
		"a folder that can't be made": {"127.0.0.1:0", "/dev/null/data", "Set PORTAL_DATA to a folder that you may write to"},
	} {
		p, err := startProcess("portal dev", &output{}, []string{"PORTAL_ADDR=" + test.addr, "PORTAL_DATA=" + test.data}, portalBinary(t), "dev")
		must(t, err)
		select {
		case <-p.ended:
		case <-time.After(30 * time.Second):
			p.kill()
		}
		if p.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(p.out.String(), test.says) {
			t.Errorf("%s: exit code %d and %q, want 1 and %q", name, p.cmd.ProcessState.ExitCode(), p.out, test.says)
		}
	}
}
