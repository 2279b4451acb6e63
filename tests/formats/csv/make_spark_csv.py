"""Asks Spark what is in CSV texts and prints its answers as JSON.

    python make_spark_csv.py > spark_csv.json && deno fmt spark_csv.json

It was made with pyspark 4.2.0. The test spark_csv_test.ts then holds `files` and `csv` to them. Left
out are texts that the two are meant to read otherwise, as the documentation of `csv` says: quoted
fields that are empty or `nullValue`, text behind a closing quote, CRLF in a quoted field, and numbers
that would have to be rounded.

A row is null where Spark found the record corrupt.
"""
import decimal
import json
import os
import tempfile
import time

os.environ["TZ"] = "UTC"
time.tzset()

from pyspark.sql import SparkSession  # noqa: E402

RFC = {"escape": '"', "multiLine": "true"}
BACKSLASH = {"escape": "\\", "multiLine": "true"}
TEXTS = "a string, b string"
CASES = [
    (TEXTS, RFC, text)
    for text in [
        '"x""y",1\n', '"""",1\n', '"a""",1\n', 'a"b,1\n', 'a""b,1\n', ' "a",1\n', '"a\nb",1\n',
        "\n\na,1\n\n", "a,\n,b\n,\n", "a,1", 'a,"1"', '"a,b",1\n', "\ufeffa,1\n", "a\\,b\n",
        "\t,1\n", "x,#c\n", "a,1\r\nc,2\r\n", "a\na,b\na,b,c\n", '"a,""b"",\n,c",d\n',
        "NA,1\n", "zażółć,日本\n", '"two\n\nlines", x \n',
    ]
] + [
    (TEXTS, BACKSLASH, text)
    for text in [
        '"x\\"y",1\n', '"x\\\\",1\n', '"x\\y",1\n', '"x\\\\y",1\n', '"x\\\\\\"y",1\n',
        'x\\"y,1\n', '"\\\\\\\\",1\n', '"a\\"\nb",1\n',
    ]
] + [
    (TEXTS, {"sep": ";", "quote": "'", "escape": "'", "multiLine": "true"}, "a;1\n'b;''c';2\n"),
    (TEXTS, {"sep": "\t", **RFC}, 'a\t1,5\n"b\tc"\t2\n'),
    (TEXTS, {"sep": "|", **RFC}, "a|1\n|\n"),
    (TEXTS, {"quote": "", "escape": "", "multiLine": "true"}, '"a,1\nb"c,2\n'),
    (TEXTS, {"nullValue": "NA", **RFC}, "NA,1\n,2\nNAN,na\n"),
    (TEXTS, {"header": "true", **RFC}, 'a,b\n1,2\n'),
    (TEXTS, {"header": "true", **RFC}, '"a","b"\r\n1,2\r\n'),
    ("a int, b int", RFC,
     "1,2\n+3,-4\n007,-0\n1.0,1\n 5,1\n1_0,1\n2147483647,-2147483648\n2147483648,1\n,1\n1e2,1\n"),
    ("a bigint, b bigint", RFC,
     "9223372036854775807,-9223372036854775808\n9223372036854775808,1\n9007199254740993,0\n"),
    ("a smallint, b tinyint", RFC, "32767,-128\n32768,1\n1,128\n"),
    ("a double, b float", RFC,
     "1,1\n1.5,1e3\n.5,5.\n-0,+1\n0.1,0.1\nInfinity,NaN\nInf,-Inf\n1e-400,1\n1_0,1\nx,1\n"),
    ("a decimal(9,2), b decimal(38,10)", RFC,
     "1.5,1\n1e2,12345678901234567890.123456789\n+1.5,-0.0000000001\n.5,5.\n 1,1\n"
     "123456789.12,1\n,1\n"),
    ("a boolean, b boolean", RFC, "true,FALSE\nTrue,t\nyes,true\n1,true\n,false\n"),
    ("a date, b string", RFC, "2024-02-29,x\n0001-01-01,x\n9999-12-31,x\n,x\n"),
    ("a timestamp, b timestamp_ntz", RFC,
     "2024-02-29T01:02:03,2024-02-29T01:02:03\n"
     "2024-02-29 01:02:03.123456,2024-02-29 01:02:03.1\n"
     "2024-02-29T01:02:03Z,\n2024-02-29T01:02:03+02:00,\n,2024-02-29T01:02:03\n"),
]


def answer(spark, folder, schema, options, text):
    path = os.path.join(folder, "case.csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    rows = spark.read.schema(f"{schema}, corrupt string").options(**options) \
        .option("columnNameOfCorruptRecord", "corrupt").csv(path).collect()
    values = [None if row.corrupt is not None else [shown(row.a), shown(row.b)] for row in rows]
    return {"schema": schema, "options": options, "text": text, "rows": values}


def shown(value):
    if isinstance(value, decimal.Decimal):
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return None if value is None else repr(value) if isinstance(value, float) else str(value)


spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    .getOrCreate()
)
with tempfile.TemporaryDirectory() as folder:
    answers = [answer(spark, folder, *case) for case in CASES]
print(json.dumps(answers, ensure_ascii=False, indent=2))
