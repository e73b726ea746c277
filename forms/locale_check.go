package forms

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// FindingStale is a translation that was made from other English words.
const FindingStale = "stale"

// FindingUnused is a translation of nothing.
const FindingUnused = "unused"

// FindingPlaceholder is a translation that puts in other things than its
// English.
const FindingPlaceholder = "placeholder"

// translatedPages lists the pages of a form that languages must have; a form
// that is not named here is due whole. Of the referral it is what keeps people
// safe: the gates, the way to 999 and to children's services, and safe contact.
var translatedPages = map[string][]string{
	"safeguarding-referral": {"gate", "danger", "children_only", "children_too", "about_referral", "reporter_contact", "adult_contact"},
}

// due is every text that a language must have: key to English.
type due map[string]string

// dueOf lists what the language files must translate of a form.
func dueOf(f *Form) due {
	pages := translatedPages[f.ID]
	if pages == nil {
		return textsOf(f)
	}
	part := &Form{ID: f.ID, Title: f.Title}
	for _, page := range f.Pages {
		if slices.Contains(pages, page.ID) {
			part.Pages = append(part.Pages, page)
		}
	}
	return textsOf(part)
}

func textsOf(f *Form) due {
	all := due{}
	f.texts(func(key string, text Text) { all[key] = strings.TrimSpace(text[english]) })
	return all
}

// CheckLocales compares the language files with the English of the program
// and of these forms: nothing missing, stale or unused, and the same
// placeholders. Findings are in the order of languages and keys.
func CheckLocales(known ...*Form) []Finding {
	var found []Finding
	for _, code := range LocaleCodes() {
		if code != english {
			found = append(found, locales()[code].check(known)...)
		}
	}
	return found
}

func (l *Locale) check(known []*Form) []Finding {
	en := locales()[english]
	found := l.compare("words", sources(en.Words), l.Words, nil)
	found = append(found, l.compare("messages", sources(en.Messages), l.Messages, nil)...)
	unknown := maps.Clone(l.Forms)
	for _, f := range known {
		delete(unknown, f.ID)
		found = append(found, l.compare("forms."+f.ID, dueOf(f), l.Forms[f.ID], textsOf(f))...)
	}
	for _, id := range slices.Sorted(maps.Keys(unknown)) {
		found = append(found, l.finding("forms."+id, FindingUnused, "There is no form with that id: take its words out."))
	}
	return found
}

func sources(entries map[string]Translation) due {
	all := due{}
	for key, t := range entries {
		all[key] = strings.TrimSpace(t.Text)
	}
	return all
}

// compare checks one section of the file: wanted must be there, and what else
// there is must be among allowed.
func (l *Locale) compare(section string, wanted due, have map[string]Translation, allowed due) []Finding {
	var found []Finding
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := have[key]; !ok {
			found = append(found, l.finding(section+"."+key, FindingTranslation, "There are no words in this language for %q.", wanted[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		source, ok := wanted[key]
		if !ok {
			source, ok = allowed[key]
		}
		t := have[key]
		place := section + "." + key
		switch {
		case !ok:
			found = append(found, l.finding(place, FindingUnused, "Nothing has this name any more: take it out."))
		case strings.TrimSpace(t.Text) == "":
			found = append(found, l.finding(place, FindingTranslation, "There are no words in this language for %q.", source))
		case t.Hash != WordingHash(source):
			found = append(found, l.finding(place, FindingStale, "The English is now %q (hash %s): translate it anew.", source, WordingHash(source)))
		case !slices.Equal(placeholders(source), placeholders(t.Text)):
			found = append(found, l.finding(place, FindingPlaceholder, "It must put in the same things as the English: %s.", strings.Join(placeholders(source), " ")))
		}
	}
	return found
}

func (l *Locale) finding(place, rule, format string, args ...any) Finding {
	return Finding{"locale " + l.Code, place, rule, fmt.Sprintf(format, args...)}
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func placeholders(text string) []string {
	all := placeholder.FindAllString(text, -1)
	slices.Sort(all)
	return slices.Compact(all)
}

// LocaleFile writes the file of a language as it should be: what it has and
// is current stays, and everything else has its English in a comment and no
// words yet. It is how a language is begun and how it is brought up to date.
func LocaleFile(code string, known ...*Form) string {
	l := locales()[code]
	if l == nil {
		l = &Locale{Code: code, Direction: "ltr"}
	}
	en := locales()[english]
	var out strings.Builder
	fmt.Fprintf(&out, "language: %s\nname: %q\ndirection: %s\n# Who read it, a native speaker, and when; empty until then.\nreviewed: %q\n",
		l.Code, l.Name, l.Direction, l.Reviewed)
	write := func(indent string, wanted due, have map[string]Translation) {
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			source := wanted[key]
			t := have[key]
			if t.Hash != WordingHash(source) {
				t.Text = ""
			}
			for line := range strings.Lines(source) {
				fmt.Fprintf(&out, "%s# %s\n", indent, strings.TrimRight(line, "\n"))
			}
			fmt.Fprintf(&out, "%s%q: {hash: %q, text: %q}\n", indent, key, WordingHash(source), strings.TrimSpace(t.Text))
		}
	}
	out.WriteString("\nwords:\n")
	write("  ", sources(en.Words), l.Words)
	out.WriteString("\nmessages:\n")
	write("  ", sources(en.Messages), l.Messages)
	out.WriteString("\nforms:\n")
	for _, f := range known {
		fmt.Fprintf(&out, "  %s:\n", f.ID)
		write("    ", dueOf(f), l.Forms[f.ID])
	}
	return out.String()
}
