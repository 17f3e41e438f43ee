package rtc

import (
	"github.com/livekit/protocol/livekit/logger"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Redacted returns a copy of a message for printing. It removes what the protocol's annotations
// mark as secret, such as tokens and TURN credentials.
func Redacted(m proto.Message) proto.Message {
	c := proto.Clone(m)
	redact(c.ProtoReflect())
	return c
}

func redact(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case secret(f) && f.Kind() == protoreflect.StringKind && !f.IsList():
			m.Set(f, protoreflect.ValueOfString("<secret>"))
		case secret(f):
			m.Clear(f)
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
					redact(v.Message())
					return true
				})
			}
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				redact(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			redact(v.Message())
		}
		return true
	})
}

func secret(f protoreflect.FieldDescriptor) bool {
	level, _ := proto.GetExtension(f.Options(), logger.E_Sensitivity).(logger.Sensitivity)
	return level == logger.Sensitivity_SENSITIVITY_SECRET
}
