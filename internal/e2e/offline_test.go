package e2e

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// connected takes the network away from the tab, or gives it back, and lets
// the page know as a phone does.
func (b *tab) connected(now bool) *tab {
	b.t.Helper()
	b.offline(!now)
	command(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !now, DownloadThroughput: -1, UploadThroughput: -1})
	return b
}

// phone is a browser of the test's own, which can be killed and started again
// on what it has stored.
type phone struct {
	*tab
	end func()
}

func startPhone(t testing.TB, base, profile string) *phone {
	t.Helper()
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), browserOptions(profile)...)
	ctx, endBrowser := chromedp.NewContext(allocator)
	p := &phone{&tab{t, ctx, base, sizes[0]}, func() {
		endBrowser()
		endAllocator()
	}}
	t.Cleanup(func() { p.end() })
	p.do(chromedp.EmulateViewport(p.size.width, p.size.height))
	return p
}

// kill ends the browser as a phone does that has no power left.
func (p *phone) kill() {
	p.t.Helper()
	process := chromedp.FromContext(p.ctx).Browser.Process()
	must(p.t, process.Kill())
	p.end()
	awaitGone(p.t, patience, []int{process.Pid})
}

// TestOfflineFromBeginningToEnd loads the survey, loses the network, answers
// everything, dies, comes back without a network, finishes, and sends when
// there is one again.
func TestOfflineFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	w := newWeather(t, s.base)
	profile := filepath.Join(t.TempDir(), "profile")
	p := startPhone(t, w.base, profile)
	p.open(surveyPath).ownPhone("Yes").sees("You can now answer without a connection.")

	w.gone(true)
	p.connected(false).sees("There is no connection now. You can go on answering.")
	half := map[string][]string{}
	for name, values := range responses[0] {
		if name != "one_change" && name != "overall" {
			half[name] = values
		}
	}
	p.goThrough(half, "Check your answers", "What one thing would you change about your job?")
	p.awaitKept("the place", "nhs")
	p.kill()

	p = startPhone(t, w.base, profile)
	p.connected(false).open(surveyPath).sees("You have started this survey already")
	p.press("Carry on where I left off").heading("What one thing would you change about your job?")
	p.write("one_change", "More time for each visit.").press("Back").heading("All in all, how good is your job as a place to work?")
	finished := with(responses[0], "one_change", "More time for each visit.")
	p.goThrough(finished, "Check your answers", "").press("Check your answers").heading("Check your answers")
	p.sees("In people’s own homes", "More time for each visit.").press("Send my answers").sees("Your answers are on this phone", "They are not sent yet")
	p.accessible("offline-on-phone")
	p.kill() // once more, with what waits

	p = startPhone(t, w.base, profile)
	p.connected(false).open(surveyPath).sees("Your answers are on this phone")
	if n := s.count(`SELECT count(*) FROM submission_keys`); n != 0 {
		t.Fatalf("%d responses arrived without a network", n)
	}
	w.gone(false)
	p.connected(true).sees("Your answers have arrived.")
	eventually(t, patience, "nothing is kept any more", func() bool { return p.kept() == keptNothing })
	if n := s.count(`SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM responses)`); n != 1 {
		t.Errorf("%d responses are there, want 1", n)
	}
	kept := s.texts(`SELECT answers->'one_change'->>0 FROM inbox`)
	if len(kept) != 1 || kept[0] != "More time for each visit." {
		t.Errorf("what was written without a connection arrived as %q", kept)
	}
}

// TestOfflineUntilTheSurveyHasClosed: what was finished in time still counts
// when the phone finds a network after the end, and the page that says so
// sends it.
func TestOfflineUntilTheSurveyHasClosed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	w := newWeather(t, s.base)
	b := newTab(t, w.base, sizes[0]).before(hurry).open(surveyPath).ownPhone("Yes").sees("You can now answer without a connection.").shortest()
	w.gone(true)
	b.press("Send my answers").sees("Your answers are on this phone")
	s.run("", "wave", "close", "spring")
	b.open(surveyPath).sees("Your answers are on this phone").do(chromedp.Navigate("about:blank"))
	w.gone(false)
	b.open(surveyPath).sees("Your answers have arrived.")
	if n := s.count(`SELECT count(*) FROM submission_keys`); n != 1 {
		t.Errorf("%d responses are there, want 1", n)
	}
	b.open(surveyPath).sees("This survey has closed").misses("Your answers")
}
