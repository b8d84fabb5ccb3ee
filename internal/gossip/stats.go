package gossip

// Stats counts. Those in the first group say how it is now, the others only grow.
type Stats struct {
	Members    int // all records, the node's own and tombstones among them
	Live       int // alive or suspect, the node itself among them
	Suspects   int
	Tombstones int
	Links      int
	Early      int // reports about nodes or stamps that are not known yet
	Pulling    int // bodies that are missing

	Refutations   uint64 // how often the node contradicted what was said of it
	Deaths        uint64 // how often it held another for dead, on its own evidence or others'
	Repairs       uint64 // comparisons of views that it began
	Pulls         uint64 // bodies that it asked for
	Bodies        uint64 // bodies that came
	UselessBodies uint64 // bodies that came and were not newer
	DeltaUpdates  uint64 // changes of bodies that came as such
	LateTicks     uint64 // ticks that came so late that the node mistrusted its own clock
	Limited       uint64 // comparisons that were not answered because too many were asked for
	Ignored       uint64 // records and reports that found no room
}

// Stats returns the counts.
func (m *Machine) Stats() Stats {
	s := m.stats
	s.Members, s.Live, s.Links = len(m.view.sorted), m.view.live, len(m.links.sorted)
	s.Tombstones = s.Members - s.Live
	for _, e := range m.early {
		s.Early += len(e.reports)
	}
	for _, r := range m.view.sorted {
		if r.live() && r.suspicion != nil {
			s.Suspects++
		}
		if r.pull.state != pullNone {
			s.Pulling++
		}
	}
	return s
}
