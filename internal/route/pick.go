package route

import "math/rand/v2"

// explore is one in how many calls goes to the slower of two: what it has become
// since is found out by nothing else.
const explore = 32

// pick chooses among n equals, and this node's place if it is another. One random
// number is enough for all. It returns the load there too.
func (t *Table[R]) pick(local *Place[R], c *candidates[R], n int) (*Place[R], load) {
	dice := rand.Uint64()
	if local != nil {
		// This node is one of the two in every draw: it is the one that costs no hop.
		i, _ := two(dice, n)
		p := c.at(i)
		here, there := t.loadHere(local), t.loadOf(p)
		if there.lighter(here) && (dice%explore > 0 || here.ns >= lastResort) {
			return p, there
		}
		return local, here
	}
	if n == 1 {
		p := c.at(0)
		return p, t.loadOf(p)
	}
	i, j := two(dice, n)
	p, o := c.at(i), c.at(j)
	x, y := t.loadOf(p), t.loadOf(o)
	if y.lighter(x) {
		p, o, x, y = o, p, y, x
	}
	if dice%explore == 0 && y.ns < unproven && x.lighter(y) {
		p, x = o, y
	}
	return p, x
}

// two picks two different places at random out of n, the lesser load of which is
// chosen then: of all ways to balance that know little, the one that avoids herds
// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). Of
// one, both are that. Each half of dice makes one choice; its lowest bits matter
// little to either.
func two(dice uint64, n int) (int, int) {
	a := int(dice & (1<<32 - 1) * uint64(n) >> 32)
	b := int(dice >> 32 * uint64(max(n-1, 1)) >> 32)
	if b >= a && n > 1 {
		b++
	}
	return a, b
}
