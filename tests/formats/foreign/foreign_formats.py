"""Records as the Python world writes and reads them: fastavro, and Confluent's serializers.

types                                fastavro writes a value of every type
read '[{"schema": .., "hex": ..}]'   fastavro reads them
resolve '[{"writer": .., "reader": .., "hex": ..}]'
                                     fastavro reads them with a reader's schema
serialize URL TOPIC '[{"schema": .., "rows": [..]}]'
serialize-json URL TOPIC '[{"schema": .., "rows": [..]}]'
deserialize URL TOPIC '["hex", ..]'
"""

import datetime
import decimal
import io
import json
import sys
import uuid

import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

UTC = datetime.timezone.utc
UUID = "123e4567-e89b-12d3-a456-426614174000"
INNER = {
    "type": "record",
    "name": "Inner",
    "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": ["null", "string"]}],
}
MOMENT = datetime.datetime(2024, 2, 29, 23, 59, 59, 123000)
MICROS = "1709251199123000"

# (type, value, the same as JSON: whole numbers of 64 bits as text, bytes in hex)
CASES = [
    ("boolean", True, True),
    ("boolean", False, False),
    ("int", -(2**31), -(2**31)),
    ("int", 2**31 - 1, 2**31 - 1),
    ("long", -(2**63), str(-(2**63))),
    ("long", 2**63 - 1, str(2**63 - 1)),
    ("long", 9007199254740993, "9007199254740993"),
    ("float", 1.5, 1.5),
    ("double", -1e300, -1e300),
    ("bytes", b"\x00\xff", "00ff"),
    ("string", "zażółć 😀", "zażółć 😀"),
    ({"type": "fixed", "name": "F", "size": 3}, b"abc", "616263"),
    ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", "B"),
    ({"type": "array", "items": ["null", "int"]}, [1, None, -300], [1, None, -300]),
    ({"type": "array", "items": "string"}, [], []),
    ({"type": "map", "values": "long"}, {"a": 1, "b": -1}, {"a": "1", "b": "-1"}),
    (INNER, {"x": 7, "y": None}, {"x": 7, "y": None}),
    ({"type": "array", "items": INNER}, [{"x": 7, "y": "z"}], [{"x": 7, "y": "z"}]),
    (["null", "string"], None, None),
    (["string", "null"], "a", "a"),
    (["int", "string", INNER], "a", {"int": None, "string": "a", "Inner": None}),
    (
        ["null", "int", INNER],
        {"x": 1, "y": None},
        {"int": None, "Inner": {"x": 1, "y": None}},
    ),
    ({"type": "int", "logicalType": "date"}, datetime.date(1969, 12, 31), -1),
    ({"type": "int", "logicalType": "time-millis"}, datetime.time(0, 0, 1, 2000), 1002),
    ({"type": "long", "logicalType": "time-micros"}, datetime.time(0, 0, 1, 2), "1000002"),
    ({"type": "long", "logicalType": "timestamp-millis"}, MOMENT.replace(tzinfo=UTC), MICROS),
    (
        {"type": "long", "logicalType": "timestamp-micros"},
        MOMENT.replace(tzinfo=UTC, microsecond=123456),
        "1709251199123456",
    ),
    ({"type": "long", "logicalType": "local-timestamp-millis"}, MOMENT, MICROS),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, MOMENT, MICROS),
    ({"type": "string", "logicalType": "uuid"}, uuid.UUID(UUID), UUID),
]
for text in ["0.00", "1.27", "1.28", "-1.28", "-1.29", "12345678901234567890123456.78"]:
    number = decimal.Decimal(text)
    kind = {"logicalType": "decimal", "precision": 30, "scale": 2}
    CASES.append(({"type": "bytes", **kind}, number, text))
    CASES.append(({"type": "fixed", "name": "D", "size": 13, **kind}, number, text))
    kind = {"logicalType": "decimal", "precision": 18, "scale": 2}
    if len(text) < 18:
        CASES.append(({"type": "bytes", **kind}, number, text))


def types():
    return [
        {"schema": schema, "hex": write(schema, {"v": value}), "value": expected}
        for schema, value, expected in (
            ({"type": "record", "name": "R", "fields": [{"name": "v", "type": kind}]}, v, e)
            for kind, v, e in CASES
        )
    ]


def write(schema, row):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), row)
    return out.getvalue().hex()


def read(items):
    return [
        repr(
            fastavro.schemaless_reader(
                io.BytesIO(bytes.fromhex(item["hex"])), fastavro.parse_schema(item["schema"]), None
            )
        )
        for item in items
    ]


def resolve(items):
    return [
        fastavro.schemaless_reader(
            io.BytesIO(bytes.fromhex(item["hex"])),
            fastavro.parse_schema(item["writer"]),
            fastavro.parse_schema(item["reader"]),
        )
        for item in items
    ]


def serialize(make, url, topic, parts):
    client = SchemaRegistryClient({"url": url})
    context = SerializationContext(topic, MessageField.VALUE)
    values = []
    for part in parts:
        serializer = make(client, json.dumps(part["schema"]))
        values += [serializer(row, context).hex() for row in part["rows"]]
    return values


def deserialize(url, topic, values):
    deserializer = AvroDeserializer(SchemaRegistryClient({"url": url}))
    context = SerializationContext(topic, MessageField.VALUE)
    return [
        {name: str(value) for name, value in deserializer(bytes.fromhex(each), context).items()}
        for each in values
    ]


command, *args = sys.argv[1:]
if command == "types":
    result = types()
elif command == "read":
    result = read(json.loads(args[0]))
elif command == "resolve":
    result = resolve(json.loads(args[0]))
elif command == "serialize":
    result = serialize(AvroSerializer, args[0], args[1], json.loads(args[2]))
elif command == "serialize-json":
    make = lambda client, schema: JSONSerializer(schema, client)  # noqa: E731
    result = serialize(make, args[0], args[1], json.loads(args[2]))
else:
    result = deserialize(args[0], args[1], json.loads(args[2]))
print(json.dumps(result, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)))
