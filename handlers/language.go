package handlers

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"intake/forms"
)

// languageOption is a language that people may choose.
type languageOption struct {
	Code, Name, Dir string
	Current         bool
}

// languages are those that the organisation has switched on, in its order.
type languages struct {
	codes   []string
	matcher language.Matcher
}

func newLanguages(codes []string) languages {
	tags := make([]language.Tag, len(codes))
	for i, code := range codes {
		tags[i] = language.Make(code)
	}
	return languages{codes, language.NewMatcher(tags)}
}

// languageCookie keeps a person's own choice. Only the page sets it, and only
// where the phone is theirs or until the browser is closed.
const languageCookie = "lang"

// spokenIn is the language of a request, and whether another was asked for
// that there is not.
type spokenIn struct {
	code    string
	unknown bool
}

// choose takes the language that the address or the form names, else the
// person's own choice, else what their browser asks for, else the first.
func (l languages) choose(r *http.Request) spokenIn {
	r.PostFormValue("lang") // reads the form, if it has not been read
	return l.chosen(r)
}

// chosen is choose for a request whose body may be too large or too slow to be
// read.
func (l languages) chosen(r *http.Request) spokenIn {
	asked := r.PostForm.Get("lang")
	if asked == "" {
		asked = r.URL.Query().Get("lang")
	}
	if slices.Contains(l.codes, asked) {
		return spokenIn{code: asked}
	}
	return spokenIn{code: l.unasked(r), unknown: asked != ""}
}

// unasked is the language where the request names none.
func (l languages) unasked(r *http.Request) string {
	if own, err := r.Cookie(languageCookie); err == nil && slices.Contains(l.codes, own.Value) {
		return own.Value
	}
	if accepted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")); err == nil && len(accepted) > 0 {
		if _, i, confidence := l.matcher.Match(accepted...); confidence >= language.High {
			return l.codes[i]
		}
	}
	return l.codes[0]
}

func (l languages) options(current string) []languageOption {
	if len(l.codes) < 2 {
		return nil
	}
	var all []languageOption
	for _, code := range l.codes {
		locale := forms.LocaleIn(code)
		all = append(all, languageOption{code, locale.Name, locale.Direction, code == current})
	}
	return all
}

// notes are what people should know of the language that a form is shown in,
// in that language.
func (l languages) notes(f *forms.Form, c spokenIn) []string {
	var notes []string
	w := wordsIn(c.code)
	if c.unknown {
		notes = append(notes, w["no_such_language"])
	}
	if c.code != "en" && f.Kind == forms.Referral {
		notes = append(notes, w["partly_translated"])
	}
	if c.code != "en" && forms.LocaleIn(c.code).Reviewed == "" {
		notes = append(notes, w["not_reviewed"])
	}
	return notes
}

// otherThan is the language of a part, or "" where it is the document's.
func otherThan(document, part string) string {
	if part == document {
		return ""
	}
	return part
}

// direction is where a language's lines begin: "ltr" or "rtl".
func direction(code string) string {
	if locale := forms.LocaleIn(code); locale != nil {
		return locale.Direction
	}
	return "ltr"
}

// languageLink leads to a page in another language.
type languageLink struct{ Href, Code, Name, Dir string }

// spoken is base for a page in a language.
func (a *app) spoken(c *gin.Context, lang, title string) base {
	b := a.base(c, title)
	b.Lang, b.Dir = lang, direction(lang)
	if lang != "en" && forms.LocaleIn(lang).Reviewed == "" {
		b.Unreviewed = wordsIn(lang)["not_reviewed"]
	}
	if c.Request.Method != http.MethodGet {
		return b // what was sent cannot be asked for again by a link
	}
	for _, other := range a.languages.options(lang) {
		query := c.Request.URL.Query()
		query.Set("lang", other.Code)
		if !other.Current {
			b.Elsewhere = append(b.Elsewhere, languageLink{"?" + query.Encode(), other.Code, other.Name, other.Dir})
		}
	}
	return b
}
