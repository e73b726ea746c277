package handlers

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"intake/internal/redact"
	"intake/internal/results"
	"intake/internal/store"
)

// readingView is one text to be read, with nothing else that its writer said.
type readingView struct {
	ID       string
	Version  int
	Question string
	Original []textPart
	Found    string // what is marked, in words
	Words    Field
	Themes   Field
	Sure     *Field // asked once something seems to be left that should go
}

// textPart is a part of what somebody wrote.
type textPart struct {
	Text string
	Mark string // why it is marked, "" if it is not
}

// spanWords say what was found in a text.
var spanWords = map[redact.Kind]string{
	redact.Email:     "an email address",
	redact.Web:       "a web address",
	redact.NHSNumber: "an NHS number",
	redact.Phone:     "a phone number",
	redact.Postcode:  "a postcode",
	redact.Name:      "a name",
}

// ordinaryNames are the names that may stand in a text: they are nobody's.
func (a *app) ordinaryNames() []string {
	names := []string{a.Organisation.Name}
	for _, district := range a.Organisation.Districts {
		names = append(names, district.Name)
	}
	return names
}

// suggested is the form with which reading a text begins.
func (a *app) suggested(text *store.Text) textForm {
	return textForm{words: redact.Redact(text.Original, a.ordinaryNames()...)}
}

func (p *textsPage) reading(ordinary []string, read readText, question string) *readingView {
	view := &readingView{ID: read.text.ID.String(), Version: read.text.Version, Question: question}
	at := 0
	var found []string
	for _, span := range redact.Find(read.text.Original, ordinary...) {
		if span.Start > at {
			view.Original = append(view.Original, textPart{Text: read.text.Original[at:span.Start]})
		}
		words := spanWords[span.Kind]
		view.Original = append(view.Original, textPart{read.text.Original[span.Start:span.End], words})
		find(&found, func(s string) bool { return s == words }, words)
		at = span.End
	}
	if at < len(read.text.Original) {
		view.Original = append(view.Original, textPart{Text: read.text.Original[at:]})
	}
	view.Found = listed(found)
	view.Words = p.lines("words", "Text to release", "Take out whatever could show who wrote it or whom it is about: names, places, dates, and what happened to one person only. Leave the rest as it was written.",
		read.typed.words, maxReleasedText)
	view.Themes = p.severalOf("themes", "What is it about?", "Choose all that apply.", read.typed.themes, themes)
	if read.doubtful {
		sure := p.severalOf("sure", "Is all of it safe to show?", "", nil, []option{{"yes", "Yes, I have looked, and it may be shown as it is"}})
		view.Sure = &sure
	}
	return view
}

// releasedTexts are what people wrote in answer to a question, as far as it
// may be shown beside the figures: the component "released-texts" shows them.
type releasedTexts struct {
	Texts []releasedText
	Base  string       // of how many people's words they are a part
	About []themeCount // how many are about what
	More  int          // are not shown
}

type releasedText struct {
	Words  string
	Themes []string
}

type themeCount struct {
	Theme string
	Texts int
}

// shownTexts bounds how many the results show of a question.
const shownTexts = 50

// releasedTexts gives the released texts of a question for those who meet the
// filters, nil if there is none. figures are those of the question under the
// same filters. They are never shown by row of a breakdown.
func (a *app) releasedTexts(ctx context.Context, wave *store.Wave, published *results.Published,
	filters []results.Filter, figures results.QuestionResult) (*releasedTexts, error) {
	if figures.Withheld != results.FreeText || figures.Base == nil {
		return nil, nil
	}
	below, err := published.Writers(figures.ID, filters)
	if err != nil || below == 0 {
		return nil, err
	}
	view := store.TextView{WaveID: wave.ID, Question: figures.ID, Filters: map[string]string{}, Dimensions: results.Dimensions, Below: below}
	for _, f := range filters {
		view.Filters[f.Question] = f.Option
	}
	texts, err := a.Store.ReleasedTexts(ctx, view)
	if err != nil {
		return nil, err
	}
	out := &releasedTexts{}
	groups := textGroups{published, figures.ID, map[string]int{}}
	for i := range texts {
		shown, err := groups.mayStandBeside(filters, &texts[i])
		if err != nil {
			return nil, err
		}
		if shown {
			out.Texts = append(out.Texts, releasedText{texts[i].Words, themeWords(texts[i].Themes)})
		}
	}
	if len(out.Texts) == 0 {
		return nil, nil
	}
	of := strconv.Itoa(*figures.Base)
	if len(filters) > 0 { // it is rounded
		of = "about " + strconv.Itoa(max(*figures.Base, len(out.Texts)))
	}
	out.Base = strconv.Itoa(len(out.Texts)) + " of " + of + " people’s words, each read and released by a person."
	for _, theme := range themes {
		n := 0
		for _, text := range out.Texts {
			if slices.Contains(text.Themes, theme.label) {
				n++
			}
		}
		if n > 0 {
			out.About = append(out.About, themeCount{theme.label, n})
		}
	}
	slices.SortStableFunc(out.About, func(a, b themeCount) int { return b.Texts - a.Texts })
	if len(out.Texts) > shownTexts {
		out.More = len(out.Texts) - shownTexts
		out.Texts = out.Texts[:shownTexts]
	}
	return out, nil
}

// textGroups know which groups of those who answered a question may be told
// apart, as far as it has been asked.
type textGroups struct {
	published *results.Published
	question  string
	known     map[string]int // of how many of the first responses, by the group's filters
}

// mayStandBeside tells whether a text may be shown under filters that its
// writer meets. That each filter leaves enough people is not enough: a text
// under "in Maldon", and then under "nursing homes", is by somebody from a
// nursing home in Maldon, of whom there may be two. So each text has a group of
// its own, and is shown only under filters that are among the group's. The
// group is found by adding what the writer said to one dimension after the
// other, in an order that the text has by chance, until those in it could not
// be shown any more (docs/decisions/0014).
func (g *textGroups) mayStandBeside(filters []results.Filter, text *store.ReleasedText) (bool, error) {
	missing := len(filters)
	var group []results.Filter
	for _, n := range orderOf(text) {
		if missing == 0 {
			break
		}
		next := results.Filter{Question: results.Dimensions[n], Option: text.Writer.Get(results.Dimensions[n])}
		if next.Option == "" {
			return false, nil
		}
		group = append(group, next)
		below, err := g.below(group)
		if err != nil || text.Ordinal >= below {
			return false, err
		}
		if slices.Contains(filters, next) {
			missing--
		}
	}
	return missing == 0, nil
}

func (g *textGroups) below(group []results.Filter) (int, error) {
	var key strings.Builder
	for _, f := range group {
		key.WriteString(f.Question + "=" + f.Option + "&")
	}
	if below, known := g.known[key.String()]; known {
		return below, nil
	}
	below, err := g.published.Writers(g.question, group)
	var unknown *results.ViewError
	if errors.As(err, &unknown) {
		below, err = 0, nil // the writer gave an option that there is no more
	}
	if err == nil {
		g.known[key.String()] = below
	}
	return below, err
}

// orderOf is the order in which a text's group takes in the dimensions: by
// chance, but always the same.
func orderOf(text *store.ReleasedText) []int {
	seed := [32]byte{}
	copy(seed[:], text.ID[:])
	return rand.New(rand.NewChaCha8(seed)).Perm(len(results.Dimensions)) //nolint:gosec // it must be the same every time
}
