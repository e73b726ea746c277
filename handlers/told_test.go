package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"intake/internal/store"
)

// toldEverywhere is every figure of how many have answered the wave that
// leaves the portal, by the place where it does.
func (app *testApp) toldEverywhere(manager, admin *browser, wave string) map[string]string {
	app.t.Helper()
	told := map[string]string{}
	for name, path := range map[string]string{"home": "/manage", "results": resultsPath + "?wave=" + wave, "wave": wavesPath + "/" + wave} {
		for _, d := range manager.get(path).want(http.StatusOK).Find(".figures > div").EachIter() {
			told[name+": "+d.Find("dt").Text()] = d.Find("dd").Text()
		}
	}
	row := admin.get("/manage/queues").want(http.StatusOK).Find("tbody tr").First()
	told["queues: waiting"], told["queues: released"] = row.Find("td").Eq(0).Text(), row.Find("td").Eq(1).Text()
	asked := "/api/v1/surveys/care-worker-survey/results?wave=" + wave
	for name, p := range map[string]*page{
		"API":               app.apiSend(http.MethodGet, asked, nil, "Authorization", "Bearer analyst"),
		"page as JSON":      manager.send(http.MethodGet, resultsPath+"?wave="+wave, nil, http.Header{"Accept": {"application/json"}}),
		"API for strangers": app.apiSend(http.MethodGet, asked, nil),
	} {
		var answer struct{ Responses, Released json.Number }
		app.must(json.Unmarshal([]byte(p.want(http.StatusOK).Body), &answer))
		told[name+": responses"], told[name+": released"] = answer.Responses.String(), answer.Released.String()
	}
	return told
}

// An employer knows who is invited: no figure may move when one of them answers.
func TestNoFigureOfAWaveByInvitationMovesByOne(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	hash := sha256.Sum256([]byte("analyst"))
	app.must(app.store.AddAPIKey(t.Context(), "analyst", hash[:], []string{"results"}))
	manager, admin := app.signIn("Sara Mann", store.SurveyManager), app.signIn("Adam Dean", store.Admin)
	manager.post(wavesPath, newWaveForm("code", "invited", "who", byInvitation, "results", "yes")).redirects()
	wave := app.wave("invited")
	_, codes := app.invitations(wave, 40)
	answer := func(n int) {
		t.Helper()
		for range n {
			app.answerWith(wave, codes[0])
			codes = codes[1:]
		}
		app.release(wave)
	}
	expect := func(when string, want map[string]string) {
		t.Helper()
		got := app.toldEverywhere(manager, admin, "invited")
		for place, told := range got {
			if told != want[place] {
				t.Errorf("%s, %s: told %q, want %q", when, place, told, want[place])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d figures are told, want %d: %v", when, len(got), len(want), got)
		}
	}
	figures := func(total, released, waiting, totalNumber, releasedNumber, forStrangers string) map[string]string {
		return map[string]string{
			"home: Responses so far": total, "home: Counted in the results": released,
			"results: Responses so far": total, "results: Counted in these results": released,
			"wave: Responses so far": total, "wave: Counted in the results": released,
			"queues: waiting": waiting, "queues: released": released,
			"API: responses": totalNumber, "API: released": releasedNumber,
			"page as JSON: responses": totalNumber, "page as JSON: released": releasedNumber,
			"API for strangers: responses": forStrangers, "API for strangers: released": forStrangers,
		}
	}
	none := figures("fewer than 10", "0", "fewer than 10", "0", "0", "0")
	expect("nobody", none)
	answer(1)
	expect("one", none)
	answer(8)
	expect("nine", none)
	answer(5)
	fourteen := figures("at least 10", "14", "fewer than 10", "10", "14", "15")
	expect("fourteen", fourteen)
	answer(1)
	expect("fifteen", fourteen)
	answer(8)
	expect("twenty-three", fourteen)

	// And the pages say who could answer.
	manager.get(resultsPath + "?wave=invited").says("Only people with an invitation could answer, once each.")
	public := app.browser().get(surveyPath + "/results?wave=invited").want(http.StatusOK).says("Only people with an invitation could answer.")
	if strings.Contains(public.Body, "Anyone could answer") {
		t.Error("anyone could answer, says the page of a wave by invitation")
	}
}

func TestAnEndedWaveByInvitationWithFewDoesNotTellHowMany(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	hash := sha256.Sum256([]byte("analyst"))
	app.must(app.store.AddAPIKey(t.Context(), "analyst", hash[:], []string{"results"}))
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.post(wavesPath, newWaveForm("code", "invited", "who", byInvitation, "results", "yes")).redirects()
	wave := app.wave("invited")
	_, codes := app.invitations(wave, 7)
	for _, code := range codes {
		app.answerWith(wave, code)
	}
	app.closeWave(wave)
	app.pass(73 * time.Hour)
	if released := app.release(wave).Released; released != 7 {
		t.Fatalf("%d were released", released)
	}
	manager, admin := app.signIn("Sam Mann", store.SurveyManager), app.signIn("Adam Dean", store.Admin)
	for place, told := range app.toldEverywhere(manager, admin, "invited") {
		if told != "fewer than 10" && told != "0" {
			t.Errorf("%s: told %q", place, told)
		}
	}
	asked := "/api/v1/surveys/care-worker-survey/results?wave=invited"
	for _, p := range []*page{app.apiSend(http.MethodGet, asked, nil), app.apiSend(http.MethodGet, asked, nil, "Authorization", "Bearer analyst")} {
		if figure := regexp.MustCompile(`"(count|base|percent|positive)":\s*\d+`).FindString(p.want(http.StatusOK).Body); figure != "" {
			t.Errorf("of seven people the API tells %s", figure)
		}
	}
}
