package handlers

import (
	"net/url"

	"intake/forms"
)

// Check is the page on which people read their answers before they send them.
// All answers travel with it as hidden fields, so that the portal keeps
// nothing until it is sent.
type Check struct {
	Words    words
	Action   string
	Send     string
	Saves    bool
	Hidden   []hiddenField
	Sections []checkSection
}

type hiddenField struct{ Name, Value string }

type checkSection struct {
	Title string
	Lang  string // of the title, where it is not the page's
	Rows  []checkRow
}

type checkRow struct {
	Label  string
	Values []string
	Lang   string // of label and values, where it is not the page's
	// ChangeTarget is where "Change" posts to: the form opens at the field
	// that the query names as start.
	ChangeTarget string
}

// checkPage is the page struct of the template "check".
type checkPage struct {
	base
	Check *Check
}

// newCheck tells the answers in words. in.Answers should be stripped; hidden
// are the fields that carry the form, its answers among them.
func newCheck(in documentInput, hidden []hiddenField) *Check {
	w := wordsIn(in.Lang)
	check := &Check{
		Words: w, Action: in.Action, Send: w.of("send", in.Form.Kind), Saves: in.Form.Kind == forms.Referral,
		Hidden: hidden,
	}
	for _, row := range in.Form.Summary(in.Answers, in.Lang) {
		title := filler(in.Placeholders).text(row.Title)
		if n := len(check.Sections); n == 0 || check.Sections[n-1].Title != title {
			check.Sections = append(check.Sections, checkSection{Title: title, Lang: otherThan(in.Lang, row.Page.Title.Spoken(in.Lang))})
		}
		section := &check.Sections[len(check.Sections)-1]
		section.Rows = append(section.Rows, checkRow{
			Label:        filler(in.Placeholders).text(row.Label),
			Values:       row.Values,
			Lang:         otherThan(in.Lang, row.Lang),
			ChangeTarget: in.Action + "?" + url.Values{"start": {row.Field}}.Encode(),
		})
	}
	return check
}
