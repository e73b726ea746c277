package results

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"intake/forms"
)

// file makes the rows of the newest edition, one for each person, as written.
func (a *attack) file(editions []int, restRule bool) (columns []RowColumn, rows [][]string) {
	a.t.Helper()
	p, err := a.index.Publish(editions)
	if err != nil {
		a.t.Fatal(err)
	}
	p.rules = a.rules
	r := p.rows(restRule)
	if r.Size() == 0 {
		return r.Columns(), nil
	}
	for _, answers := range a.people[:r.Size()] {
		row := make([]string, len(r.Columns()))
		if err := r.Row(a.form.Version, answers, row); err != nil {
			a.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := r.Complete(); err != nil {
		a.t.Fatal(err)
	}
	return r.Columns(), rows
}

// lookAtFile remembers about whom the rows are, for each question and each
// combination of the dimensions as it is written, and for everybody of it in
// classes.
func (a *attack) lookAtFile(editions []int, restRule bool, classes *attack) (shown, withheld int) {
	columns, rows := a.file(editions, restRule)
	of := map[string][]int{}
	for at, row := range rows {
		var class []string
		for i, column := range columns {
			if slices.Contains(Dimensions, column.Question) {
				class = append(class, row[i])
			}
		}
		name := strings.Join(class, " ")
		of[name] = append(of[name], at)
	}
	for name, people := range of {
		if len(people) < threshold {
			a.found = fmt.Sprintf("%d people are %s", len(people), name)
		}
		if !strings.Contains(name, Grouped) {
			classes.add("care_role", people, name)
		}
		for i, column := range columns {
			q := a.form.Question(column.Question)
			var base []int
			answered, told := 0, 0
			for _, at := range people {
				switch code := rows[at][i]; {
				case slices.Contains(Dimensions, q.ID):
				case code == WithheldCell:
					withheld++
				default:
					told++
					if said := a.people[at][q.ID]; (len(said) > 0) != (code != "") {
						a.t.Fatalf("%s: %v is written as %q", q.ID, said, code)
					}
					if code != "" {
						answered++
					}
					if code != "" && !q.Option(code).Aside {
						base = append(base, at)
					}
				}
			}
			if told > 0 && told < len(people) { // all of a class, or none
				a.t.Fatalf("%s: some of %s are withheld", q.ID, name)
			}
			shown += answered
			if answered == 0 {
				continue
			}
			if len(base) < least(q) {
				a.found = fmt.Sprintf("%s: answers of %d people are given of %s", q.ID, len(base), name)
			}
			a.add(q.ID, base, name)
		}
	}
	return shown, withheld
}

// add remembers a set of people.
func (a *attack) add(question string, people []int, what string) {
	set := shownSet{who: make([]uint64, (len(a.people)+63)/64), size: len(people), what: fmt.Sprintf("the rows of %s, %d", what, len(people))}
	for _, at := range people {
		set.who[at/64] |= 1 << (at % 64)
	}
	if !slices.ContainsFunc(a.seen[question], func(s shownSet) bool { return slices.Equal(s.who, set.who) }) {
		a.seen[question] = append(a.seen[question], set)
	}
}

// runWithFile lets the attacker look at views and at the file, release by
// release, and returns what was found.
func (a *attack) runWithFile(restRule bool) (found string, shown, withheld int) {
	classes := &attack{t: a.t, form: a.form, people: a.people, seen: map[string][]shownSet{}}
	var editions []int
	for _, end := range a.ends {
		if end == len(a.people) || a.random.IntN(3) > 0 {
			editions = append(editions, end)
			a.look(editions, 4)
			s, w := a.lookAtFile(editions, restRule, classes)
			shown, withheld = shown+s, withheld+w
		}
	}
	if found = a.pinsDown(); found == "" {
		found = classes.pinsDown()
	}
	return found, shown, withheld
}

// TestNobodyIsPinnedDownByRows lets the attacker have the analyst's file of
// every edition, besides views of it.
func TestNobodyIsPinnedDownByRows(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	shown, withheld := 0, 0
	for i := range max(*attackedWaves/10, 1) {
		a := newAttack(t, form, allRules, *attackSeed+uint64(i)) //nolint:gosec // not negative
		found, s, w := a.runWithFile(true)
		if found != "" {
			t.Fatalf("wave %d: %s", i, found)
		}
		shown, withheld = shown+s, withheld+w
	}
	t.Logf("%d answers were given, %d withheld", shown, withheld)
	if shown == 0 || withheld == 0 {
		t.Error("this proves nothing")
	}
}

// TestTheRuleOfTheRestIsNeeded gives answers of those who are left over
// whatever the tables show.
func TestTheRuleOfTheRestIsNeeded(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	for i := range 100 {
		found, _, _ := newAttack(t, form, allRules, *attackSeed+uint64(i)).runWithFile(false) //nolint:gosec // not negative
		if found != "" {
			t.Logf("wave %d: %s", i, found)
			return
		}
	}
	t.Error("nothing found in 100 waves: the attacker is too weak, or the rule is not needed")
}

// What hangs on a dimension that a row does not tell is withheld: that it was
// answered would tell it.
func TestAnswersDoNotTellTheDimension(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	told := 0
	for i := range 60 {
		a := newAttack(t, form, allRules, 1000+uint64(i)) //nolint:gosec // not negative
		columns, rows := a.file([]int{len(a.people)}, true)
		at := func(question string) int {
			return slices.IndexFunc(columns, func(c RowColumn) bool { return c.Question == question })
		}
		for _, row := range rows {
			switch role := row[at("care_role")]; {
			case role == "no" && row[at("pay")] != "":
				t.Fatalf("somebody without pay has %q", row[at("pay")])
			case role == "paid":
				told++
			case (role == Grouped || role == Undivided) && row[at("pay")] != WithheldCell:
				t.Fatalf("of somebody whose role is %s it is told that pay is %q", role, row[at("pay")])
			}
		}
	}
	if told == 0 {
		t.Error("nobody's role is told: this proves nothing")
	}
}

// TestCensusIsARecount compares the sets of people that a census tells of, and
// what all of them said, with a recount.
func TestCensusIsARecount(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	for seed := range uint64(20) {
		a := newAttack(t, form, allRules, seed)
		p, err := a.index.Publish(slices.Compact([]int{a.ends[0], len(a.people)}))
		if err != nil {
			t.Fatal(err)
		}
		dims := p.index.layout.dimensions()
		said := func(who forms.Answers, dim int) int {
			return slices.IndexFunc(dims[dim].question.Options, func(o forms.Option) bool { return o.Code == who.Get(dims[dim].question.ID) })
		}
		for range 20 {
			var conditions []cell
			for _, d := range a.random.Perm(len(dims))[:a.random.IntN(len(dims)+1)] {
				conditions = with(conditions, cell{d, a.random.IntN(len(dims[d].options))})
			}
			census := p.bases().takeCensus(conditions, len(p.editions), nobodyJoined)
			implied := p.bases().implied(conditions, len(p.editions))
			mask := a.random.IntN(1 << len(conditions))
			for e, edition := range p.editions {
				for q, c := range p.index.layout.questions {
					want, all := 0, 0
					values := make([]map[int]bool, len(dims)) // of those who meet all conditions
					along := map[cell]int{}
					for _, who := range a.people[:edition] {
						answer := who.Get(c.question.ID)
						if answer == "" || c.question.Option(answer).Aside {
							continue
						}
						meets := func(of int) bool {
							for i, condition := range conditions {
								if of>>i&1 == 1 && said(who, condition.dim) != condition.option {
									return false
								}
							}
							return true
						}
						if meets(mask) {
							want++
						}
						for i, condition := range conditions {
							if meets(mask &^ (1 << i)) {
								along[cell{i, said(who, condition.dim) + 1}]++
							}
						}
						if meets(1<<len(conditions) - 1) {
							all++
							for d := range dims {
								if values[d] == nil {
									values[d] = map[int]bool{}
								}
								values[d][said(who, d)] = true
							}
						}
					}
					if got := census.base(mask, q, e); got != want {
						t.Fatalf("%v by %b, %s: %d, want %d", conditions, mask, c.question.ID, got, want)
					}
					for i, condition := range conditions {
						for value := range len(dims[condition.dim].options) + 1 {
							if got := census.along(i, mask&^(1<<i), value, q, e); got != along[cell{i, value}] {
								t.Fatalf("%v by %b, %s along %d: %d, want %d", conditions, mask, c.question.ID, i, got, along[cell{i, value}])
							}
						}
					}
					for d := range dims {
						is := slices.ContainsFunc(implied[q][e], func(c cell) bool { return c.dim == d && values[d][c.option] })
						named := slices.ContainsFunc(conditions, func(c cell) bool { return c.dim == d })
						if want := all > 0 && !named && len(values[d]) == 1 && !values[d][-1]; is != want {
							t.Fatalf("%v, %s: implied %v, all said %v to %d", conditions, c.question.ID, implied[q][e], values[d], d)
						}
					}
				}
			}
		}
	}
}

func TestRowsOfSeveralAnswers(t *testing.T) {
	t.Parallel()
	form := smallForm(t)
	var people []forms.Answers
	for i := range 40 {
		a := forms.Answers{"paid": {"yes"}, "pay_rating": {"good"}, "worn_out": {"never"}, "one_change": {"secret"}}
		if i%2 == 0 {
			a["barriers"] = []string{"cost", "travel"}
		}
		people = append(people, a)
	}
	p, err := indexOf(t, form, people).Publish([]int{40})
	if err != nil {
		t.Fatal(err)
	}
	r := p.Rows()
	row := make([]string, len(r.Columns()))
	if err := r.Row(form.Version, people[0], row); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, c := range r.Columns() {
		got[c.Question+c.Option] = row[i]
	}
	want := map[string]string{
		"paid": "yes", "pay_rating": "good", "worn_out": WithheldCell, // all gave the same answer
		"barrierscost": Ticked, "barrierstravel": Ticked, "barriersnone": NotTicked,
	}
	if len(got) != len(want) {
		t.Errorf("the columns are %v", got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if err := r.Row(form.Version, people[1], row); err != nil || slices.Contains(row, NotTicked) {
		t.Errorf("who ticked nothing has the row %v, %v", row, err)
	}
	if err := r.Complete(); !errors.Is(err, ErrOtherResponses) {
		t.Errorf("rows that are missing give %v", err)
	}
	for _, a := range people[2:] {
		if err := r.Row(form.Version, a, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Complete(); err != nil {
		t.Error(err)
	}
	if err := r.Row(form.Version, people[0], row); !errors.Is(err, ErrOtherResponses) {
		t.Errorf("one row too many gives %v", err)
	}
}

func TestTooFewForRows(t *testing.T) {
	t.Parallel()
	form := smallForm(t)
	for n := range 10 {
		people := slices.Repeat([]forms.Answers{{"paid": {"yes"}}}, n)
		var editions []int
		if n > 0 {
			editions = []int{n}
		}
		p, err := indexOf(t, form, people).Publish(editions)
		if err != nil {
			t.Fatal(err)
		}
		if size := p.Rows().Size(); size != 0 {
			t.Errorf("of %d responses there are %d rows", n, size)
		}
	}
}

// Nothing that is left out, and nothing that people wrote, has a column.
func TestColumnsOfRows(t *testing.T) {
	t.Parallel()
	for _, id := range LeftOut {
		if InRows(&forms.Question{ID: id, Kind: forms.KindChoice}) {
			t.Errorf("%s is in the rows", id)
		}
	}
	for _, kind := range forms.Kinds() {
		if InRows(&forms.Question{ID: "x", Kind: kind}) != kind.Closed() {
			t.Errorf("a question of the kind %s is in the rows, or is not", kind)
		}
	}
}
