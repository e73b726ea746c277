package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
)

func TestWhichLanguage(t *testing.T) {
	t.Parallel()
	switchedOn := newLanguages([]string{"en", "pl", "ur"})
	for name, c := range map[string]struct {
		address, cookie, accept string
		want                    string
		unknown                 bool
	}{
		"nothing asked for":          {"/", "", "", "en", false},
		"the address first":          {"/?lang=pl", "ur", "ur", "pl", false},
		"then their own choice":      {"/", "ur", "pl", "ur", false},
		"then the browser's":         {"/", "", "fr, pl;q=0.8, en;q=0.5", "pl", false},
		"a variant of the browser's": {"/", "", "ur-PK,en;q=0.7", "ur", false},
		"none that there is":         {"/", "", "fr, de", "en", false},
		"one that does not exist":    {"/?lang=zz", "", "pl", "pl", true},
		"one that is switched off":   {"/?lang=ar", "ur", "", "ur", true},
		"a cookie of nonsense":       {"/", "zz", "", "en", false},
		"a header of nonsense":       {"/", "", ";;;q=x,\x01", "en", false},
		"the language for tests":     {"/?lang=qps", "", "", "en", true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, c.address, nil)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: c.cookie})
		}
		if c.accept != "" {
			r.Header.Set("Accept-Language", c.accept)
		}
		if got := switchedOn.choose(r); got.code != c.want || got.unknown != c.unknown {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestSurveyInEveryLanguage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	for _, code := range forms.LocaleCodes() {
		l := forms.LocaleIn(code)
		p := b.get(surveyPath + "?lang=" + code).want(http.StatusOK)
		p.says(app.cfg.Survey.Question("pay_rating").Label.In(code), l.Word("send_survey"))
		if lang, dir := p.Find("html").AttrOr("lang", ""), p.Find("html").AttrOr("dir", ""); lang != code || dir != l.Direction {
			t.Errorf("%s: the page is in %s, %s", code, lang, dir)
		}
		if marked := strings.Contains(p.text("main"), l.Word("not_reviewed")); marked != (code != "en") {
			t.Errorf("%s: marked as not reviewed: %v", code, marked)
		}
		var names []string
		for _, other := range forms.LocaleCodes() {
			option := p.Find(`select[name="lang"] option[value="` + other + `"]`)
			if _, chosen := option.Attr("selected"); option.AttrOr("lang", "") != other || chosen != (other == code) {
				t.Errorf("%s: the choice of %s is not right", code, other)
			}
			names = append(names, option.Text())
		}
		if strings.Join(names, " ") != "English العربية हिन्दी Polski Română اردو" {
			t.Errorf("%s: languages to choose from: %v", code, names)
		}

		// Errors are in it too, and so is the page after sending.
		p = b.post(surveyPath, posted(uuid.NewString(), with(without(homeCarer, "care_role"), "lang", code))).want(http.StatusUnprocessableEntity)
		p.says(l.Word("there_is_a_problem"), app.cfg.Survey.Question("care_role").Messages["required"].In(code))
		to := b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "lang", code))).redirects()
		b.get(to).says(l.Word("thanks_arrived"), l.Word("worried"))
	}
}

func TestChangingTheLanguageKeepsTheAnswers(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	key := uuid.NewString()
	p := b.post(surveyPath, posted(key, with(homeCarer, "lang", "ur", "action", "change"))).want(http.StatusOK)
	p.filledIn(b, homeCarer)
	if p.value("submission_key") != key || p.Find("html").AttrOr("lang", "") != "ur" {
		t.Error("the page has another key, or another language than was chosen")
	}
	// A body in another language than the page, and in none that there is.
	for _, lang := range []string{"ur", "zz", "", "PL"} {
		b.post(surveyPath+"?lang=pl", posted(uuid.NewString(), with(homeCarer, "lang", lang))).redirects()
	}
	b.get(surveyPath + "?lang=zz").want(http.StatusOK).says("We do not have this page in that language")
	if n := len(app.inbox()); n != 4 {
		t.Errorf("%d responses were taken, want 4", n)
	}
}

