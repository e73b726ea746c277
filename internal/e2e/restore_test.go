package e2e

import (
	"database/sql"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestRestore rehearses what docs/operations.md says, with its own commands: a
// portal with work in every state is dumped, all of it is lost but the keyset,
// and what is restored goes on where the dump was made.
func TestRestore(t *testing.T) {
	spare := newDatabase(t)
	s := newStack(t)
	v := makeValuables(t, s)
	before := s.rowsByTable()
	scripts := s.documented()
	scripts.run("backup")
	after := uuid.NewString()
	s.respond(after, 1000) // the dump does not have it

	must(t, s.web.stop(stopPatience))
	s.loseAll(spare)
	if told := scripts.run("restore"); !strings.Contains(told, "The ledger is whole, and PORTAL_KEYSET opens it.") {
		t.Fatalf("the restored ledger is not said to be whole:\n%s", told)
	}
	if got := s.rowsByTable(); !slices.Equal(got, before) {
		t.Errorf("the tables have the rows\n%s\nand had\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
	}
	s.refusesAnotherKeyset()

	s.startWeb()
	s.startWorker()
	v.areThere(t, s)
	if status := s.respondAgain(after); status != http.StatusCreated {
		t.Errorf("a response that the dump does not have is answered with status %d", status)
	}
	s.run("", "wave", "open", "next")
	triage := s.addManager("new@example.org", "triage", "mid")
	newPlain(t, s.base).signIn(triage).get("/manage/referrals/" + v.routed).want(http.StatusOK)
	sendReferral(newPlain(t, s.base), byNobody)
	s.awaitRouted()
	s.run("", "check", "--index")
	s.run("", "check", "--ledger")
}

// valuables are what a portal in use holds, as its people know it.
type valuables struct {
	routed, unrouted string   // references
	phrase           string   // of a draft
	keys             []string // of responses
	referralKey      string
	released         []string // words of responses, sorted
	waiting          []string
	spent, unspent   string // invitations' links
	triage, manager  signIn
}

const noteWords = "Called the nurse, who confirms it."

// makeValuables leaves work in every state, and the worker stopped.
func makeValuables(t *testing.T, s *stack) *valuables {
	t.Helper()
	v := &valuables{}
	s.run("", "wave", "open", "spring")
	s.run("", "wave", "open", "letters", "--by-invitation")
	v.triage, v.manager = s.addManager("mid@example.org", "triage", "mid"), s.addManager("survey@example.org", "survey_manager")
	respond := func(n int) {
		for range n {
			v.keys = append(v.keys, uuid.NewString())
			s.respond(v.keys[len(v.keys)-1], len(v.keys))
		}
	}

	v.routed = sendReferral(newPlain(t, s.base), with(byProfessional, "adult_nhs_number", "943 476 5919")).receiveReference()
	respond(12)
	s.awaitRouted()
	eventually(t, recoveredWithin, "the team is told", func() bool { return s.count(`SELECT count(*) FROM notifications WHERE sent_at IS NOT NULL`) == 1 })
	eventually(t, recoveredWithin, "the responses are released", func() bool { return s.count(`SELECT released FROM waves WHERE code = 'spring'`) == 12 })
	s.run("", "check", "--index", "--rebuild")
	desk := newPlain(t, s.base).signIn(v.triage)
	desk.get("/manage/referrals/" + v.routed).want(http.StatusOK).form("note").fill(answersOf("note", noteWords)).press("").follow()
	manager := newPlain(t, s.base).signIn(v.manager)
	manager.get(resultsPage + "?wave=spring").want(http.StatusOK) // which makes an edition
	s.askFile(manager)
	eventually(t, recoveredWithin, "the file is made", func() bool { return s.count(`SELECT count(*) FROM exports WHERE state = 'ready'`) == 1 })

	must(t, s.worker.stop(stopPatience))
	respond(9)
	invitations, err := csv.NewReader(strings.NewReader(s.run("", "collector", "invite", "letters", "Home care", "3", "--csv", "-"))).ReadAll()
	must(t, err)
	v.spent, v.unspent = invitations[1][2], invitations[2][2]
	s.answerByInvitation(v.spent, http.StatusSeeOther)
	v.unrouted = sendReferral(newPlain(t, s.base), byNobody).receiveReference()
	v.referralKey = uuid.NewString()
	if sub := (&submission{key: v.referralKey, referral: true}); !s.send(t, sub) || sub.created != 1 {
		t.Fatal("a referral is not taken")
	}
	s.askFile(newPlain(t, s.base).signIn(s.addManager("other@example.org", "survey_manager")))
	saved := newPlain(t, s.base).get("/refer").form("submission_key").fill(with(byNobody, "adult_description", "A tall man with a white dog")).press("save")
	v.phrase = strings.TrimSpace(saved.want(http.StatusOK).Find(".phrase").Text())
	// Dumps are older: the sweep spares the queue a second nudge so soon.
	_, err = s.db.ExecContext(t.Context(), `UPDATE exports SET nudged_at = nudged_at - interval '1 minute'`)
	must(t, err)
	v.released, v.waiting = s.texts(releasedWords), s.texts(waitingWords)
	if len(v.released) != 12 || len(v.waiting) != 10 {
		t.Fatalf("%d responses are released and %d wait", len(v.released), len(v.waiting))
	}
	return v
}

const (
	releasedWords = `SELECT answers->'one_change'->>0 FROM responses ORDER BY 1`
	waitingWords  = `SELECT answers->'one_change'->>0 FROM inbox ORDER BY 1`
)

// areThere looks at all of it in a portal that was started on it.
func (v *valuables) areThere(t *testing.T, s *stack) {
	t.Helper()
	s.awaitRouted()
	eventually(t, toldWithin, "the second team is told", func() bool { return len(s.mailsAbout(v.unrouted)) > 0 })
	eventually(t, recoveredWithin, "no email is owed", func() bool { return s.count(`SELECT count(*) FROM notifications WHERE sent_at IS NULL`) == 0 })
	for reference, team := range map[string]string{v.routed: "mid@example.org", v.unrouted: "triage-central@example.org"} {
		if to := s.mailsAbout(reference); len(to) != 1 || to[0] != team {
			t.Errorf("about %s there are emails to %v, want one to %s", reference, to, team)
		}
		if n := s.count(`SELECT count(*) FROM events e JOIN referrals r ON r.id = e.referral_id WHERE r.reference = $1 AND e.kind = 'routed'`, reference); n != 1 {
			t.Errorf("%s was routed %d times", reference, n)
		}
	}
	newPlain(t, s.base).signIn(v.triage).get("/manage/referrals/"+v.routed).want(http.StatusOK).
		says("Ada Marsh", "Rosa Ferris", byProfessional["what_happened"][0], noteWords)
	resumed := newPlain(t, s.base).get("/refer/resume").form("phrase").fill(answersOf("phrase", v.phrase)).press("").want(http.StatusOK)
	if got := resumed.form("submission_key").values.Get("adult_description"); got != "A tall man with a white dog" {
		t.Errorf("the draft came back as %q", got)
	}

	manager := newPlain(t, s.base).signIn(v.manager)
	manager.get(resultsPage + "?wave=spring").want(http.StatusOK).says("12")
	file := manager.get("/manage/exports").Find(`a[href^="/manage/exports/"]`).AttrOr("href", "")
	manager.get(file).want(http.StatusOK)
	eventually(t, recoveredWithin, "the file that waited is made", func() bool { return s.count(`SELECT count(*) FROM exports WHERE state <> 'ready'`) == 0 })

	if got := s.texts(releasedWords); !slices.Equal(got, v.released) {
		t.Errorf("released are %v, want %v", got, v.released)
	}
	if got := s.texts(waitingWords); !slices.Equal(got, v.waiting) {
		t.Errorf("waiting are %v, want %v", got, v.waiting)
	}
	for _, key := range []string{v.keys[0], v.keys[len(v.keys)-1]} {
		if status := s.respondAgain(key); status != http.StatusOK {
			t.Errorf("a response that is there is answered with status %d when it comes again", status)
		}
	}
	if again := (&submission{key: v.referralKey, referral: true}); !s.send(t, again) || again.created != 0 {
		t.Error("a referral that is there is new when it comes again")
	}
	s.answerByInvitation(v.spent, http.StatusConflict)
	s.answerByInvitation(v.unspent, http.StatusSeeOther)
}

func (s *stack) awaitRouted() {
	s.t.Helper()
	eventually(s.t, recoveredWithin, "every referral is routed", func() bool { return s.count(`SELECT count(*) FROM referrals WHERE routed_at IS NULL`) == 0 })
}

func (s *stack) askFile(by *plain) {
	s.t.Helper()
	by.get("/manage/exports").want(http.StatusOK).form("wave").fill(answersOf("wave", "spring")).press("").want(http.StatusSeeOther)
}

func (s *stack) answerByInvitation(link string, status int) {
	s.t.Helper()
	b := newPlain(s.t, s.base)
	form := b.get(strings.TrimPrefix(link, s.base)).follow().want(http.StatusOK).form("submission_key")
	form.fill(with(responses[0], "one_change", "by invitation")).press("send").want(status)
}

// mailsAbout are the teams that were sent an email about the referral.
func (s *stack) mailsAbout(reference string) (to []string) {
	for _, mail := range s.mail.Messages() {
		if strings.Contains(mail.Subject, reference) {
			to = append(to, mail.To...)
		}
	}
	return to
}

// respondAgain sends a response with that key and gives the answer's status.
func (s *stack) respondAgain(key string) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.base+"/api/v1/surveys/care-worker-survey/responses",
		strings.NewReader(apiBody(key, responses[3])))
	must(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := stormClient.Do(request)
	must(s.t, err)
	must(s.t, answer.Body.Close())
	return answer.StatusCode
}

// rowsByTable counts the rows of all tables.
func (s *stack) rowsByTable() (counts []string) {
	s.t.Helper()
	for _, table := range s.texts(`SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`) {
		counts = append(counts, fmt.Sprintf("%s %d", table, s.count(`SELECT count(*) FROM `+table)))
	}
	return counts
}

// loseAll empties the database and Redis, and has the portal use an empty
// database.
func (s *stack) loseAll(empty string) {
	s.t.Helper()
	_, err := s.db.ExecContext(s.t.Context(), `DROP SCHEMA public CASCADE`)
	must(s.t, err)
	s.queue.kill()
	s.queue.forget()
	s.queue.start()
	must(s.t, s.db.Close())
	s.db, err = sql.Open("postgres", empty)
	must(s.t, err)
	s.dsn, s.env = empty, append(s.env, "DATABASE_URL="+empty)
}

// refusesAnotherKeyset checks that whoever restores with a keyset that is not
// the one learns it before they start the portal.
func (s *stack) refusesAnotherKeyset() {
	s.t.Helper()
	other := strings.TrimSpace(s.run("", "keyset", "new"))
	check := exec.CommandContext(s.t.Context(), portalBinary(s.t), "check", "--ledger")
	check.Env = append(slices.Clone(s.env), "PORTAL_KEYSET="+other)
	told, err := check.CombinedOutput()
	if check.ProcessState.ExitCode() != 1 || !strings.Contains(string(told), "PORTAL_KEYSET is another keyset") ||
		!strings.Contains(string(told), "WRONG: referrals, rest_sealed: 0 of 3 opened") {
		s.t.Errorf("with another keyset the check ends with %v and says\n%s", err, told)
	}
	if strings.Contains(string(told), "SG-") || strings.Contains(string(told), "Ada") {
		s.t.Errorf("the check tells of a referral:\n%s", told)
	}
}

// documentedBlock is a script of docs/operations.md; its name follows the
// language.
var documentedBlock = regexp.MustCompile("(?ms)^```bash (\\w+)\n(.*?)^```$")

// documented runs scripts of docs/operations.md as they stand, in a folder that
// all of them use.
type documented struct {
	s        *stack
	dir      string
	programs string // the PATH
}

func (s *stack) documented() *documented {
	s.t.Helper()
	d := &documented{s: s, dir: s.t.TempDir()}
	bin := s.t.TempDir()
	must(s.t, os.Symlink(portalBinary(s.t), filepath.Join(bin, "portal")))
	// They stand in for programs that encrypt.
	for name, does := range map[string]string{"encrypt": "exec gzip -1", "decrypt": "exec gzip -dc"} {
		must(s.t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+does+"\n"), 0o700))
	}
	server := s.texts(`SELECT setting FROM pg_config WHERE name = 'BINDIR'`)[0]
	d.programs = strings.Join([]string{bin, server, os.Getenv("PATH")}, ":")
	return d
}

// run runs the script of that name with the portal's settings, and gives what
// it prints.
func (d *documented) run(name string) string {
	d.s.t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	must(d.s.t, err)
	for _, block := range documentedBlock.FindAllStringSubmatch(string(text), -1) {
		if block[1] != name {
			continue
		}
		script := exec.CommandContext(d.s.t.Context(), "bash", "-c", block[2])
		script.Dir, script.Env = d.dir, append(slices.Clone(d.s.env), "PATH="+d.programs)
		told, err := script.CombinedOutput()
		if err != nil {
			d.s.t.Fatalf("%s of docs/operations.md: %v\n%s", name, err, told)
		}
		return string(told)
	}
	d.s.t.Fatalf("docs/operations.md has no script %q", name)
	return ""
}
