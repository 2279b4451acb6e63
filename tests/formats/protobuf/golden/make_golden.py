"""Writes golden.json: records of golden.proto as protoc's Python classes and Confluent's serializer write them.

pip install grpcio-tools==1.85.1 'confluent-kafka[protobuf,schemaregistry]==2.16.0'
python make_golden.py && deno fmt golden.json
"""

import base64
import json
import struct
import sys
import tempfile
from pathlib import Path

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_tools import protoc

HERE = Path(__file__).parent
FILES = ["golden.proto", "common/money.proto", "common/currency.proto"]
WELL_KNOWN = str(Path(protoc.__file__).parent / "_proto")

classes = tempfile.TemporaryDirectory()
protoc.main(["", f"-I{HERE}", f"-I{WELL_KNOWN}", f"--python_out={classes.name}", *FILES])
sys.path.insert(0, classes.name)
import golden_pb2 as pb  # noqa: E402
from common import currency_pb2, money_pb2  # noqa: E402

LINE = {"sku": "żółw 😀", "counts": [0, -1, 2**62], "at": Timestamp(seconds=-1, nanos=1000)}


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def all_types():
    full = pb.All(
        i32=-(2**31), s32=2**31 - 1, sf32=-7, u32=2**32 - 1, f32=2**31,
        i64=-(2**63), s64=2**63 - 1, sf64=-9007199254740993, u64=2**64 - 1, f64=2**63,
        real=float32(0.1), number=-1e300, flag=True, text="zażółć 😀\0", data=b"\x00\xff",
        side="SELL", maybe=0, maybe_side="UNKNOWN", line=LINE,
        packed=[1, -1, 300], apart=[7, -8], tags=["", "a"], lines=[LINE, {}], sides=["BUY", "SELL"],
        totals={"": 1, "b": -(2**63)}, by_id={0: LINE, -5: {}}, by_flag={True: "BUY", False: 0},
        by_key={2**64 - 1: b"x"}, at=Timestamp(seconds=1709251199, nanos=123456000),
        times=[Timestamp(), Timestamp(seconds=-62135596800)],
        wrapped_long={"value": 2**53 + 1}, wrapped_text={"value": ""}, wrapped_flag={"value": True},
        wrapped_unsigned={"value": 2**64 - 1}, wrapped_bytes={"value": b"\x01"},
        wrapped_double={"value": 0.5}, wrapped_float={"value": 1.5}, wrapped_int={"value": -3},
        wrapped_uint={"value": 2**32 - 1}, wrapped_texts=[{}, {"value": "w"}],
        price={"units": 12, "currency": "EUR"},
    )
    low = pb.All(s32=-(2**31), sf32=-(2**31), s64=-(2**63), sf64=-(2**63), maybe=-1, maybe_side=-2)
    high = pb.All(i32=2**31 - 1, sf32=2**31 - 1, i64=2**63 - 1, sf64=2**63 - 1, u32=1, u64=1)
    late = pb.All(number_of=0, line=LINE)
    return [full, low, high, pb.All(), pb.All(name=""), late, pb.All(at={}, price={})]


def value_of(field, value):
    """As JSON: whole numbers of 64 bits as text, bytes in hex, times in microseconds."""
    if field.type == Field.TYPE_ENUM:
        return field.enum_type.values_by_number[value].name
    if field.type == Field.TYPE_MESSAGE:
        name = field.message_type.full_name
        if name == "google.protobuf.Timestamp":
            return str(value.seconds * 1_000_000 + value.nanos // 1000)
        if name.startswith("google.protobuf."):
            return value_of(field.message_type.fields_by_name["value"], value.value)
        return row_of(value)
    if field.cpp_type in (Field.CPPTYPE_INT64, Field.CPPTYPE_UINT64, Field.CPPTYPE_UINT32):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def row_of(message):
    row = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name
            pairs = [[value_of(entry["key"], k), value_of(entry["value"], value[k])] for k in value]
            row[field.name] = sorted(pairs, key=str)
        elif field.is_repeated:
            row[field.name] = [value_of(field, item) for item in value]
        elif field.has_presence and not message.HasField(field.name):
            row[field.name] = None
        else:
            row[field.name] = value_of(field, value)
    return row


def framed(messages):
    """With the header of Confluent's serializer."""
    client = SchemaRegistryClient.new_client({"url": "mock://golden"})
    context = SerializationContext("golden", MessageField.VALUE)
    return [
        {
            "message": message.DESCRIPTOR.full_name,
            "hex": ProtobufSerializer(type(message), client)(message, context).hex(),
        }
        for message in messages
    ]


def compiled(module):
    """As Confluent's serializer registers it."""
    return base64.b64encode(module.DESCRIPTOR.serialized_pb).decode()


golden = {
    "compiled": {
        "golden.proto": compiled(pb),
        "common/money.proto": compiled(money_pb2),
        "common/currency.proto": compiled(currency_pb2),
    },
    "all": [{"hex": m.SerializeToString().hex(), "row": row_of(m)} for m in all_types()],
    "framed": framed(
        [pb.All(i32=1), pb.Outer(), pb.Outer.First(x=2), pb.Outer.Second.Inner(z=True)]
    ),
}
(HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