// TestReferralPartlyTranslated: what keeps people safe is in their language,
// the rest in English whole, and marked so.
func TestReferralPartlyTranslated(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	for _, code := range []string{"ar", "pl"} {
		l := forms.LocaleIn(code)
		p := b.get("/refer?lang="+code).want(http.StatusOK).says(l.Word("partly_translated"), l.Word("continue"))
		for _, page := range app.cfg.Referral.Pages {
			section := p.Find(`[data-page="` + page.ID + `"]`)
			_, translated := page.Title[code]
			if lang := section.AttrOr("lang", code); translated != (lang == code) {
				t.Errorf("%s: the page %s is marked as %q", code, page.ID, lang)
			}
			if !translated && strings.Contains(section.Text(), l.Word("not_known")) {
				t.Errorf("%s: the page %s is in two languages", code, page.ID)
			}
		}
		for _, id := range []string{"gate", "danger", "reporter_contact", "adult_contact"} {
			if _, translated := app.cfg.Referral.PageOf("immediate_danger").Title[code]; !translated {
				t.Errorf("%s: the page %s has no words", code, id)
			}
		}
		if tel := p.Find(`[data-page="danger"] a[href="tel:999"]`).Length(); tel == 0 {
			t.Errorf("%s: the danger page has no way to 999", code)
		}
		p = b.post("/refer", posted(uuid.NewString(), answersOf("lang", code, "action", "check"))).want(http.StatusUnprocessableEntity)
		p.says(l.Word("there_is_a_problem"), app.cfg.Referral.Question("immediate_danger").Messages["required"].In(code))
	}
}

// TestReferralPagesInPeoplesLanguage: what to do next is in the language of the
// form; what is not translated is marked as English.
func TestReferralPagesInPeoplesLanguage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	for _, code := range []string{"pl", "ur"} {
		l := forms.LocaleIn(code)
		in := func(p *page, keys ...string) *page {
			t.Helper()
			if lang, dir := p.Find("html").AttrOr("lang", ""), p.Find("html").AttrOr("dir", ""); lang != code || dir != l.Direction {
				t.Errorf("%s: the page is in %s, %s", code, lang, dir)
			}
			p.says(l.Word("not_reviewed"))
			for _, key := range keys {
				p.says(l.Word(key))
			}
			return p
		}
		b := app.browser()
		open := func() *servedForm {
			form := b.fill(b.get("/refer?lang=" + code).want(http.StatusOK)).setAll(individualAnswers)
			form.values.Set("lang", code) // the choice of languages, which is no input
			return form
		}
		saved := in(open().press("save").want(http.StatusOK), "saved_title", "saved_unsent", "saved_keep", "saved_how", "danger_wait", "saved_go_on")
		day := forms.DateWords(app.clock().Add(draftLife), code)
		saved.says(strings.ReplaceAll(l.Word("saved_until"), "{day}", day))
		if strings.Contains(day, "December") {
			t.Errorf("%s: the day is in English: %s", code, day)
		}
		back := in(b.get(saved.Find(`a[href^="/refer/resume"]`).AttrOr("href", "")), "resume_title", "resume_text", "resume_go")
		in(b.fill(back).set("phrase", "three words only").pressOnly().want(http.StatusUnprocessableEntity), "there_is_a_problem", "resume_unknown").linksLeadToFields()
		b.fill(back).set("phrase", phraseOf(t, saved)).pressOnly().want(http.StatusOK).says(l.Word("resumed"))

		checked := open().press("check").want(http.StatusOK)
		received := in(b.get(b.fill(checked).press("send").redirects()), "sent_title", "sent_reference", "sent_keep", "danger_wait", "sent_finish", "sent_amend", "sent_shared")
		if english := received.Find(`main [lang="en"][dir="ltr"]`).Text(); !strings.Contains(english, "What happens next") || strings.Contains(english, l.Word("sent_keep")) {
			t.Errorf("%s: in English is %q", code, english)
		}
		receipt := in(b.fill(received).press("receipt").want(http.StatusOK), "receipt_title", "receipt_once", "sent_finish")
		for _, p := range []*page{checked, receipt} {
			gate := p.Find(`h2:contains("` + app.cfg.Referral.PageOf("immediate_danger").Title.In(code) + `")`)
			about := p.Find(`h2:contains("` + app.cfg.Referral.PageOf("reporter_name").Title.In("en") + `")`)
			name := p.Find(`dd:contains("Wombat Reporter")`)
			if gate.AttrOr("lang", code) != code || about.AttrOr("lang", "") != "en" || name.AttrOr("lang", "") != "en" {
				t.Errorf("%s: what is in English is not marked, or what is not is", code)
			}
		}
		b.fill(received).press("finish").redirects()
		in(b.get("/refer/received?lang="+code), "sent_lost", "new_form").says(app.cfg.Organisation.Phones.AdultSocialCare)
	}
}
