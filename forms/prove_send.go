package forms

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// sendAll sends a witness for every way that the walk found, and asks that
// there is one, also for people who stay anonymous.
func (p *prover) sendAll() {
	if p.walk.gaveUp {
		return
	}
	for _, ways := range [][]*stop{p.walk.finished, p.walk.ended, p.walk.merged} {
		for _, s := range ways {
			if s.good {
				p.send(p.witness(s))
			}
		}
	}
	p.proof.Sets, p.proof.Endings = len(p.sets), len(p.endings)
	if len(p.walk.finished) == 0 {
		p.find("form", FindingUnsendable, "No answers can be sent: every path ends before.")
	}
	p.checkAnonymous()
}

// way is a witness: answers, and what is needed to complete them.
type way struct {
	answers Answers
	ends    *Page
	counts  map[*group]int
	fillers map[*group]map[int]*node // an answer to which makes a member be there
	end     *stop
}

// witness turns a way into answers: those of the stops before s, and of a way
// on from it.
func (p *prover) witness(s *stop) way {
	w := way{answers: Answers{}, counts: map[*group]int{}, fillers: map[*group]map[int]*node{}}
	take := func(t *stop) {
		switch {
		case t.choice != nil:
			p.answer(w.answers, t.node, t.member, t.choice.sample)
		case t.group != nil:
			w.counts[t.group] = t.count
		case t.filler != nil:
			g := t.filler.group
			if w.fillers[g] == nil {
				w.fillers[g] = map[int]*node{}
			}
			w.fillers[g][t.member] = t.filler
		case t.ends != nil:
			w.ends = t.ends
		}
	}
	for t := s; t != nil; t = t.from {
		take(t)
	}
	w.end = s
	for t := s; ; {
		if t.same != nil {
			t = t.same
			continue
		}
		w.end = t
		if t = t.next; t == nil {
			break
		}
		take(t)
	}
	p.fillMembers(w)
	return w
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

// fillMembers sees to it that each member has an answer that must: members are
// there without gaps, and beyond the least number only with an answer.
func (p *prover) fillMembers(w way) {
	for g, count := range w.counts {
		needed := count > g.page.Repeats.Min
		for member := count - 1; member >= 0; member-- {
			if p.hasMember(w.answers, g, member) {
				needed = true
			} else if n := w.fillers[g][member]; n != nil && needed {
				p.answerAnyhow(w.answers, n, member)
			}
		}
	}
}

func (p *prover) hasMember(a Answers, g *group, member int) bool {
	for _, n := range g.nodes {
		if p.answered(a, n, member) {
			return true
		}
	}
	return false
}

// answerAnyhow gives an answer that is known to be valid, or "Not known".
func (p *prover) answerAnyhow(a Answers, n *node, member int) bool {
	s, ok := p.samples[n]
	if !ok {
		s = n.anySample()
		p.samples[n] = s
	}
	p.answer(a, n, member, s)
	return s != nil
}

// send fills in what Validate asks for, and nothing more, until it finds no
// fault, as a person would.
func (p *prover) send(w way) {
	a := w.answers
	path := p.form.walk(a)
	if path.ending != w.ends {
		p.find("form", FindingUnsendable, "The path does not end where it should%s.", told(a))
		return
	}
	if w.ends != nil {
		p.note(w, path, p.endings)
		return
	}
	errs := p.validate(a, "en", provingDay)
	p.checkDemands(path, errs)
	for len(errs) > 0 {
		for _, e := range errs {
			if !p.obey(path, e) {
				return
			}
		}
		p.fillMembers(w)
		errs, path = p.validate(a, "en", provingDay), p.form.walk(a)
	}
	p.proof.Sent++
	if a.Get(idAnonymous) == codeAnonymous {
		p.anonymous++
	}
	if p.note(w, path, p.sets) {
		p.checkStale(path)
	}
	p.checkLastPage(a)
}

// obey gives the answer that an error asks for, on the path that it was found
// on. ok is false where that cannot be done.
func (p *prover) obey(path *path, e FieldError) (ok bool) {
	a, n := path.answers, p.form.plan.byID[e.Question]
	_, member, _, _ := splitMember(e.Name)
	switch {
	case n != nil && !path.isAsked(n, member):
		p.find(placeOf(n.question), FindingHidden, "An answer is demanded although the question is not asked%s.", told(a))
		return false
	case n == nil || p.answered(a, n, member):
		p.find(fmt.Sprintf("question %q", e.Question), FindingUnsendable, "A valid answer is refused (%s)%s.", e.Message, told(a))
		return false
	}
	p.checkNameless(a, n)
	if !p.answerAnyhow(a, n, member) {
		p.find(placeOf(n.question), FindingUnsendable, "An answer is demanded, but no sample of the kind %s passes the rule %q%s.",
			n.question.Kind, n.question.Validate, told(a))
		return false
	}
	return true
}

// note counts the set of questions that answers lead to, tells whether it is
// new, and sees to it that it is the one that the walk led to.
func (p *prover) note(w way, path *path, sets map[string]bool) (isNew bool) {
	asked := make(bits, (p.walk.slots+63)/64)
	for _, n := range p.walk.nodes {
		for member := range p.walk.most(n.group) {
			if path.isAsked(n, member) {
				asked.set(p.walk.slot(n, member))
			}
		}
	}
	if p.walk.aim == eachSet && !slices.Equal(asked, w.end.asked) {
		p.find("form", FindingUnsendable, "Other questions are asked than the conditions say%s.", told(w.answers))
	}
	var key []byte
	for _, word := range asked {
		key = binary.LittleEndian.AppendUint64(key, word)
	}
	isNew = !sets[string(key)]
	sets[string(key)] = true
	return isNew
}

// isAsked also tells of a member that is not there.
func (p *path) isAsked(n *node, member int) bool {
	return member < p.membersOf(n.group) && p.asked[p.slot(n, member)]
}

// told names the answers that lead to a defect.
func told(a Answers) string {
	if len(a) == 0 {
		return ""
	}
	return " after the answers " + string(a.Encode())
}
