package handlers

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestReferralBadInput(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	valid := func(pairs ...string) url.Values {
		v := url.Values(with(individualAnswers, pairs...))
		if !v.Has("submission_key") {
			v.Set("submission_key", uuid.NewString())
		}
		return v
	}
	const formType = "application/x-www-form-urlencoded"
	post := func(contentType string, body []byte) *page {
		return b.send(http.MethodPost, "/refer", bytes.NewReader(body), http.Header{"Content-Type": {contentType}})
	}
	many := valid()
	for i := range 9_000 {
		many.Set("unknown"+strconv.Itoa(i), "x")
	}
	for name, c := range map[string]struct {
		page *page
		want int
		says string
	}{
		"oversize": {post(formType, bytes.Repeat([]byte("a"), referralBodyLimit+1)), http.StatusRequestEntityTooLarge, "999"},
		"oversize, no length": {b.send(http.MethodPost, "/refer", io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("a"), referralBodyLimit+1))),
			http.Header{"Content-Type": {formType}}), http.StatusRequestEntityTooLarge, ""},
		"oversize field":    {post(formType, append([]byte("what_happened="), bytes.Repeat([]byte("a"), 10<<20)...)), http.StatusRequestEntityTooLarge, ""},
		"wrong type":        {post("application/json", []byte(`{}`)), http.StatusUnsupportedMediaType, ""},
		"no type":           {post("", []byte(`a=b`)), http.StatusUnsupportedMediaType, ""},
		"NUL":               {b.post("/refer", valid("what_happened", "a\x00b")), http.StatusBadRequest, ""},
		"broken UTF-8":      {b.post("/refer", valid("what_happened", "a\xffb")), http.StatusBadRequest, ""},
		"broken escape":     {post(formType, []byte("what_happened=%zz")), http.StatusBadRequest, ""},
		"broken multipart":  {post("multipart/form-data; boundary=x", []byte("--x\r\nnonsense")), http.StatusBadRequest, ""},
		"no key":            {b.post("/refer", valid("submission_key", "")), http.StatusUnprocessableEntity, "out of date"},
		"key is no UUID":    {b.post("/refer", valid("submission_key", "wombat")), http.StatusUnprocessableEntity, "out of date"},
		"unknown action":    {b.post("/refer", valid("action", "explode")), http.StatusUnprocessableEntity, "which button was pressed"},
		"unknown group":     {b.post("/refer", valid("action", "add.wombats")), http.StatusUnprocessableEntity, "which button was pressed"},
		"unknown option":    {b.post("/refer", valid("adult_district", "atlantis")), http.StatusUnprocessableEntity, "in the list"},
		"two options":       {b.post("/refer", valid("adult_age", "adult|unknown")), http.StatusUnprocessableEntity, ""},
		"too long":          {b.post("/refer", valid("what_happened", strings.Repeat("é", 5001))), http.StatusUnprocessableEntity, "5000 characters or fewer"},
		"9,000 more fields": {b.post("/refer", many), http.StatusSeeOther, ""},
		"put":               {b.send(http.MethodPut, "/refer", nil, nil), http.StatusMethodNotAllowed, ""},
	} {
		if c.page.Status != c.want {
			t.Errorf("%s: got %d, want %d: %s", name, c.page.Status, c.want, c.page.text("main"))
		}
		if !strings.Contains(c.page.text("main"), c.says) {
			t.Errorf("%s: the page does not say %q: %s", name, c.says, c.page.text("main"))
		}
		if c.page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the page may be cached", name)
		}
		if c.want != http.StatusUnprocessableEntity {
			continue
		}
		if c.page.value("reporter_name") != "Wombat Reporter" {
			t.Errorf("%s: the answers are gone", name)
		}
		if _, err := uuid.Parse(c.page.value("submission_key")); err != nil {
			t.Errorf("%s: the page has no usable key: %v", name, err)
		}
	}
	if app.nudges() != 1 {
		t.Errorf("%d referrals were taken, want the one with unknown fields", app.nudges())
	}
}

func TestFaultOfOursKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	form := b.fill(b.get("/refer")).setAll(individualAnswers)
	app.must(app.store.Close())
	for action, says := range map[string]string{"send": "We could not take your referral", "save": "We could not save your answers"} {
		values := maps.Clone(form.values)
		values.Set("action", action)
		failed := b.post("/refer", values).want(http.StatusInternalServerError)
		failed.says(says, "call 999", app.cfg.Organisation.Phones.AdultSocialCare)
		if !maps.EqualFunc(b.fill(failed).values, form.values, slices.Equal[[]string]) {
			t.Errorf("%s: the answers came back as %v", action, b.fill(failed).values)
		}
	}
	if !strings.Contains(app.log.String(), "request failed") {
		t.Error("the fault was not logged")
	}
}
