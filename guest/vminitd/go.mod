module berth.dev/vminitd

go 1.26.0

require (
	github.com/aperturerobotics/protobuf-go-lite v0.14.0
	golang.org/x/net v0.60.0
	golang.org/x/sys v0.49.0
	google.golang.org/protobuf v1.36.12
)

require golang.org/x/text v0.42.0 // indirect

tool github.com/aperturerobotics/protobuf-go-lite/cmd/protoc-gen-go-lite
