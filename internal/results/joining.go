package results

// joining makes several options of a dimension, or nothing said, one option
// that the dimension does not have: its cell.
type joining struct {
	cell
	values []bool // said by those who are joined
}

// nobodyJoined leaves the options as they are.
var nobodyJoined = joining{cell: cell{dim: -1}}

// value is how a value of a dimension is counted.
func (j *joining) value(dim, value int) int {
	if dim == j.dim && j.values[value] {
		return j.option + 1
	}
	return value
}

// each calls visit with the combination: once, or for each of the options that
// are joined if it names the joined one.
func (j *joining) each(who combination, visit func(combination)) {
	if j.dim < 0 || int(who.said[j.dim]) != j.option+1 {
		visit(who)
		return
	}
	for value, isJoined := range j.values {
		if isJoined {
			who.said[j.dim] = uint8(value) //nolint:gosec // dimensions have fewer than 255 options
			visit(who)
		}
	}
}
