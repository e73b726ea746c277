package results

import "slices"

// grouping makes the tree of classes.
type grouping struct {
	*Published
	rows     *Rows
	restRule bool
	gates    [][]string         // by question
	order    []int              // of dimensions
	bases    *cube              // of the questions, and of everybody
	counts   map[*class][]int32 // by column
}

// dimensionOrder is the order in which people are divided: first by what most
// other questions hang on, which can be told only if that is.
func (g *grouping) dimensionOrder() []int {
	hanging := make([]int, len(g.rows.dims))
	order := make([]int, len(g.rows.dims))
	for d, dim := range g.rows.dims {
		order[d] = d
		for i, c := range g.index.layout.questions {
			if InRows(c.question) && slices.Contains(g.gates[i], dim.question.ID) {
				hanging[d]++
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return hanging[b] - hanging[a] })
	return order
}

// mayTell tells whether the tables might show a figure about all who meet
// these conditions, in the newest edition.
func (g *grouping) mayTell(conditions []cell) bool {
	all := len(g.index.layout.questions) // comes after them
	implied := g.bases.implied(conditions, len(g.editions))[all]
	newest := len(g.editions) - 1
	return g.allowedFor(inOrder(conditions, implied[newest]))[all][newest]
}

// maxConditions bounds by how many dimensions people are divided. With more,
// classes are so small that many answers to sensitive questions would have to
// be withheld.
const maxConditions = 4

// divide makes the tree of those who meet the conditions.
func (g *grouping) divide(conditions []cell) *division {
	if len(conditions) == maxConditions {
		return g.newClass(conditions)
	}
	for _, dim := range g.order {
		if slices.ContainsFunc(conditions, func(c cell) bool { return c.dim == dim }) {
			continue
		}
		parts, rest := g.split(conditions, dim)
		if len(parts) == 0 {
			continue
		}
		d := &division{conditions: conditions, dim: dim, parts: make([]*division, len(g.rows.dims[dim].options))}
		for _, part := range parts {
			d.parts[part.option] = g.divide(with(conditions, part))
		}
		if rest > 0 {
			d.rest = g.newClass(conditions)
			d.rest.class.said[dim] = Grouped
		}
		return d
	}
	return g.newClass(conditions)
}

// split gives the rows of a dimension that may be shown of those who meet the
// conditions, none if they may not be divided by it, and how many people they
// leave.
func (g *grouping) split(conditions []cell, dim int) (parts []cell, rest int) {
	rest = g.size(conditions)
	for option := range g.rows.dims[dim].options {
		part := cell{dim, option}
		within := with(conditions, part)
		if size := g.size(within); size >= threshold && g.mayTell(within) {
			parts = append(parts, part)
			rest -= size
		}
	}
	if !fine(rest, threshold) {
		return nil, 0
	}
	return parts, rest
}

// size is how many meet the conditions.
func (g *grouping) size(conditions []cell) int {
	return g.bases.sums(conditions)[len(g.index.layout.questions)]
}

// with adds a condition to others, in the order of the dimensions.
func with(conditions []cell, more cell) []cell { return inOrder(conditions, []cell{more}) }

// inOrder joins conditions in the order of the dimensions.
func inOrder(conditions, more []cell) []cell {
	out := append(slices.Clone(conditions), more...)
	slices.SortFunc(out, func(a, b cell) int { return a.dim - b.dim })
	return out
}

func (g *grouping) newClass(conditions []cell) *division {
	c := &class{said: slices.Repeat([]string{Undivided}, len(g.rows.dims)), shown: make([]bool, len(g.index.layout.questions))}
	for _, condition := range conditions {
		c.said[condition.dim] = g.rows.dims[condition.dim].question.Options[condition.option].Code
	}
	g.rows.classes = append(g.rows.classes, c)
	return &division{conditions: conditions, class: c}
}

// count finds everybody's class, and counts by class who has which column.
func (g *grouping) count() {
	columns := len(g.index.layout.names)
	number := map[*class]int{}
	g.counts = map[*class][]int32{}
	for i, c := range g.rows.classes {
		number[c] = i
		g.counts[c] = make([]int32, columns)
	}
	left := g.rows.size
	for _, chunk := range g.index.chunks {
		size := min(chunk.size, left)
		left -= size
		said := make([][maxDimensions]uint8, size)
		for d, dim := range g.rows.dims {
			for option, column := range dim.options {
				chunk.each(column, size, func(at int) { said[at][d] = uint8(option + 1) }) //nolint:gosec // dimensions have fewer than 255 options
			}
		}
		classes := make([]*class, size)
		for at := range classes {
			classes[at] = g.rows.root.of(said[at][:])
			classes[at].size++
		}
		for column := range columns {
			chunk.each(column, size, func(at int) { g.counts[classes[at]][column]++ })
		}
	}
}

// decide finds for each class the questions whose answers are given. It
// returns how many have each column, and by question and edition which figures
// the tables may show.
func (g *grouping) decide(d *division) (counts []int32, allowed [][]bool) {
	newest := len(g.editions) - 1
	allowed = g.figuresAllowed(d.conditions)
	give := make([]bool, len(allowed))
	for i := range give {
		give[i] = allowed[i][newest]
	}
	if d.class != nil {
		counts = g.counts[d.class]
		g.show(d.class, counts, give)
		return counts, allowed
	}
	counts = make([]int32, len(g.index.layout.names))
	rows := make([][][]bool, len(d.parts))
	for option, part := range d.parts {
		switch {
		case part != nil:
			var theirs []int32
			theirs, rows[option] = g.decide(part)
			for column, n := range theirs {
				counts[column] += n
			}
			// Figures of the rest follow from those of all and of each part.
			for i, c := range g.index.layout.questions {
				give[i] = give[i] && (rows[option][i][newest] || theirs[c.based] == 0)
			}
		case d.rest != nil && newest > 0:
			rows[option] = g.figuresAllowed(with(d.conditions, cell{d.dim, option}))
		}
	}
	if d.rest != nil {
		grown, rest := g.grown(d), g.restOf(d)
		for i, c := range g.index.layout.questions {
			give[i] = !g.restRule || give[i] && grown.fine(i, allowed[i], rows, least(c.question)) && rest.allowed(i, least(c.question))
		}
		theirs := g.counts[d.rest.class]
		for column, n := range theirs {
			counts[column] += n
		}
		g.show(d.rest.class, theirs, give)
	}
	return counts, allowed
}

// figuresAllowed tells, by question and edition, whether the tables may show
// its figures of those who meet the conditions.
func (g *grouping) figuresAllowed(conditions []cell) [][]bool {
	implied := g.bases.implied(conditions, len(g.editions))
	out := make([][]bool, len(g.index.layout.questions))
	for i, c := range g.index.layout.questions {
		out[i] = make([]bool, len(g.editions))
		if !InRows(c.question) {
			continue
		}
		for e := range g.editions {
			out[i][e] = g.allowedFor(inOrder(conditions, implied[i][e]))[i][e]
		}
	}
	return out
}

func keyOf(conditions []cell) string {
	key := make([]byte, 0, 2*maxDimensions)
	for _, c := range conditions {
		key = append(key, byte(c.dim), byte(c.option))
	}
	return string(key)
}

// show decides which questions' answers are given in a class, of those whose
// figures the tables might show.
func (g *grouping) show(c *class, counts []int32, allowed []bool) {
	for i, columns := range g.index.layout.questions {
		switch q := columns.question; {
		case !InRows(q):
		case counts[columns.asked] == 0:
			c.shown[i] = true // there is nothing to give
		case !allowed[i] || int(counts[columns.based]) < least(q):
		case q.Sensitive:
			c.shown[i] = !columns.nearlyAll(counts)
		default:
			c.shown[i] = true
		}
	}
	// What hangs on an answer that is not given is not given either. That can
	// go on through several questions.
	for again := true; again; {
		again = false
		for i := range c.shown {
			if c.shown[i] && slices.ContainsFunc(g.gates[i], func(id string) bool { return !g.told(c, id) }) {
				c.shown[i], again = false, true
			}
		}
	}
}

// told tells whether the rows of a class say how a question was answered.
func (g *grouping) told(c *class, id string) bool {
	columns := g.index.layout.byID[id]
	if columns == nil {
		return false
	}
	if d := slices.Index(g.rows.dims, columns); d >= 0 {
		return c.said[d] != Undivided && c.said[d] != Grouped
	}
	return c.shown[slices.Index(g.index.layout.questions, columns)]
}

// nearlyAll tells whether all in the base, or all but fewer than five, gave
// the same answer, or did not tick the same one.
func (c *columns) nearlyAll(counts []int32) bool {
	base := int(counts[c.based])
	for o, column := range c.options {
		n := int(counts[column])
		if !c.question.Options[o].Aside && (base-n <= small || c.question.Kind.Several() && n <= small) {
			return true
		}
	}
	return false
}
