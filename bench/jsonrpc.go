package main

import (
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
)

var jsonRPC = contender{name: "net/rpc/jsonrpc", open: rpcOpener(serveJSONRPC, jsonrpc.NewClient)}

func serveJSONRPC(s *rpc.Server, conn io.ReadWriteCloser) {
	s.ServeCodec(jsonrpc.NewServerCodec(conn))
}
