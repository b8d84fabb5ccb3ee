package wire

import "github.com/mpreg/mpreg/codec"

// levelForm is a Level as it stands in a frame: each result is the bytes of a
// value, in whatever codec it has.
type levelForm struct {
	RequestID       string            `json:"request_id"`
	Index           int               `json:"level_index"`
	Results         map[string][]byte `json:"level_results"`
	TotalLevels     int               `json:"total_levels"`
	CompletedLevels int               `json:"completed_levels"`
	Timestamp       float64           `json:"timestamp"`
	ExecutionTimeMS float64           `json:"execution_time_ms"`
}

// newLevelForm returns the form of a level, less its accumulated results.
func newLevelForm(l *Level) (*levelForm, error) {
	form := &levelForm{
		RequestID: l.RequestID, Index: l.Index, Results: make(map[string][]byte, len(l.Results)),
		TotalLevels: l.TotalLevels, CompletedLevels: l.CompletedLevels,
		Timestamp: l.Timestamp, ExecutionTimeMS: l.ExecutionTimeMS,
	}
	for name, v := range l.Results {
		var f Frame
		if err := f.value(reported(v)); err != nil {
			return nil, err
		}
		encoded := make([]byte, 0, f.Size())
		for _, part := range f.Parts(nil) {
			encoded = append(encoded, part...)
		}
		form.Results[name] = encoded
	}
	return form, nil
}

// level is the opposite of newLevelForm. What is wrong is d's to tell.
func (form *levelForm) level(d *frameReader) Level {
	l := Level{
		RequestID: form.RequestID, Index: form.Index, Results: make(Results, len(form.Results)),
		TotalLevels: form.TotalLevels, CompletedLevels: form.CompletedLevels,
		Timestamp: form.Timestamp, ExecutionTimeMS: form.ExecutionTimeMS,
	}
	for name, data := range form.Results {
		l.Results[name] = form.value(d, data)
	}
	return l
}

func (form *levelForm) value(d *frameReader, data []byte) codec.Value {
	const field = "level_results"
	in := frameReader{kind: d.kind, rest: data, codecs: d.codecs}
	v := in.value(field)
	if in.end(); in.err != nil {
		d.refuse(in.err)
	}
	return v
}
