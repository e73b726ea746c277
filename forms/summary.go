package forms

// SummaryRow is one question with its answer in words, for checking answers
// before sending and for the desk.
type SummaryRow struct {
	Page     *Page
	Member   int // of a page that repeats, from 0; otherwise 0
	Question *Question
	Title    string   // of the page; for a member of a group its item and number, from 1
	Label    string   // what the question is called
	Values   []string // one for each answer; none where it was not answered
	Name     string   // the question's wire name
	Field    string   // the wire name whose element takes a change
	Lang     string   // of label and values: English where the question has no words in the language asked for
}

// Summary tells the answers in words: every question that was asked, and also
// those answered though the path to them cannot be seen, as when only one
// sealed part of the answers was opened.
func (f *Form) Summary(a Answers, lang string) []SummaryRow {
	p := f.walk(a)
	var rows []SummaryRow
	for i := range f.plan.pages {
		compiled := &f.plan.pages[i]
		for member := range p.membersOf(compiled.group) {
			for _, n := range compiled.nodes {
				lang := n.question.Label.Spoken(lang)
				values := p.words(n, member, lang)
				if len(values) == 0 && !p.asked[p.slot(n, member)] {
					continue
				}
				rows = append(rows, SummaryRow{
					Page: compiled.page, Member: member, Question: n.question,
					Title: compiled.title(member, lang), Label: n.question.Name(lang), Values: values,
					Name: n.name(member, partMain), Field: n.name(member, n.kind.parts[0]),
					Lang: lang,
				})
			}
		}
	}
	return rows
}

func (compiled *pagePlan) title(member int, lang string) string {
	if compiled.group == nil {
		return compiled.page.Title.In(lang)
	}
	return numbered(compiled.page.Repeats.Item.In(lang), member)
}

func (p *path) words(n *node, member int, lang string) []string {
	if p.notKnown(n, member) {
		return []string{word(optionUnknown, lang)}
	}
	return n.kind.words(answer{node: n, member: member, path: p}, lang)
}
