package results

import "slices"

// growth is how many are in the base of each question, by what they said to a
// dimension (0 for nothing) and by edition.
type growth struct {
	editions int
	isPart   []bool  // by value
	bases    [][]int // by value; then by question and edition
}

// grown counts those whom a division divides.
func (g *grouping) grown(d *division) growth {
	cube := g.bases
	out := growth{editions: len(g.editions), bases: make([][]int, len(d.parts)+1)}
	for value := range out.bases {
		out.isPart = append(out.isPart, value > 0 && d.parts[value-1] != nil)
		out.bases[value] = make([]int, len(cube.columns)*out.editions)
	}
	for i := range cube.entries {
		if who := &cube.entries[i]; who.meets(d.conditions) {
			to := out.bases[who.said[d.dim]]
			cube.counts[i].each(func(q, n int) { to[q*out.editions+who.edition] += n })
		}
	}
	for _, counts := range out.bases {
		for at := range counts {
			if at%out.editions > 0 {
				counts[at] += counts[at-1]
			}
		}
	}
	return out
}

// fine tells whether the answers to a question may be given of the rest. In
// each edition before, what was shown of all and of some rows told what was
// left of them; and of each row it may be known how it stood in any edition in
// which it was shown. By how many people the rest has grown since then, in
// whichever way that is worked out, has to be nobody or as many as the
// threshold. all and rows tell in which editions they were shown.
func (n growth) fine(question int, all []bool, rows [][][]bool, threshold int) bool {
	newest := n.editions - 1
	for e := range newest {
		if !all[e] {
			continue
		}
		sums := []int{0} // by how many it may be found to have grown
		for value, bases := range n.bases {
			bases = bases[question*n.editions : (question+1)*n.editions]
			var ways []int
			isRest := value == 0 || !n.isPart[value]
			wasShown := value > 0 && rows[value-1][question][e]
			for f := range n.editions {
				// A row of the rest may be known as it was in any edition, and
				// is now part of it; what was left then may now be a row.
				switch {
				case isRest && wasShown && rows[value-1][question][f]:
					ways = append(ways, bases[newest]-bases[f])
				case !isRest && !wasShown && rows[value-1][question][f]:
					ways = append(ways, bases[f]-bases[e])
				}
			}
			switch {
			case isRest && !wasShown:
				ways = []int{bases[newest] - bases[e]}
			case !isRest && wasShown:
				continue // by how many it has grown is known by itself
			case !isRest && bases[e] == 0:
				ways = append(ways, 0) // nobody was, and who knows that needs no figure
			}
			sums = sumsOf(sums, ways, threshold)
		}
		for _, people := range sums {
			if !fine(max(people, -people), threshold) {
				return false
			}
		}
	}
	return true
}

// sumsOf adds one of the ways to each of the sums, up to a limit.
func sumsOf(sums, ways []int, limit int) []int {
	var out []int
	for _, sum := range sums {
		for _, way := range ways {
			if more := max(-limit, min(sum+way, limit)); !slices.Contains(out, more) {
				out = append(out, more)
			}
		}
	}
	return out
}

// remainder are those whom a division leaves together.
type remainder struct {
	*grouping
	of      *division
	joined  joining
	said    [][]bool // by question; what those in the base said to the dimension
	implied [][]cell // by question: what else all in the base have said
	taken   map[string]*census
}

func (g *grouping) restOf(d *division) *remainder {
	r := &remainder{grouping: g, of: d, taken: map[string]*census{}}
	options := len(g.rows.dims[d.dim].options)
	r.joined = joining{cell{d.dim, options}, make([]bool, options+1)}
	for value := range r.joined.values {
		r.joined.values[value] = value == 0 || d.parts[value-1] == nil
	}
	cube := g.bases
	r.said, r.implied = make([][]bool, len(cube.columns)), make([][]cell, len(cube.columns))
	said := make([][]bool, len(g.rows.dims)) // by dimension; by question and value
	for dim := range said {
		said[dim] = make([]bool, len(cube.columns)*(len(g.rows.dims[dim].options)+1))
	}
	for i := range cube.entries {
		who := &cube.entries[i]
		if !who.meets(d.conditions) || !r.joined.values[who.said[d.dim]] {
			continue
		}
		cube.counts[i].each(func(q, n int) {
			for dim := range said {
				if n > 0 {
					said[dim][q*(len(g.rows.dims[dim].options)+1)+int(who.said[dim])] = true
				}
			}
		})
	}
	for q := range cube.columns {
		for dim := range said {
			values := len(g.rows.dims[dim].options) + 1
			theirs := said[dim][q*values : (q+1)*values]
			if dim == d.dim {
				r.said[q] = theirs
			} else if only := onlyOne(theirs); only > 0 && dimsOf(d.conditions)>>dim&1 == 0 {
				r.implied[q] = append(r.implied[q], cell{dim, only - 1})
			}
		}
	}
	return r
}

// onlyOne is the value that alone was said, 0 for none.
func onlyOne(said []bool) int {
	only, count := 0, 0
	for value, was := range said {
		if was {
			only = value
			count++
		}
	}
	if count != 1 {
		return 0
	}
	return only
}

// allowed tells whether the tables might show the figures of a question of the
// remainder, in the newest edition, if what they have not in common were one
// option; and under its own name, if they are those who gave a single one.
func (r *remainder) allowed(question, threshold int) bool {
	newest := len(r.editions) - 1
	conditions := r.of.conditions
	for _, c := range r.implied[question] {
		conditions = with(conditions, c)
	}
	if only := onlyOne(r.said[question]); only > 0 && !r.allowedFor(with(conditions, cell{r.of.dim, only - 1}))[question][newest] {
		return false
	}
	conditions = with(conditions, r.joined.cell)
	key := keyOf(conditions)
	census := r.taken[key]
	if census == nil {
		census = r.bases.takeCensus(conditions, len(r.editions), r.joined)
		r.taken[key] = census
	}
	return census.allowed(r.Published.rules, question, threshold)[newest]
}
