// Package forms holds what is asked: form definitions as data, the kinds of
// question, the conditions that show and hide them, and the way from posted
// values to valid answers. It knows nothing of HTTP, storage or templates.
package forms

import (
	"crypto/sha256"
	"encoding/hex"
)

// FormKind says which journey a form belongs to.
type FormKind string

// The two kinds of form that the portal serves.
const (
	Survey   FormKind = "survey"
	Referral FormKind = "referral"
)

// Form is one version of a definition, ready to be asked: lists are filled in
// and named conditions are resolved. A published version never changes.
type Form struct {
	ID        string   `yaml:"id"`
	Version   int      `yaml:"version"`
	Kind      FormKind `yaml:"kind"`
	Title     Text     `yaml:"title"`
	Languages []string `yaml:"languages"`
	// Conditions are named once and used by {is: NAME} anywhere below.
	Conditions map[string]Condition `yaml:"conditions"`
	Pages      []Page               `yaml:"pages"`

	hash string
	plan plan
}

// Hash identifies the definition's source to the byte (hex SHA-256).
func (f *Form) Hash() string { return f.hash }

// Question returns the question with that id, or nil.
func (f *Form) Question(id string) *Question {
	if n := f.plan.byID[id]; n != nil {
		return n.question
	}
	return nil
}

// PageOf returns the page that asks the question with that id, or nil.
func (f *Form) PageOf(id string) *Page {
	if n := f.plan.byID[id]; n != nil {
		return n.page
	}
	return nil
}

// Page is a group of questions under one heading. A page without questions
// interrupts (says something and lets people go on) or, with Ends, is where
// this path of the form stops and nothing can be sent.
type Page struct {
	ID    string `yaml:"id"`
	Title Text   `yaml:"title"`
	// Body is plain paragraphs, parted by blank lines; {placeholders} name
	// facts of the organisation.
	Body Text `yaml:"body"`
	// Applies says in words when the page is for the reader; the document
	// without JavaScript shows it above a page that has a condition.
	Applies   Text       `yaml:"applies"`
	When      Condition  `yaml:"when"`
	Repeats   *Repeat    `yaml:"repeats"`
	Ends      bool       `yaml:"ends"`
	Part      Part       `yaml:"part"`
	Questions []Question `yaml:"questions"`
}

// Part names the sealed part of a referral that a page's answers belong to.
type Part string

// A referral is sealed in two parts, so that who reported can be kept from
// those who may read the rest.
const (
	PartRest     Part = ""
	PartReporter Part = "reporter"
)

// Repeat makes a page a group that people may fill in several times.
type Repeat struct {
	Group string `yaml:"group"`
	Min   int    `yaml:"min"`
	Max   int    `yaml:"max"`
	// Item names one member ("Allegation"), Add is the button for another.
	Item Text `yaml:"item"`
	Add  Text `yaml:"add"`
}

// Question is one thing asked. Its ID is its name on the wire for ever.
type Question struct {
	ID      string    `yaml:"id"`
	Kind    Kind      `yaml:"kind"`
	Label   Text      `yaml:"label"`
	Short   Text      `yaml:"short"` // a noun phrase for summaries and messages; Label where absent
	Hint    Text      `yaml:"hint"`
	Applies Text      `yaml:"applies"` // as on Page, for a question with a condition
	Options []Option  `yaml:"options"`
	Scale   string    `yaml:"scale"`        // a named list of options shared by questions (definition key "scales")
	List    string    `yaml:"options_from"` // a list that the organisation provides, such as "districts"; put before Options
	When    Condition `yaml:"when"`
	// Required holds when the question must be answered; nil is never.
	Required *Condition `yaml:"required"`
	// Validate is a go-playground/validator tag list for one value, after the
	// kind's own rule.
	Validate string `yaml:"validate"`
	// Max bounds characters of text (after trimming) or the number of
	// options ticked; loading replaces 0 by the kind's default, and 0 that is
	// left means no bound.
	Max int `yaml:"max"`
	// NotKnown offers a "Not known" box that satisfies the requirement.
	NotKnown bool `yaml:"not_known"`
	// NoUnknown keeps loading from offering "Not known" among the options of
	// a referral's closed question: gates need an answer.
	NoUnknown bool `yaml:"no_unknown"`
	// Estimated offers "this date is estimated" beside a date.
	Estimated bool `yaml:"estimated"`
	Sensitive bool `yaml:"sensitive"`
	Reverse   bool `yaml:"reverse"` // lower is better
	Headline  bool `yaml:"headline"`
	// Positive lists the codes that count as a good answer.
	Positive []string `yaml:"positive"`
	// Informs lists the delivery-plan items that the answer informs.
	Informs []string `yaml:"informs"`
	// MapsTo names the Safeguarding Adults Collection list that the options'
	// own maps_to codes belong to.
	MapsTo string `yaml:"maps_to"`
	// Messages replaces the standard message of a rule ("required", …).
	Messages map[string]Text `yaml:"messages"`
	// Help is shown once one of these codes is chosen.
	Help []Help `yaml:"help"`
}

// Help points to support at the moment it is needed.
type Help struct {
	When []string `yaml:"when"`
	Text Text     `yaml:"text"`
	Link Text     `yaml:"link"` // the words of the link
	URL  string   `yaml:"url"`  // a path of the portal or a placeholder of the organisation
}

// Option is one closed answer.
type Option struct {
	Code  string `yaml:"code"`
	Label Text   `yaml:"label"`
	Hint  Text   `yaml:"hint"`
	// Other asks "say what" in a text field ID.other when chosen.
	Other bool `yaml:"other"`
	// Excludes clears every other option of a several-answer question.
	Excludes bool `yaml:"excludes"`
	// Aside marks "prefer not to say", "unsure" and "unknown": shown beside
	// the base, never inside it.
	Aside  bool   `yaml:"aside"`
	MapsTo string `yaml:"maps_to"`

	// Where loading took the option from, if not from the question itself.
	fromList   bool // the organisation: a proper name, the same in every language
	fromScale  bool // the question's Scale
	fromEngine bool // the engine: "Prefer not to say", "Not known"
}

// Text is the same words by language code.
type Text map[string]string

// In returns the words in lang, or in English where lang has none.
func (t Text) In(lang string) string {
	if s, ok := t[lang]; ok {
		return s
	}
	return t[english]
}

// Spoken is the language that In answers in: lang, or English where lang has
// no words.
func (t Text) Spoken(lang string) string {
	if _, ok := t[lang]; ok {
		return lang
	}
	return english
}

// Name is what summaries and messages call the question.
func (q *Question) Name(lang string) string {
	if s := q.Short.In(lang); s != "" {
		return s
	}
	return q.Label.In(lang)
}

// Option returns the option with that code, or nil.
func (q *Question) Option(code string) *Option {
	for i := range q.Options {
		if q.Options[i].Code == code {
			return &q.Options[i]
		}
	}
	return nil
}

func hashOf(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}
