package wire

// Cancel tells that nobody waits for the request U any more.
type Cancel struct {
	U string `json:"u" validate:"required,maxbytes=128"`
}

// DecodeCancel reads and checks a message of role "cancel". The error is an
// *Error.
func DecodeCancel(data []byte) (*Cancel, error) { return decodeChecked[Cancel](data) }

// AppendCancel appends a message of role "cancel".
func AppendCancel(dst []byte, u string) []byte {
	return append(appendString(append(dst, `{"role":"cancel","u":`...), u), '}')
}

// Auth carries a token for clients that can't set HTTP headers, such as
// browsers.
type Auth struct {
	U     string `json:"u" validate:"required,maxbytes=128"`
	Token string `json:"token" validate:"required,max=65536"`
}

// DecodeAuth reads and checks a message of role "auth". The error is an
// *Error.
func DecodeAuth(data []byte) (*Auth, error) { return decodeChecked[Auth](data) }
