package rtc

import (
	"fmt"

	"github.com/hawser-ws/websocket"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A signal is one WebSocket message: a SignalRequest from the client, a SignalResponse from the
// server. Each is a oneof, whose field names the signal. Binary messages are protobuf. Text
// messages are its JSON form, which the server uses once the client has.

// decode reads one message into m.
func decode(typ websocket.MessageType, p []byte, m proto.Message) error {
	if typ == websocket.MessageText {
		return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(p, m)
	}
	return proto.Unmarshal(p, m)
}

// Name returns the name of the signal in a SignalRequest or SignalResponse as the protocol
// writes it, such as "ping_req". A signal unknown to this version of the protocol is named by
// its field number.
func Name(m proto.Message) string {
	if f, ok := chosen(m.ProtoReflect()); ok {
		return string(f.Name())
	}
	if number, _, n := protowire.ConsumeTag(m.ProtoReflect().GetUnknown()); n > 0 {
		return fmt.Sprintf("field %d", number)
	}
	return "nothing"
}

// chosen returns the field of the oneof that is set.
func chosen(m protoreflect.Message) (protoreflect.FieldDescriptor, bool) {
	f := m.WhichOneof(m.Descriptor().Oneofs().ByName("message"))
	return f, f != nil
}

// Content returns the content of a SignalRequest or SignalResponse: a [proto.Message]; a string
// or int64 for signals without a message type; or nil for an unknown signal.
func Content(m proto.Message) any {
	f, ok := chosen(m.ProtoReflect())
	if !ok {
		return nil
	}
	v := m.ProtoReflect().Get(f)
	if f.Message() != nil {
		return v.Message().Interface()
	}
	return v.Interface()
}
