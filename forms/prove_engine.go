package forms

import (
	"maps"
	"slices"
)

// The checks here hold the engine to what a definition says, each on answers
// that were just sent. They read conditions and answers by themselves, so that
// a fault in the engine shows as a difference.

// Where a referral asks whether its writer stays anonymous.
const (
	idAnonymous   = "anonymous"
	codeAnonymous = "yes"
)

// checkDemands sees to it that each question that must be answered is demanded
// where it is asked and was left empty.
func (p *prover) checkDemands(path *path, errs []FieldError) {
	a := path.answers
	demanded := map[string]bool{}
	for _, e := range errs {
		demanded[e.Name] = true
	}
	for _, n := range p.walk.nodes {
		for member := range path.membersOf(n.group) {
			required := n.question.Required
			if required == nil || !path.isAsked(n, member) || p.answered(a, n, member) || demanded[n.name(member, partMain)] {
				continue
			}
			if required.Holds(p.reader(a, n.group, member)) {
				p.find(placeOf(n.question), FindingSkipped, "The question must be answered, but is not demanded%s.", told(a))
			}
		}
	}
}

// reader gives conditions the values of answers none of which is hidden.
func (p *prover) reader(a Answers, g *group, member int) func(field string) []string {
	return func(field string) []string {
		n := p.form.plan.byID[field]
		if n.group != nil && n.group != g {
			var out []string
			for other := range a.Members(n.group.id) {
				out = append(out, p.countedValues(a, n, other)...)
			}
			return out
		}
		if n.group == nil {
			return p.countedValues(a, n, 0)
		}
		return p.countedValues(a, n, member)
	}
}

func (p *prover) countedValues(a Answers, n *node, member int) []string {
	if len(a[n.name(member, partUnknown)]) > 0 {
		return nil
	}
	var out []string
	for _, part := range n.kind.parts {
		out = append(out, a[n.name(member, part)]...)
	}
	return out
}

// checkStale gives answers to what is hidden, as people leave them behind when
// they change their minds, and sees to it that these are dropped, and nothing
// else, and that nothing is asked or demanded because of them. Once for each
// set of visible questions is enough: that set is all that it turns on.
func (p *prover) checkStale(path *path) {
	a := path.answers
	withStale := maps.Clone(a)
	for _, n := range p.walk.nodes {
		members := 1
		if n.group != nil {
			members = a.Members(n.group.id)
		}
		for member := range members {
			if !path.isAsked(n, member) {
				p.answerAnyhow(withStale, n, member)
			}
		}
	}
	kept := p.strip(withStale)
	if !kept.Equal(a) {
		p.findKept(kept, withStale, a)
	}
	for _, e := range p.validate(withStale, "en", provingDay) {
		p.find("form", FindingUnsendable, "Answers of branches not taken are in the way (%s)%s.", e.Message, told(withStale))
	}
}

// findKept tells which answers should not have been kept or, if there is none,
// that one was dropped.
func (p *prover) findKept(kept, withStale, a Answers) {
	stale := false
	for _, n := range p.walk.nodes {
		for member := range p.walk.most(n.group) {
			if p.answered(kept, n, member) && !p.answered(a, n, member) {
				stale = true
				p.find(placeOf(n.question), FindingKept, "The answer to the question is kept although its branch is not taken%s.", told(withStale))
			}
		}
	}
	if !stale {
		p.find("form", FindingUnsendable, "An answer that was asked for is dropped%s.", told(withStale))
	}
}

// checkLastPage looks for a referral that tells people something and then has
// nothing more to ask. (A survey may well take its leave like that.)
func (p *prover) checkLastPage(a Answers) {
	steps := p.form.Visible(a)
	if p.form.Kind != Referral || len(steps) == 0 {
		return
	}
	if last := steps[len(steps)-1]; len(last.Asked) == 0 {
		p.find(placeOfPage(last.Page), FindingDeadEnd, "Nothing comes after the page, yet it does not end the form%s.", told(a))
	}
}

// checkNameless looks for something that an anonymous referrer must say about
// themselves.
func (p *prover) checkNameless(a Answers, n *node) {
	if p.form.Kind != Referral || a.Get(idAnonymous) != codeAnonymous || n.page.Part != PartReporter || n.question.NotKnown {
		return
	}
	if slices.ContainsFunc(n.question.Options, func(o Option) bool { return o.Aside }) {
		return
	}
	p.find(placeOf(n.question), FindingAnonymous, "People who stay anonymous must answer the question, which is about themselves.")
}

// checkAnonymous asks that a referral that lets people stay anonymous also
// lets them send.
func (p *prover) checkAnonymous() {
	q := p.form.Question(idAnonymous)
	if p.form.Kind == Referral && q != nil && q.Option(codeAnonymous) != nil && p.anonymous == 0 && p.proof.Sent > 0 {
		p.find(placeOf(q), FindingAnonymous, "Nobody who stays anonymous can send the form.")
	}
}
