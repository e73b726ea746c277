package forms

import "fmt"

// sendAll sends a witness for every way that the walk found.
func (p *prover) sendAll() {
	if p.walk.gaveUp {
		return
	}
	for _, ways := range [][]*stop{p.walk.finished, p.walk.merged} {
		for _, s := range ways {
			p.send(s)
		}
	}
}

// witness turns a way into answers: those of the stops before s, and of one
// way on from it. ok is false where a member of a group would have no answer
// at all, because then it is not there.
func (p *prover) witness(s *stop) (a Answers, ends *Page, ok bool) {
	a = Answers{}
	counts := map[*group]int{}
	take := func(t *stop) {
		switch {
		case t.node != nil:
			p.answer(a, t.node, t.member, t.choice.sample)
		case t.group != nil:
			counts[t.group] = t.count
		case t.ends != nil:
			ends = t.ends
		}
	}
	for t := s; t != nil; t = t.from {
		take(t)
	}
	for t := s; ; {
		if t.same != nil {
			t = t.same
			continue
		}
		if t = t.next; t == nil {
			break
		}
		take(t)
	}
	for g, count := range counts {
		if count == g.page.Repeats.Min && a.Members(g.id) == 0 {
			continue
		}
		for member := range count {
			if !p.fillMember(a, g, member) {
				return nil, nil, false
			}
		}
	}
	return a, ends, true
}

func (p *prover) answer(a Answers, n *node, member int, s sample) {
	for part, values := range s {
		a[n.name(member, part)] = values
	}
}

func (p *prover) answered(a Answers, n *node, member int) bool {
	path := path{answers: a}
	return path.notKnown(n, member) || path.given(n, member) != nil
}

// fillMember sees to it that the member has an answer, without one that
// conditions look at.
func (p *prover) fillMember(a Answers, g *group, member int) bool {
	for _, n := range g.nodes {
		if p.answered(a, n, member) {
			return true
		}
	}
	for _, n := range g.nodes {
		if p.walk.variables[n] == nil && n.question.When.Always() && p.answerAnyhow(a, n, member) {
			return true
		}
	}
	return false
}

// answerAnyhow gives an answer that is known to be valid, or "Not known".
func (p *prover) answerAnyhow(a Answers, n *node, member int) bool {
	s := n.validSample()
	if s == nil && n.question.NotKnown {
		s = sample{partUnknown: {"yes"}}
	}
	p.answer(a, n, member, s)
	return s != nil
}

// send fills in what Validate asks for, and nothing more, until it finds no
// fault, as a person would.
func (p *prover) send(s *stop) {
	a, ends, ok := p.witness(s)
	if !ok {
		return
	}
	if got := p.form.Ending(a); got != ends {
		p.find("form", FindingUnsendable, "The path does not end where it should%s.", told(a))
		return
	}
	if ends != nil {
		p.witnesses++
		return
	}
	p.checkDemands(a)
	for {
		errs := p.form.Validate(a, "en", provingDay)
		if len(errs) == 0 {
			break
		}
		for _, e := range errs {
			n := p.form.plan.byID[e.Question]
			_, member, _, _ := splitMember(e.Name)
			if n == nil || p.answered(a, n, member) {
				p.find(fmt.Sprintf("question %q", e.Question), FindingUnsendable, "A valid answer is refused (%s)%s.", e.Message, told(a))
				return
			}
			if v := p.walk.variables[n]; v != nil && len(v.choices) > 1 {
				return // left empty on purpose, where that is not allowed after all
			}
			if !p.answerAnyhow(a, n, member) {
				p.find(placeOf(n.question), FindingUnsendable, "An answer is demanded, but no sample of the kind %s passes the rule %q%s.",
					n.question.Kind, n.question.Validate, told(a))
				return
			}
		}
	}
	p.witnesses++
	if !p.form.Strip(a).Equal(a) {
		p.find("form", FindingUnsendable, "An answer that was asked for is dropped%s.", told(a))
	}
	p.checkLastPage(a)
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

// checkDemands sees to it that each question that must always be answered is
// demanded where it is asked and was left empty.
func (p *prover) checkDemands(a Answers) {
	demanded := map[string]bool{}
	for _, e := range p.form.Validate(a, "en", provingDay) {
		demanded[e.Name] = true
	}
	for _, step := range p.form.Visible(a) {
		for _, asked := range step.Asked {
			n := p.form.plan.byID[asked.ID]
			if n.question.Required == nil || !n.question.Required.Always() {
				continue
			}
			if !p.answered(a, n, step.Member) && !demanded[asked.Name] {
				p.find(placeOf(n.question), FindingSkipped, "The question must be answered, but is not demanded%s.", told(a))
			}
		}
	}
}

// told names the answers that lead to a defect.
func told(a Answers) string {
	if len(a) == 0 {
		return ""
	}
	return " after the answers " + string(a.Encode())
}
